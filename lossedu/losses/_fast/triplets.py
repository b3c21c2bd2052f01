"""Sums over all triplets of a batch by sorting, a few anchors at a time.

For an anchor, sort its negatives by distance.  A positive at distance p then meets the negatives
between two places of that list, and sums of their distances are differences of prefix sums: N log N
an anchor instead of N^2 triplets, and no tensor of N^3.

Lengths come from one matrix product where that tells them to a quarter of the width of a tie, and
from differences of rows where it does not (`lossedu.losses._distances` says what a tie is).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from lossedu.arguments.checks import Number
from lossedu.losses._binary import surprise_and_slope
from lossedu.losses._distances import (
    TIE,
    Distance,
    from_length,
    length,
    longest_tied,
    shortest_tied,
    to_length,
)
from lossedu.losses._triplet_margin import SoftMargin

_TILE = 2**19


@dataclass(frozen=True)
class Batch:
    """Embeddings with their labels.

    Attributes:
        embeddings: Shape ``(n, d)``; of length 1 for the cosine distance.
        exact: The same in float64, from which it is decided who is nearer; without gradient.
        labels: Shape ``(n,)``.
        shown: False for rows that do not count, shape ``(n,)``.
    """

    embeddings: Tensor
    exact: Tensor
    labels: Tensor
    shown: Tensor


@dataclass(frozen=True)
class Found:
    """What a pass over all anchors found.

    Attributes:
        total: The summed loss of the triplets.
        active: How many of them have a loss above 0.
        triplets: How many there are.
        slopes: The derivative of ``total`` in the embeddings.
    """

    total: Tensor
    active: Tensor
    triplets: Tensor
    slopes: Tensor


def relations(batch: Batch, rows: slice) -> tuple[Tensor, Tensor]:
    """Who is a positive and who a negative of each anchor in ``rows``."""
    anchors = batch.shown[rows].unsqueeze(-1) & batch.shown
    same = batch.labels[rows].unsqueeze(-1) == batch.labels
    itself = torch.zeros_like(same)
    itself.diagonal(rows.start).fill_(True)
    return anchors & same & ~itself, anchors & ~same


def anchors_in_tiles(n: int, entries: int) -> Iterator[slice]:
    """Consecutive anchors, as many as fit a tile with so many entries each."""
    step = max(1, _TILE // max(1, entries))
    return (slice(first, min(first + step, n)) for first in range(0, n, step))


def bounds(near: Tensor, margin: Number, distance: Distance) -> tuple[Tensor, Tensor]:
    """Up to which length a negative is no farther than a positive; from which on it costs nothing.

    What lies between is farther, by less than the margin.
    """
    missed = to_length(from_length(near, distance) + margin, distance)
    return longest_tied(near, distance), shortest_tied(missed, distance)


def triplet_sums(batch: Batch, kind: str, margin: float | SoftMargin, distance: Distance) -> Found:
    """Sum the triplet loss over all triplets of a kind, with its slope in the embeddings."""
    points, size = _centred(batch.exact, batch.shown)
    total = active = triplets = (batch.exact * 0).sum()  # NaN where an embedding is not finite
    slopes = torch.zeros_like(points)
    for rows in anchors_in_tiles(len(points), len(points)):
        positive, negative = relations(batch, rows)
        apart, near = _lengths(points, rows, positive | negative)
        one, other = near[0] + rows.start, near[1]
        apart = apart.mul_(size).index_put_(near, _measured(batch.exact, one, other))
        if isinstance(margin, str):
            found = _softly(apart, positive, negative, kind, distance)
        else:
            found = _between(apart, positive, negative, kind, margin, distance)
        paid, above, count, pull = found
        total, active, triplets = total + paid, active + above, triplets + count
        if distance == "euclidean":
            pull = torch.where(apart > 0, pull / torch.where(apart > 0, apart, 1.0), 0.0)
        elif distance == "squared_euclidean":
            pull = 2 * pull
        _pull_apart(slopes, batch.exact, one, other, pull[near])
        pull = pull.index_put_(near, pull.new_zeros(())) * size
        slopes[rows] += pull.sum(-1, keepdim=True) * points[rows] - pull @ points
        slopes += pull.sum(0).unsqueeze(-1) * points - pull.mT @ points[rows]
    return Found(total, active, triplets, slopes)


def _centred(points: Tensor, shown: Tensor) -> tuple[Tensor, Tensor]:
    """Nearer to 0, so that squares cancel less, and around 1, so that none overflows; and the unit.

    The unit is a power of two, which rounds nothing.
    """
    shown = shown.unsqueeze(-1)
    mean = torch.where(shown, points, 0.0).sum(0) / shown.sum().clamp(min=1)
    spread = torch.where(shown, points - mean, 0.0).abs().amax() if points.numel() else points.sum()
    size = torch.exp2(torch.floor(torch.log2(torch.where(spread > 0, spread, 1.0))))
    shift = torch.where(spread > 0, (mean / size).round() * size, mean)
    return torch.where(shown, (points - shift) / size, 0.0), size


Pairs = tuple[Tensor, Tensor]


def _lengths(points: Tensor, rows: slice, met: Tensor) -> tuple[Tensor, Pairs]:
    """All lengths by a product, and the pairs that it does not tell to a quarter of a tie."""
    squares = (points**2).sum(-1)
    both = squares[rows].unsqueeze(-1) + squares
    apart = torch.addmm(both, points[rows], points.mT, alpha=-2)
    row, column = ((apart <= both.mul_(4 / TIE * _doubt(points))) & met).nonzero(as_tuple=True)
    return apart.clamp_(min=0).sqrt_(), (row, column)


def _doubt(points: Tensor) -> float:
    """How much a squared length by a product may err, in units of the two rows' squares.

    A sum of d products errs by at most d unit roundoffs of the sum of their sizes, in whatever
    order it is taken (Higham, Accuracy and stability of numerical algorithms, section 3.1): here
    2 d of the two squares.  The shift to the centre and the last sums add less than 16.
    """
    return (points.shape[-1] + 8) * torch.finfo(points.dtype).eps


def _differences(points: Tensor, one: Tensor, other: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """The differences of pairs of rows, as many at a time as fit a tile."""
    step = max(1, _TILE // max(1, points.shape[-1]))
    for first in range(0, len(one), step):
        part = slice(first, first + step)
        yield part, points[one[part]].sub_(points[other[part]])


def _measured(points: Tensor, one: Tensor, other: Tensor) -> Tensor:
    """The lengths of the differences of pairs of rows."""
    found = points.new_empty(len(one))
    for part, differences in _differences(points, one, other):
        found[part] = length(differences)
    return found


def _pull_apart(slopes: Tensor, points: Tensor, one: Tensor, other: Tensor, pull: Tensor) -> None:
    """Add the slopes of pairs of rows whose difference a product would lose."""
    for part, differences in _differences(points, one, other):
        force = differences.mul_(pull[part].unsqueeze(-1))
        slopes.index_add_(0, one[part], force).index_add_(0, other[part], force, alpha=-1)


Sums = tuple[Tensor, Tensor, Tensor, Tensor]


def _between(
    apart: Tensor,
    positive: Tensor,
    negative: Tensor,
    kind: str,
    margin: float,
    distance: Distance,
) -> Sums:
    """Each positive with the negatives between two lengths; the slope in every distance."""
    far, order = torch.where(negative, apart, torch.inf).sort(dim=-1)
    near, who = _positives(apart, positive)
    real = near < torch.inf
    counted = negative.sum(-1, keepdim=True)
    no_farther, costless = bounds(near, margin, distance)
    behind = torch.searchsorted(far, no_farther, right=True).minimum(counted)
    reach = torch.searchsorted(far, costless).minimum(counted)
    low = behind if kind == "semihard" else torch.zeros_like(reach)
    high = behind.minimum(reach) if kind == "hard" else reach.maximum(low)
    number = ((high - low) * real).to(apart.dtype)
    far, near = (
        from_length(torch.where(part < torch.inf, part, 0.0), distance) for part in (far, near)
    )
    before = torch.nn.functional.pad(far.cumsum(-1), (1, 0))
    between = torch.where(real, before.gather(-1, high) - before.gather(-1, low), 0.0)
    paid = (number * (near + margin) - between).sum()
    # A negative in place t is met by the positives that begin at or before t and end after it.
    met = apart.new_zeros(len(apart), apart.shape[-1] + 1)
    met.scatter_add_(-1, low, real.to(met.dtype)).scatter_add_(-1, high, -real.to(met.dtype))
    pull = torch.zeros_like(apart).scatter_(-1, order, -met[:, :-1].cumsum(-1))
    pull.scatter_add_(-1, torch.where(real, who, 0), number)
    of_kind = {"all": counted, "hard": behind}.get(kind, high - low)
    return paid, number.sum(), (real * of_kind).sum().to(apart.dtype), pull


def _softly(
    apart: Tensor, positive: Tensor, negative: Tensor, kind: str, distance: Distance
) -> Sums:
    """The same with a soft margin: every negative of each positive, one positive at a time."""
    near, who = _positives(apart, positive)
    far, pull = from_length(apart, distance), torch.zeros_like(apart)
    total = number = pull.sum()
    each = (part.unsqueeze(-1).unbind(-2) for part in (near, who))
    for lengths, whom in zip(*each, strict=True):
        real = lengths < torch.inf
        lengths = torch.where(real, lengths, 0.0)
        wanted = negative & real
        if kind == "hard":
            wanted &= apart <= longest_tied(lengths, distance)
        costs, slopes = surprise_and_slope(far - from_length(lengths, distance))
        total = total + torch.where(wanted, costs, 0.0).sum()
        pushed = torch.where(wanted, slopes, 0.0)
        pull += pushed
        pull.scatter_add_(-1, torch.where(real, whom, 0), -pushed.sum(-1, keepdim=True))
        number = number + wanted.sum()
    return total, number, number, pull


def _positives(apart: Tensor, positive: Tensor) -> tuple[Tensor, Tensor]:
    """The lengths to each anchor's positives, padded with inf, and who they are."""
    most = int(positive.sum(-1).max()) if positive.numel() else 0
    return torch.where(positive, apart, torch.inf).topk(most, dim=-1, largest=False)


def hardest(batch: Batch, distance: Distance) -> tuple[Tensor, Tensor, Tensor]:
    """Each anchor that has both, with its farthest positive and its nearest negative.

    Of those that tie it is the first.  One matrix product a tile leaves few that could be it, and
    their lengths are measured.
    """
    points, size = _centred(batch.exact, batch.shown)
    squares = (points**2).sum(-1)
    found = []
    for rows in anchors_in_tiles(len(points), len(points)):
        # Without the anchor's own square, which adds alike to all.
        order = torch.addmm(squares, points[rows], points.mT, alpha=-2)
        own = squares[rows].unsqueeze(-1)
        positive, negative = relations(batch, rows)
        far = order.masked_fill(~positive, -torch.inf).amax(-1, keepdim=True) + own
        near = order.masked_fill(~negative, torch.inf).amin(-1, keepdim=True) + own
        both = (far > -torch.inf) & (near < torch.inf)
        # Whoever is at such a length has a square of at most twice (own + squared length).
        doubts = [4 * _doubt(points) * (own + square.abs()) for square in (far, near)]
        least = shortest_tied((far - doubts[0]).clamp(min=0).sqrt() * size, distance) / size
        most = longest_tied((near.clamp(min=0) + doubts[1]).sqrt() * size, distance) / size
        as_far = order >= least.clamp(min=0) ** 2 - doubts[0] - own
        as_near = order <= most**2 + doubts[1] - own
        anchor = both.squeeze(-1).nonzero().squeeze(-1)
        whom = _first(batch, rows, as_far & positive & both, distance, "amax")
        who = _first(batch, rows, as_near & negative & both, distance, "amin")
        found.append(torch.stack([anchor + rows.start, whom[anchor], who[anchor]]))
    anchors, positives, negatives = torch.cat(found, dim=1)
    return anchors, positives, negatives


def _first(
    batch: Batch,
    rows: slice,
    maybe: Tensor,
    distance: Distance,
    extreme: Literal["amax", "amin"],
) -> Tensor:
    """The first that ties with the farthest or nearest of those that may be it."""
    row, column = maybe.nonzero(as_tuple=True)
    lengths = _measured(batch.exact, row + rows.start, column)
    best = lengths.new_zeros(len(maybe))
    best = best.scatter_reduce(0, row, lengths, extreme, include_self=False)[row]
    tied = longest_tied(lengths.minimum(best), distance) >= lengths.maximum(best)
    none = row.new_full((len(maybe),), maybe.shape[-1])
    return none.scatter_reduce(0, row[tied], column[tied], "amin")
