"""The opening of every loss that compares a prediction with a target, entry by entry."""

from torch import Tensor

from lossedu.arguments.checks import check_floating, check_same_shape
from lossedu.arguments.reduction import WIDE, accumulation_dtype, check_mask, hide_masked


def paired(
    predictions: Tensor, targets: Tensor, mask: Tensor | None, name: str = "predictions"
) -> tuple[Tensor, Tensor]:
    """Check both and the mask; return both with 0 where hidden, in the dtype of the loss."""
    check_floating(name, predictions)
    check_same_shape("targets", targets, name, predictions)
    if mask is None and predictions.dtype is targets.dtype and predictions.dtype in WIDE:
        return predictions, targets
    check_mask(mask, predictions.shape)
    dtype = accumulation_dtype(predictions)
    return hide_masked(predictions, mask).to(dtype), hide_masked(targets, mask).to(dtype)
