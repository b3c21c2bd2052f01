"""What losses of lists share: items on the last axis, each with a score, a relevance, a mask."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lossedu.arguments.checks import check_floating, check_no_nan, check_same_shape, check_shape
from lossedu.arguments.reduction import accumulation_dtype, hide_masked


@dataclass(frozen=True)
class Lists:
    """Lists of items as one matrix: a row a list.

    Attributes:
        scores: Shape ``(lists, n)``, 0 where padded.
        relevance: The same shape; float64 keeps every grade that an integer type can hold.
        shown: The same shape, False where padded.
        batch: The shape that one value a list is to have.
    """

    scores: Tensor
    relevance: Tensor
    shown: Tensor
    batch: torch.Size

    def back(self, values: Tensor) -> Tensor:
        """One value a list, in the caller's shape."""
        return values.reshape(self.batch)


def as_lists(scores: Tensor, relevance: Tensor, mask: Tensor | None) -> Lists:
    """Check the arguments of a list loss; hide padding; fold leading dimensions into one."""
    check_lists(scores, relevance, mask)
    shown = torch.ones_like(scores, dtype=torch.bool) if mask is None else mask
    grades = hide_masked(relevance, mask).to(torch.float64)
    check_no_nan("relevance", grades)
    hidden = hide_masked(scores, mask).to(accumulation_dtype(scores))
    n = scores.shape[-1]
    lists = scores.shape[:-1].numel()
    shape = (lists, n)
    return Lists(
        hidden.reshape(shape), grades.reshape(shape), shown.reshape(shape), scores.shape[:-1]
    )


def check_lists(scores: Tensor, relevance: Tensor, mask: Tensor | None) -> None:
    """Refuse what is not a score, a relevance and an answer for each item of a list."""
    check_floating("scores", scores)
    check_same_shape("relevance", relevance, "scores", scores)
    if scores.ndim == 0:
        raise ValueError("scores must have a last axis of items, but has shape ().")
    if mask is not None:
        check_shape("mask", mask, scores.shape, "one entry an item")
        if mask.dtype != torch.bool:
            raise TypeError(
                f"mask must be a boolean tensor, but has dtype {mask.dtype}. "
                "Hint: True marks the items that count."
            )
