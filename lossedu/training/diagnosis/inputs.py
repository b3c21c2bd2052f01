"""What a run's model gives to its loss, as far as the loss's name tells."""

from lossedu import catalog
from lossedu.training.history import History

# It has no spec, since it has no formula for a single example.
_WITHOUT_SPEC = {"batch_triplet_loss": "embedding"}

# Their values come from what they were mined from or paid, and do not fall as the model improves.
_WITHOUT_LEVEL = ("batch_triplet_loss", "policy_gradient_loss", "lambdarank_loss")


def loss_name(history: History) -> str:
    """The name of the loss, without its settings."""
    return str(history.settings.get("loss", "")).partition("(")[0]


def tells_progress(history: History) -> bool:
    """Whether a better model has a lower loss."""
    return loss_name(history) not in _WITHOUT_LEVEL


def inputs_of(history: History) -> str | None:
    """``"value"``, ``"logit"``, ``"score"`` or ``"embedding"``; None for a loss of one's own."""
    name = loss_name(history)
    for spec in catalog.specs_of(name):
        return spec.inputs
    return _WITHOUT_SPEC.get(name)
