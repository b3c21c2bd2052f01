"""From one value an example to what the caller asked for: weight, mask, reduce.

The one trap: a masked entry may hold NaN, and ``0 * NaN`` is NaN in the gradient as well.  So
`hide_masked` replaces what the mask hides *before* the loss is computed, and `reduced` drops it
again afterwards.
"""

import math
from collections.abc import Callable
from typing import Literal, get_args

import torch
from torch import Tensor

from lossedu.arguments.checks import (
    can_look,
    check_choice,
    check_not_negative,
    check_shape,
)

Reduction = Literal["mean", "sum", "none"]
_FEW = 2**13  # entries, for which one call costs more than one pass
_REDUCTIONS = get_args(Reduction)


WIDE = frozenset({torch.float32, torch.float64})


def accumulation_dtype(tensor: Tensor) -> torch.dtype:
    """float32 for half precision, else the tensor's own: the dtype in which losses are computed."""
    return torch.promote_types(tensor.dtype, torch.float32)


def check_mask(mask: Tensor | None, batch_shape: torch.Size) -> None:
    """Refuse a mask that is not boolean or not of the shape of one value an example."""
    if mask is None:
        return
    check_shape("mask", mask, batch_shape, "one entry an example")
    if mask.dtype != torch.bool:
        raise TypeError(
            f"mask must be a boolean tensor, but has dtype {mask.dtype}. "
            "Hint: True marks the entries that count."
        )


def hide_masked(tensor: Tensor, mask: Tensor | None) -> Tensor:
    """Put 0 where the mask hides an entry (or a whole row, if there is a class axis)."""
    if mask is None:
        return tensor
    shown = mask if mask.ndim == tensor.ndim else mask.unsqueeze(-1)
    return torch.where(shown, tensor, torch.zeros((), dtype=tensor.dtype, device=tensor.device))


def nan_in_slopes(values: Tensor) -> Tensor:
    """The same values; one that is NaN passes NaN back, where a kink would have passed a number."""
    if not values.requires_grad or (
        can_look(values) and not math.isnan(values.detach().sum().item())
    ):
        return values
    return values * torch.where(values.isnan(), values.detach(), torch.ones_like(values))


def _mean(values: Tensor) -> Tensor:
    # The slope of torch's mean is written once an entry; that of a sum is one number for all.
    if 0 < values.numel() <= _FEW:
        return values.mean()
    return values.sum() / max(values.numel(), 1)


def zero_or_nan(tensor: Tensor) -> Tensor:
    """A scalar: 0, or NaN if an entry is not finite; and so is its slope in every entry."""
    return (tensor * (tensor.detach() * 0).sum()).sum()


def by_kernel(
    kernel: Callable[..., Tensor],
    predictions: Tensor,
    targets: Tensor,
    weight: Tensor | None,
    mask: Tensor | None,
    reduction: Reduction,
) -> Tensor:
    """What `reduced` gives of a kernel of torch, which reduces by itself where nothing is weighed.

    Args:
        kernel: Of predictions and targets, with an option ``reduction`` that has the same words.
        predictions: What is compared, with 0 where hidden.
        targets: The same shape.
        weight: How much each entry counts.
        mask: Which entries count.
        reduction: What is asked for.
    """
    check_choice("reduction", reduction, _REDUCTIONS)
    if weight is None and mask is None and predictions.numel():
        return kernel(predictions, targets, reduction=reduction)
    return reduced(kernel(predictions, targets, reduction="none"), weight, mask, reduction)


def reduced(
    values: Tensor,
    weight: Tensor | None,
    mask: Tensor | None,
    reduction: Reduction,
    size: Tensor | None = None,
) -> Tensor:
    """Weight, mask and reduce one value an example.

    ``"mean"`` divides by the total weight of the entries that count; if that is 0 the mean is 0,
    with zero gradient.

    Args:
        values: One value an example.
        weight: How much each counts.
        mask: Which count.
        reduction: What is asked for.
        size: What each counts for in the divisor besides, where its value is in proportion to it.
    """
    check_choice("reduction", reduction, _REDUCTIONS)
    alike = weight is None and mask is None and size is None
    if alike and reduction != "none" and can_look(values):
        total = _mean(values) if reduction == "mean" else values.sum()
        if not (values.requires_grad and math.isnan(total.item())):
            return total
    if weight is not None:
        check_shape("weight", weight, values.shape, "one number an example")
        weight = hide_masked(weight.to(values.dtype), mask)
        check_not_negative("weight", weight)
        values = values * weight
    values = nan_in_slopes(hide_masked(values, mask))
    if reduction == "none":
        return values
    if reduction == "sum":
        return values.sum()
    if size is not None:
        weight = hide_masked(size, mask) if weight is None else weight * size
    if weight is not None:
        total = weight.sum()
    elif mask is not None:
        total = mask.sum().to(values.dtype)
    else:
        return _mean(values)
    return values.sum() / torch.where(total == 0, torch.inf, total)
