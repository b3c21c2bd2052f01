"""Sums over all triplets of a batch by sorting, a few anchors at a time.

For an anchor, sort its negatives by distance.  A positive at distance p then meets the negatives
between two places of that list, and sums of their distances are differences of prefix sums: N log N
an anchor instead of N^2 triplets, and no tensor of N^3.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from lossedu.losses._distances import Distance

_TILE = 2**19


@dataclass(frozen=True)
class Batch:
    """Embeddings with their labels.

    Attributes:
        embeddings: Shape ``(n, d)``; of length 1 for the cosine distance.
        labels: Shape ``(n,)``.
        shown: False for rows that do not count, shape ``(n,)``.
    """

    embeddings: Tensor
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


def triplet_sums(batch: Batch, kind: str, margin: float, distance: Distance) -> Found:
    """Sum the triplet loss over all triplets of a kind, with its slope in the embeddings."""
    points = batch.embeddings.detach().double()
    points = _centred(points, batch.shown)
    zero = points.new_zeros(())
    total, active, triplets = zero, zero, zero
    slopes = torch.zeros_like(points)
    squares = (points**2).sum(-1)
    for rows in anchors_in_tiles(len(points), len(points)):
        apart = squares[rows].unsqueeze(-1) + squares - 2 * points[rows] @ points.mT
        # Below this a difference of squares is rounding: the two are the same point.
        noise = 1e-14 * (squares[rows].unsqueeze(-1) + squares)
        apart = torch.where(apart > noise, apart, 0.0)
        at = apart.sqrt() if distance == "euclidean" else apart / (2 if distance == "cosine" else 1)
        positive, negative = relations(batch, rows)
        paid, above, count, pull = _between(at, positive, negative, kind, margin)
        total, active, triplets = total + paid, active + above, triplets + count
        if distance == "euclidean":
            pull = torch.where(at > 0, pull / torch.where(at > 0, at, 1.0), 0.0)
        elif distance == "squared_euclidean":
            pull = 2 * pull
        slopes[rows] += pull.sum(-1, keepdim=True) * points[rows] - pull @ points
        slopes += pull.sum(0).unsqueeze(-1) * points - pull.mT @ points[rows]
    return Found(total, active, triplets, slopes)


def _centred(points: Tensor, shown: Tensor) -> Tensor:
    """Nearer to 0, so that squares cancel less; the shift is coarse, so that ties stay ties."""
    shown = shown.unsqueeze(-1)
    mean = torch.where(shown, points, 0.0).sum(0) / shown.sum().clamp(min=1)
    spread = torch.where(shown, points - mean, 0.0).abs().amax() if points.numel() else points.sum()
    grid = torch.exp2(torch.floor(torch.log2(spread)))
    shift = torch.where(spread > 0, (mean / grid).round() * grid, mean)
    return torch.where(shown, points - shift, 0.0)


Sums = tuple[Tensor, Tensor, Tensor, Tensor]


def _between(at: Tensor, positive: Tensor, negative: Tensor, kind: str, margin: float) -> Sums:
    """Each positive with the negatives between two distances; the slope in every distance."""
    far, order = torch.where(negative, at, torch.inf).sort(dim=-1)
    near, who = _positives(at, positive)
    real = near < torch.inf
    counted = negative.sum(-1, keepdim=True)
    behind = torch.searchsorted(far, near, right=True).minimum(counted)
    reach = torch.searchsorted(far, near + margin).minimum(counted)
    low = behind if kind == "semihard" else torch.zeros_like(reach)
    high = behind.minimum(reach) if kind == "hard" else reach.maximum(low)
    number = ((high - low) * real).to(at.dtype)
    before = torch.nn.functional.pad(torch.where(far < torch.inf, far, 0.0).cumsum(-1), (1, 0))
    between = torch.where(real, before.gather(-1, high) - before.gather(-1, low), 0.0)
    paid = (number * (torch.where(real, near, 0.0) + margin) - between).sum()
    # A negative in place t is met by the positives that begin at or before t and end after it.
    met = at.new_zeros(len(at), at.shape[-1] + 1)
    met.scatter_add_(-1, low, real.to(at.dtype)).scatter_add_(-1, high, -real.to(at.dtype))
    pull = torch.zeros_like(at).scatter_(-1, order, -met[:, :-1].cumsum(-1))
    pull.scatter_add_(-1, torch.where(real, who, 0), number)
    of_kind = {"all": counted, "hard": behind}.get(kind, high - low)
    return paid, number.sum(), (real * of_kind).sum().to(at.dtype), pull


def _positives(at: Tensor, positive: Tensor) -> tuple[Tensor, Tensor]:
    """The distances of each anchor's positives, padded with inf, and who they are."""
    most = int(positive.sum(-1).max()) if positive.numel() else 0
    return torch.where(positive, at, torch.inf).topk(most, dim=-1, largest=False)


def hardest(batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """Each anchor that has both, with its farthest positive and its nearest negative.

    An anchor's own square adds alike to all its distances, and their order is that of the squared
    ones: one matrix product and two comparisons a tile.
    """
    points = _centred(batch.embeddings.detach().double(), batch.shown)
    squares = (points**2).sum(-1)
    found = []
    for rows in anchors_in_tiles(len(points), len(points)):
        order = torch.addmm(squares, points[rows], points.mT, alpha=-2)
        positive, negative = relations(batch, rows)
        far, whom = order.masked_fill(~positive, -torch.inf).max(dim=-1)
        near, who = order.masked_fill_(~negative, torch.inf).min(dim=-1)
        anchor = ((far > -torch.inf) & (near < torch.inf)).nonzero().squeeze(-1)
        found.append(torch.stack([anchor + rows.start, whom[anchor], who[anchor]]))
    anchors, positives, negatives = torch.cat(found, dim=1)
    return anchors, positives, negatives
