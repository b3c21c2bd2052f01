"""Cross-entropy of rows over classes, by whichever algorithm fits.

A plain formula serves what asks for more than a gradient in reverse, and options that learn.
"""

from functools import partial

import torch
from torch import Tensor

from lossedu.arguments.checks import Number, can_look, is_known_as
from lossedu.arguments.reduction import accumulation_dtype, hide_masked
from lossedu.losses._classes import gaps_and_rest
from lossedu.losses._fast import row_slopes
from lossedu.losses._fast.closed_form import is_compiled
from lossedu.losses._fast.row_blocks import cross_entropy_fused, cross_entropy_in_blocks, pays


def total_of_classes(
    logits: Tensor, targets: Tensor, ignore_index: int, *, mean: bool
) -> Tensor | None:
    """The mean or the sum of all rows in one go; None where that is not for the fast path.

    It leaves to others what is not one class number a row that counts, and the words for it.
    """
    if not (isinstance(logits, Tensor) and isinstance(targets, Tensor)):
        return None
    if targets.dtype is not torch.int64 or logits.ndim != 2 or targets.shape != logits.shape[:1]:
        return None
    if 0 <= ignore_index < logits.shape[1] or not can_look(logits):
        return None
    plain = partial(_total_of_classes, targets=targets, mean=mean)
    return row_slopes.total_of_classes(logits, targets, mean, plain)


def _total_of_classes(logits: Tensor, targets: Tensor, *, mean: bool) -> Tensor:
    values = _from_classes(logits, targets, None, 0.0)
    return values.mean() if mean else values.sum()


def surprise_of_classes(
    logits: Tensor,
    targets: Tensor,
    mask: Tensor | None,
    smoothing: Number,
    class_weights: Tensor | None = None,
) -> Tensor:
    """One value a row, from class numbers; hidden rows may hold anything."""
    if class_weights is not None:
        return _weighted(logits, targets, mask, smoothing, class_weights)
    plain = partial(_from_classes, targets=targets, mask=mask, smoothing=smoothing)
    if isinstance(smoothing, Tensor):  # which may want a gradient
        return plain(logits)
    if is_compiled():
        return cross_entropy_fused(logits, targets, mask, smoothing)
    if mask is None and row_slopes.pays(logits):
        return row_slopes.of_classes(logits, targets, smoothing, plain)
    if pays(logits):
        return cross_entropy_in_blocks(logits, targets, mask, smoothing, plain)
    return plain(logits)


def _weighted(
    logits: Tensor,
    targets: Tensor,
    mask: Tensor | None,
    smoothing: Number,
    class_weights: Tensor,
) -> Tensor:
    if is_known_as(smoothing, 0):
        surprise = surprise_of_classes(logits, targets, mask, 0.0)
        return _charged(class_weights[targets], surprise)
    classes = torch.arange(logits.shape[-1], device=logits.device)
    shares = (targets.unsqueeze(-1) == classes).to(class_weights.dtype)
    return surprise_of_shares(logits, shares, mask, smoothing, class_weights)


def _charged(weights: Tensor, surprise: Tensor) -> Tensor:
    """Weighted surprise; what weighs nothing costs nothing, not 0 * inf.

    The slope in a weight of 0 is its surprise, like any other's.
    """
    free = (weights == 0) & (surprise == torch.inf)
    return weights * torch.where(free, torch.zeros_like(surprise), surprise)


def _from_classes(
    logits: Tensor, targets: Tensor, mask: Tensor | None, smoothing: Number
) -> Tensor:
    gaps, rest = _hidden_gaps_and_rest(logits, mask)
    gap = gaps.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    return _smoothed(gap + rest, gaps, rest, smoothing)


def _of_shares(logits: Tensor, shares: Tensor, mask: Tensor | None, smoothing: Number) -> Tensor:
    gaps, rest = _hidden_gaps_and_rest(logits, mask)
    values = _charged(shares, gaps + rest.unsqueeze(-1)).sum(-1)
    return _smoothed(values, gaps, rest, smoothing)


def _hidden_gaps_and_rest(logits: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    return gaps_and_rest(hide_masked(logits, mask).to(accumulation_dtype(logits)))


def _smoothed(values: Tensor, gaps: Tensor, rest: Tensor, smoothing: Number) -> Tensor:
    if is_known_as(smoothing, 0):
        return values
    return (1 - smoothing) * values + smoothing * (gaps.mean(-1) + rest)


def surprise_of_shares(
    logits: Tensor,
    shares: Tensor,
    mask: Tensor | None,
    smoothing: Number,
    class_weights: Tensor | None = None,
) -> Tensor:
    """One value a row, from a share for each class in the dtype of the loss."""
    if class_weights is not None:  # what a weighted class costs is what a larger share of it costs
        shares = (1 - smoothing) * shares + smoothing / logits.shape[-1]
        return _of_shares(logits, class_weights * shares, mask, 0.0)
    plain = partial(_of_shares, shares=shares, mask=mask, smoothing=smoothing)
    rests = mask is None and not shares.requires_grad and is_known_as(smoothing, 0)
    if rests and row_slopes.pays(logits):
        return row_slopes.of_shares(logits, shares, plain)
    return plain(logits)
