"""What losses of a batch of embeddings share: rows, their lengths, and the temperature."""

from torch import Tensor

from lossedu.arguments.checks import check_floating
from lossedu.arguments.reduction import accumulation_dtype, hide_masked
from lossedu.losses._distances import unit
from lossedu.losses._spec import Parameter


def check_rows(name: str, embeddings: Tensor) -> None:
    """Refuse what is no floating-point matrix."""
    check_floating(name, embeddings)
    if embeddings.ndim != 2:
        raise ValueError(
            f"{name} must have the shape (n, d) of one embedding a row, "
            f"but has shape {tuple(embeddings.shape)}."
        )


def embedded(name: str, embeddings: Tensor, mask: Tensor | None, normalize: bool) -> Tensor:
    """Rows with 0 where hidden, in the dtype of the loss; of length 1 if asked for."""
    check_floating(name, embeddings)
    rows = hide_masked(embeddings, mask).to(accumulation_dtype(embeddings))
    return unit(rows) if normalize else rows


TEMPERATURE = Parameter(
    name="temperature",
    low=0.0,
    high=float("inf"),
    at_low="only the hardest negative counts",
    at_high="all negatives count alike",
    binds={"temperature": "temperature"},
    off={"temperature": "1"},
    samples=(0.07, 0.5, 1.0),
)
