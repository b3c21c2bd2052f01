r"""The probability that tied items come first, in whatever order (Plackett-Luce with ties).

Let item i ring after an exponential time of rate :math:`e^{s_i}`; rings in order are a draw from
Plackett-Luce.  A group of tied items comes before the rest, of total rate W, with probability

.. math:: \int_0^\infty W e^{-W t} \prod_{i \in \text{group}} \left(1 - e^{-t e^{s_i}}\right) dt .

With t = e^x the integrand is smooth, log-concave, falls exponentially to the left and faster to the
right, and has no singularity within pi / 2 of the real axis: the trapezoidal rule with step h errs
by about :math:`e^{-\pi^2 / h}` of it (Trefethen, Weideman, The exponentially convergent trapezoidal
rule, SIAM Review 56, 2014).  A large group makes it narrow, so 200 points are spread over where
it is within 42 nats of its largest value: h is at most 1/4, and less where it must.  In float32 a
third of the points and half of the nats do.  The slopes are that integral with one more factor.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from lossedu.arguments.checks import can_look
from lossedu.losses._fast.closed_form import attached_later, fast_path_applies

_NODES = {torch.float32: 72}
_DROP = {torch.float32: 20.0}
_MOST_NODES, _MOST_DROP = 200, 42.0
_PARTS, _TANGENTS = 5, 5  # of the search for the mode, and for where it all ends
_EARLY, _LATE = -80.0, 7.0  # where a logarithm of 1 - exp(-e^v) is v, and where it is 0


def tied_orders(ranked: Tensor, left: Tensor, grades: Tensor, shown: Tensor) -> Tensor:
    """The negative log-probability of each list's grades.

    Args:
        ranked: Scores by falling relevance, shape ``(lists, n)``, -inf where hidden.
        left: The logarithm of the total rate from each item on.
        grades: The relevance, in the same order.
        shown: False where hidden; hidden items stand last.
    """
    n = ranked.shape[-1]
    if n == 0:
        return ranked.sum(-1)
    new = torch.ones_like(shown)
    new[:, 1:] = (grades[:, 1:] != grades[:, :-1]) | ~shown[:, 1:]
    group = new.long().cumsum(-1) - 1
    many = int(group.amax()) + 1 if can_look(group) else n
    # The first item behind each item's group: the largest position of the group, and one more.
    position = torch.arange(n, device=ranked.device).expand_as(group)
    ends = torch.zeros_like(group[:, :many]).scatter_reduce(-1, group, position + 1, "amax")
    padded = torch.cat([left, torch.full_like(left[:, :1], -torch.inf)], dim=-1)
    rest = padded.gather(-1, ends)  # a group on the place of its number
    counts = (rest != -torch.inf) & (ends > 0)
    rest = torch.where(counts, rest, torch.zeros_like(rest))
    used = shown & counts.gather(-1, group)
    over = torch.where(used, ranked - rest.gather(-1, group), torch.zeros_like(ranked))
    integral = _integrals(over, _Groups(group, used, many))
    return torch.where(counts, -integral, torch.zeros_like(integral)).sum(-1)


@dataclass(frozen=True)
class _Groups:
    """Which group each item is in, whether it counts, and the most groups of a list."""

    group: Tensor
    used: Tensor
    many: int

    def of_items(self, values: Tensor) -> Tensor:
        """From a row of numbers a group to one an item, shape ``(lists, n, points)``."""
        return values.gather(1, self._index(values))

    def summed(self, values: Tensor) -> Tensor:
        """From a row of numbers an item to their sums, shape ``(lists, groups, points)``."""
        shown = torch.where(self.used.unsqueeze(-1), values, torch.zeros_like(values))
        sums = values.new_zeros(len(values), self.many, values.shape[-1])
        return sums.scatter_add(1, self._index(values), shown)

    def _index(self, values: Tensor) -> Tensor:
        return self.group.unsqueeze(-1).expand(*self.group.shape, values.shape[-1])

    def logs(self, over: Tensor, x: Tensor) -> Tensor:
        """The logarithm of each group's integrand at its own points."""
        return self.summed(_log_rung(over.unsqueeze(-1) + self.of_items(x))[0]) + x - torch.exp(x)

    def slopes(self, over: Tensor, x: Tensor) -> Tensor:
        """Its derivative in x."""
        slope = _log_rung(over.unsqueeze(-1) + self.of_items(x))[1]
        return self.summed(slope) + 1 - torch.exp(x)


def _integrals(over: Tensor, groups: _Groups) -> Tensor:
    """The logarithm of each group's integral, shape ``(lists, groups)``."""
    with torch.no_grad():
        nodes = _NODES.get(over.dtype, _MOST_NODES)
        low, high = _support(over, groups)
        share = torch.linspace(0, 1, nodes, dtype=over.dtype, device=over.device)
        points = low + (high - low) * share
        step = ((high - low) / (nodes - 1)).squeeze(-1)
    plain = partial(_trapezoids, groups=groups, points=points, step=step)
    if not (over.requires_grad and torch.is_grad_enabled() and fast_path_applies()):
        return plain(over)
    with torch.no_grad():
        rung, slope = _log_rung(over.unsqueeze(-1) + groups.of_items(points))
        logs = groups.summed(rung) + points - torch.exp(points)
        total = torch.logsumexp(logs, dim=-1)
        share = groups.of_items(torch.exp(logs - total.unsqueeze(-1)))
        slopes = torch.where(groups.used, (slope * share).sum(-1), 0.0)
    kept = [slopes, groups.group]
    return attached_later(total + torch.log(step), _pulls, kept, [over], plain)


def _pulls(outer: Tensor, inputs: Sequence[Tensor], kept: Sequence[Tensor]) -> list[Tensor]:
    slopes, group = kept
    return [outer.gather(-1, group) * slopes]


def _trapezoids(over: Tensor, groups: _Groups, points: Tensor, step: Tensor) -> Tensor:
    return torch.logsumexp(groups.logs(over, points), dim=-1) + torch.log(step)


def _support(over: Tensor, groups: _Groups) -> tuple[Tensor, Tensor]:
    """Where each integrand is within some nats of its largest value, shape ``(lists, groups, 1)``.

    Its logarithm is concave: where that rises, the mode is further right; and a tangent that is
    drawn outside meets a level outside.
    """
    n, drop = over.shape[-1], _DROP.get(over.dtype, _MOST_DROP)
    low = over.new_zeros(len(over), groups.many, 1)
    width = math.log(n + 1)  # at the mode e^x is between 1 and n + 1
    steps = torch.arange(1, _PARTS, device=over.device).to(over) / _PARTS
    climbs = math.ceil(math.log(4 * width * math.sqrt(n), _PARTS))  # no peak is narrower than that
    for _ in range(climbs):
        slopes = groups.slopes(over, low + width * steps)
        width /= _PARTS
        low = low + width * (slopes > 0).sum(-1, keepdim=True)
    mode = low + width / 2
    floor = groups.logs(over, mode) - drop
    rightmost = math.log(n + 12 * math.sqrt(n) + 45)
    ends = torch.cat([torch.full_like(mode, -drop - 4), torch.full_like(mode, rightmost)], -1)
    for _ in range(_TANGENTS):
        ends = ends + (floor - groups.logs(over, ends)) / groups.slopes(over, ends)
    return ends[..., :1], ends[..., 1:]


def _log_rung(v: Tensor) -> tuple[Tensor, Tensor]:
    """log(1 - exp(-e^v)) and its derivative, without 1 - 1 on the left or infinity on the right."""
    clamped = v.clamp(_EARLY, _LATE)
    rate = torch.exp(clamped)
    chance = -torch.expm1(-rate)
    return torch.log(chance) + (v - _EARLY).clamp(max=0.0), rate * (1 - chance) / chance
