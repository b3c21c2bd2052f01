r"""Logistic losses of all pairs of two camps in near-linear time, to a stated accuracy.

A one-dimensional fast multipole method.  The axis is cut into boxes of length 2.  Within a box the
charge :math:`\log(1 + e^{-d})`, smooth in either score, is replaced by its interpolant at p
Chebyshev nodes, so that a box of any number of items acts as p numbers.  Boxes nearer than 40 nats
talk through one p-by-p matrix for each distance; beyond that the charge is 0 or -d to less than
1e-17, and sums of counts and scores suffice.

*Error.*  The kernels are analytic for imaginary parts below pi.  On a Bernstein ellipse of
parameter rho about a box, with M the largest modulus there, interpolation at p nodes errs by at
most :math:`4 M \rho^{1 - p} / (\rho - 1)` (Trefethen, Approximation theory and practice, theorem
8.2 with nodes of the first kind), and interpolating in the other score multiplies this by at most
one plus the Lebesgue constant.  `nodes_for` takes the smallest p for which the bound on the slope
of a pair, a number between 0 and 1, is below the tolerance.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import softplus

from lossedu.losses._fast.bipartite import Meeting, numbered
from lossedu.losses._fast.runs import sums_behind

_FAR = 40.0  # nats: beyond it log(1 + e^-d) is 0 or -d to less than 1e-17
_NEAR = 20  # boxes of length 2
_CHUNK = 2**16


@cache
def nodes_for(tolerance: float) -> int:
    """How many Chebyshev nodes bound the error of every pair's slope by ``tolerance``."""
    for nodes in range(4, 64):
        if slope_bound(nodes) <= tolerance:
            return nodes
    return 64


def slope_bound(nodes: int) -> float:
    """The bound of the module text, at the best ellipse."""
    lebesgue = 2 / math.pi * math.log(nodes) + 1
    bounds = []
    for k in range(50, 100):
        height = math.pi * k / 100  # of the ellipse: between pi / 2 and the pole at pi
        largest = 1 / math.sin(height)
        rho = height + math.sqrt(height**2 + 1)
        bounds.append(4 * largest * rho ** (1 - nodes) / (rho - 1))
    return (1 + lebesgue) * min(bounds)


@dataclass(frozen=True)
class Boxes:
    """Flat scores in boxes of the axis; made once, used by every meeting.

    Attributes:
        scores: Float64.
        cell: The box of each score.  Empty stretches too long to matter are cut out.
        shares: Each score as weights of the nodes of its box, shape ``(items, nodes)``.
        nodes: Where the nodes are, in [-1, 1].
    """

    scores: Tensor
    cell: Tensor
    shares: Tensor
    nodes: Tensor


def boxed(scores: Tensor, nodes: int) -> Boxes:
    """Sort flat scores into boxes."""
    number = torch.arange(nodes, dtype=torch.float64, device=scores.device)
    angles = math.pi * (number + 0.5) / nodes
    place = (scores / 2).floor()
    within = (scores - 2 * place - 1).clamp(-1, 1)
    away = within.unsqueeze(-1) - torch.cos(angles)
    # Barycentric weights; a score on a node would divide by 0, and 1e-15 beside it it is as good.
    away = torch.where(away.abs() < 1e-15, 1e-15, away)
    shares = (-1.0) ** number * torch.sin(angles) / away
    occupied, which = torch.unique(place, return_inverse=True)
    steps = occupied.diff().clamp(max=_NEAR + 1).long()
    cells = torch.cat([steps.new_zeros(1), steps.cumsum(0)])
    return Boxes(scores, cells[which], shares / shares.sum(-1, keepdim=True), torch.cos(angles))


def expanded_logistic(boxes: Boxes, meeting: Meeting) -> tuple[Tensor, Tensor]:
    """The charge of each group, and its slope in each score."""
    width = int(boxes.cell.max()) + 2 * _NEAR + 2
    keys, box = numbered(meeting.group * width + boxes.cell)
    camp = 2 * box + meeting.upper
    lower, upper = _gathered(boxes, camp, len(keys)).unbind(1)
    charge, pull = torch.zeros_like(lower), torch.zeros_like(lower)
    push = torch.zeros_like(upper)
    reach = min(_NEAR, int(boxes.cell.max()))
    for apart in range(-reach, reach + 1):
        at = torch.searchsorted(keys, keys - apart).clamp(max=len(keys) - 1)
        met = keys[at] == keys - apart
        here, there = met.nonzero().squeeze(-1), at[met]
        gaps = 2 * apart + boxes.nodes.unsqueeze(-1) - boxes.nodes
        charge[here] += lower[there] @ softplus(-gaps, threshold=_FAR).T
        slope = torch.sigmoid(-gaps)
        pull[here] += lower[there] @ slope.T
        push[there] += upper[here] @ slope
    charged = (upper * charge).sum(-1)
    slopes = _interpolated(boxes, torch.stack([push, -pull], dim=1), camp)
    if int(boxes.cell.max()) > _NEAR:
        far, pulls = _far(boxes, meeting, keys, box, width)
        charged, slopes = charged + far, slopes + pulls.flatten()[camp].sum(0)
    total = torch.zeros(meeting.groups, dtype=charged.dtype, device=charged.device)
    return total.index_add_(0, keys // width, charged), slopes


def _gathered(boxes: Boxes, camp: Tensor, count: int) -> Tensor:
    """What each box's nodes weigh in each camp, shape ``(boxes, 2, nodes)``."""
    weights = boxes.shares.new_zeros(2 * count, len(boxes.nodes))
    for of_bit in camp:
        for rows in _chunks(len(of_bit)):
            weights.index_add_(0, of_bit[rows], boxes.shares[rows])
    return weights.reshape(count, 2, -1)


def _interpolated(boxes: Boxes, potential: Tensor, camp: Tensor) -> Tensor:
    """The potential of each item's own camp and box, summed over bits."""
    potential = potential.flatten(0, 1)
    total = torch.zeros_like(boxes.scores)
    for of_bit in camp:
        for rows in _chunks(len(of_bit)):
            total[rows] += (potential[of_bit[rows]] * boxes.shares[rows]).sum(-1)
    return total


def _chunks(items: int) -> Iterator[slice]:
    return (slice(first, first + _CHUNK) for first in range(0, items, _CHUNK))


def _far(
    boxes: Boxes, meeting: Meeting, keys: Tensor, box: Tensor, width: int
) -> tuple[Tensor, Tensor]:
    """For each box, the charge of its upper items with lower ones far above; and both slopes.

    There the charge of a pair is its distance, and the slope is -1.
    """
    flat, lower = box.flatten(), (~meeting.upper).flatten().to(boxes.scores.dtype)
    scores = boxes.scores.expand(box.shape).flatten()
    empty = boxes.scores.new_zeros(len(keys))
    lowers, uppers = empty.index_add(0, flat, lower), empty.index_add(0, flat, 1 - lower)
    below, above = (torch.cat([empty[:1] * 0, part.cumsum(0)]) for part in (uppers, lowers))
    group = keys // width
    sums = sums_behind(empty.index_add(0, flat, lower * scores), group)
    first = torch.searchsorted(keys, group * width)
    last = torch.searchsorted(keys, (group + 1) * width)
    beyond = torch.searchsorted(keys, keys + _NEAR, right=True)
    before = torch.searchsorted(keys, keys - _NEAR).maximum(first)
    sum_beyond = torch.where(beyond < last, torch.cat([sums, empty[:1]])[beyond], 0.0)
    pull, push = above[last] - above[beyond], below[before] - below[first]
    place = empty.index_add(0, flat, (1 - lower) * scores)
    return uppers * sum_beyond - place * pull, torch.stack([push, -pull], dim=1)
