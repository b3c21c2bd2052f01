"""What graded relevance is worth, and what a rank leaves of it: the two factors of DCG."""

from typing import Literal, get_args

import torch
from torch import Tensor

from lossedu.arguments.checks import check_choice, check_values

Gain = Literal["exponential", "linear"]
Ties = Literal["stable", "average"]


def gains(relevance: Tensor, shown: Tensor, gain: Gain) -> tuple[Tensor, Tensor]:
    """Gains over the power of two that keeps them finite, shape of the relevance; and that power.

    ``2^r - 1`` overflows at r = 1024, so both terms are divided by 2 to the largest r of the list.
    """
    check_choice("gain", gain, get_args(Gain))
    seen = torch.where(shown, relevance, torch.zeros_like(relevance))
    largest_grade = torch.finfo(seen.dtype).max
    check_values("relevance", seen, low=0, high=largest_grade, rule="be finite and not negative")
    if gain == "linear":
        return seen, torch.zeros_like(seen[..., :1])
    largest = (
        seen.amax(-1, keepdim=True) if seen.shape[-1] else seen.new_zeros((*seen.shape[:-1], 1))
    )
    scaled = torch.exp2(seen - largest) - torch.exp2(-largest)
    return torch.where(shown, scaled, torch.zeros_like(scaled)), largest


def discounts(n: int, k: int | None, like: Tensor) -> Tensor:
    """1 / log2(1 + rank) for ranks 1 to n, and 0 beyond rank k."""
    rank = torch.arange(1, n + 1, dtype=torch.float64, device=like.device)
    discount = 1 / torch.log2(1 + rank)
    return discount if k is None else torch.where(rank <= k, discount, 0.0)


def discounted(values: Tensor, order: Tensor, k: int | None) -> Tensor:
    """The sum of values in an order, each discounted by its rank."""
    return (values.gather(-1, order) * discounts(values.shape[-1], k, values)).sum(-1)


def averaged_over_ties(values: Tensor, tied: Tensor) -> Tensor:
    """Each value's mean over those that stand beside it and are tied with it.

    Args:
        values: Shape ``(lists, n)``.
        tied: Whether each ties with the one before it; the first of a list with nobody.
    """
    group = (~tied).cumsum(-1) - 1
    empty = torch.zeros_like(values)
    total = empty.scatter_add(-1, group, values)
    size = empty.scatter_add(-1, group, torch.ones_like(values))
    return (total / size.clamp(min=1)).gather(-1, group)
