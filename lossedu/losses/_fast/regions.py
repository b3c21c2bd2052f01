"""Soft counts of regions, with their slopes: one sigmoid, and what is there less what agrees.

A difference of sums loses the digits that the two have in common, so it is taken only where at
least a share of 2^-5 is left; else the plain formula sums what differs.
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from lossedu.arguments.checks import extremes
from lossedu.losses._fast.closed_form import attached_later, slopes_pay

_MANY = 2**13  # entries, from which on passes cost more than calls
_LEFT = 2.0**-5

Plain = Callable[[Tensor], Tensor]


def pays(logits: Tensor, targets: Tensor) -> bool:
    """Whether slopes will be used, and passes are what costs."""
    many = logits.is_cpu and logits.numel() > _MANY
    return many and not targets.requires_grad and slopes_pay(logits)


def counts(logits: Tensor, targets: Tensor, dim: tuple[int, ...], plain: Plain) -> Tensor:
    """Hits, misses and false alarms of each region, shape ``(3, ...)``."""
    with torch.no_grad():
        chances = torch.sigmoid(logits)
        hits = (chances * targets).sum(dim, keepdim=True)
        true, called = targets.sum(dim, keepdim=True), chances.sum(dim, keepdim=True)
        misses, alarms = true - hits, called - hits
        left = torch.stack([misses - _LEFT * true, alarms - _LEFT * called])
    if not extremes(left)[0] >= 0:
        return plain(logits)
    sums = torch.stack([hits, misses, alarms])
    derive = partial(_slope, shape=sums.shape)
    values = sums.squeeze(tuple(1 + axis % logits.ndim for axis in dim))
    return attached_later(values, derive, [chances, targets], [logits], plain)


def _slope(
    outer: Tensor, inputs: Sequence[Tensor], kept: Sequence[Tensor], shape: torch.Size
) -> list[Tensor]:
    chances, targets = kept
    hit, miss, alarm = outer.reshape(shape)
    pull = (targets * (hit - miss - alarm)).add_(alarm)
    return [torch.ops.aten.sigmoid_backward(pull, chances)]
