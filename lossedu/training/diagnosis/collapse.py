"""Models that give everything the same answer, and processes that no longer agree."""

import numpy as np
from numpy.typing import NDArray

from lossedu.training.diagnosis.finding import Diagnosis
from lossedu.training.diagnosis.generalisation import last_step_of
from lossedu.training.diagnosis.inputs import inputs_of
from lossedu.training.diagnosis.robust import Series, first_run, series
from lossedu.training.history import History

# A class of which less than 2 % is found is not found; a class that gets 95 % of its own while no
# other is found gets nearly everything.
NEVER, ALWAYS = 0.02, 0.95
# The first epochs of an imbalanced run look the same; the last third should not.
LAST_SHARE, FEWEST_EPOCHS = 1 / 3, 3
# Spread is 1 for directions that point everywhere.  Trained classes keep at least a few directions
# apart, 1 - 1/C of the spread or so; a twentieth is less than two classes leave.
COLLAPSED = 0.05


def find_majority_collapse(history: History) -> Diagnosis | None:
    """A classifier that names one class only."""
    prefix = "class_recall_"
    names = [name for name in history.epochs if name.startswith(prefix)]
    recalls = np.array([series(history.epochs, name) for name in names])
    classifies = len(names) > 1 and inputs_of(history) != "embedding"
    if not classifies or recalls.shape[1] < FEWEST_EPOCHS:
        return None
    collapsed = np.array([_one_for_all(column) for column in recalls.T])
    late = max(FEWEST_EPOCHS, int(np.ceil(LAST_SHARE * len(collapsed))))
    if not collapsed[-late:].all():
        return None
    top = int(np.nanargmax(recalls[:, -1]))
    others = np.delete(recalls[:, -1], top)
    since = _since(collapsed)
    epoch = int(series(history.epochs, "epoch")[since])
    return Diagnosis(
        name="majority-class collapse",
        severity="critical",
        evidence=(
            f"Since epoch {epoch} the model finds {recalls[top, -1]:.0%} of class"
            f" {names[top].removeprefix(prefix)} and at most {np.nanmax(others):.1%} of any other"
            f" ({len(others)})."
        ),
        first_step=last_step_of(history, epoch),
        remedy=(
            "Look at ranking metrics before you act: the threshold may be all that is wrong."
            " Otherwise train longer, draw or weigh the classes in balance, or use a focal loss;"
            " recalibrate afterwards."
        ),
        chapter="classification/imbalance",
    )


def find_embedding_collapse(history: History) -> Diagnosis | None:
    """Embeddings that all point the same way."""
    spread = series(history.epochs, "embedding_spread")
    known = np.isfinite(spread)
    if not known.any() or not _embeds(history) or spread[known][-1] > COLLAPSED:
        return None
    narrow = known & (spread <= COLLAPSED)
    since = _since(narrow | ~known)
    epoch = int(series(history.epochs, "epoch")[since])
    return Diagnosis(
        name="embedding collapse",
        severity="critical",
        evidence=(
            f"Since epoch {epoch} the embeddings spread over {spread[known][-1]:.1%} of what"
            f" directions can; it was {spread[known].max():.1%} at most."
        ),
        first_step=last_step_of(history, epoch),
        remedy=(
            "Use negatives: mine semi-hard ones instead of the hardest, or contrast with the whole"
            " batch; normalise the embeddings; lower the learning rate."
        ),
        chapter="similarity/pairs-and-triplets",
    )


def find_worker_divergence(history: History) -> Diagnosis | None:
    """Processes whose parameters have come apart."""
    event = next((e for e in history.events if e.get("kind") == "divergence"), None)
    if event is None:
        return None
    rest = ", ".join(f"{k} {v}" for k, v in event.items() if k not in ("kind", "step"))
    return Diagnosis(
        name="worker divergence",
        severity="critical",
        evidence=f"At step {event['step']} the processes hold different models ({rest}).",
        first_step=int(event["step"]),
        remedy=(
            "Look for parameters changed outside the optimizer, gradients that skip the exchange,"
            " seeds that differ where they must not, and operations without a fixed order. Restart"
            " from a checkpoint before this step."
        ),
        chapter="beyond/many-machines",
    )


def _embeds(history: History) -> bool:
    """Whether outputs are embeddings; of a loss of one's own, whether they are no class scores."""
    inputs = inputs_of(history)
    scored = any(name.startswith("class_recall_") for name in history.epochs)
    return inputs == "embedding" or (inputs is None and not scored)


def _one_for_all(recalls: Series) -> bool:
    """Whether one class is always found and no other ever; NaN for classes without examples."""
    found = np.sort(recalls[np.isfinite(recalls)])
    return len(found) > 1 and bool(found[-1] >= ALWAYS and found[-2] <= NEVER)


def _since(flags: NDArray[np.bool_]) -> int:
    """Where the last unbroken stretch of True values begins."""
    length = first_run(~flags[::-1], 1)
    return 0 if length is None else len(flags) - length
