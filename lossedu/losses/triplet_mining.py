"""Triplets of a whole batch: which there are, and their loss without writing them down.

Chapter: ``similarity/pairs-and-triplets``.  The trap: a mean over all triplets goes to 0 because
most are easy, a mean over the active ones does not fall although the model learns.
"""

from dataclasses import replace
from typing import Literal, get_args

import torch
from torch import Tensor

from lossedu.arguments.checks import check_choice, check_no_nan, check_number, check_shape
from lossedu.arguments.reduction import accumulation_dtype, check_mask, hide_masked, zero_or_nan
from lossedu.losses._distances import Distance, distances, length, longest_tied, unit
from lossedu.losses._embeddings import check_rows
from lossedu.losses._fast.closed_form import attached, fast_path_applies
from lossedu.losses._fast.triplets import (
    Batch,
    anchors_in_tiles,
    bounds,
    hardest,
    relations,
    triplet_sums,
)
from lossedu.losses._triplet_margin import Margin, check_margin, paid

Kind = Literal["all", "easy", "semihard", "hard"]
Mining = Literal["all", "semihard", "hard", "batch_hard"]
Average = Literal["active", "all"]


def mine_triplets(
    embeddings: Tensor,
    labels: Tensor,
    *,
    kind: Kind = "semihard",
    margin: float = 1.0,
    distance: Distance = "euclidean",
    mask: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    r"""List the triplets of a batch that are of a kind.

    .. math:: \text{easy: } d_{ap} + m \le d_{an}, \qquad
        \text{semihard: } d_{ap} < d_{an} < d_{ap} + m, \qquad \text{hard: } d_{an} \le d_{ap}

    Args:
        embeddings: Shape ``(n, d)``, floating point.
        labels: What each row is, shape ``(n,)``.
        kind: ``"all"``, or one of the three, which share them out: each triplet is of one kind.
        margin: m, at least 0.
        distance: ``"euclidean"``, ``"squared_euclidean"`` or ``"cosine"``.
        mask: True where a row counts, shape ``(n,)``.

    Returns:
        Row numbers of anchors, positives and negatives, three tensors of one length, in
        lexicographic order, without gradient.  There may be n^3 of them; `batch_triplet_loss` does
        without the list.

    Numerics:
        Decided in float64, between Euclidean lengths (for the cosine, of differences of rows of
        length 1).  Two that differ by at most 2^-30 (1e-9) of the smaller one, for the cosine plus
        2^-44, are equal, so no processor's rounding decides: a negative that ties with the positive
        is hard, one that ties with the margin is easy.

    Raises:
        TypeError: If embeddings are not floating point, or mask is not boolean.
        ValueError: If shapes do not fit, or an option is unknown or out of range.

    Example:
        >>> points, labels = torch.tensor([[0.0], [1.0], [1.5]]), torch.tensor([0, 0, 1])
        >>> [index.tolist() for index in mine_triplets(points, labels, kind="semihard")]
        [[0], [1], [2]]

    References:
        F. Schroff, D. Kalenichenko, J. Philbin, FaceNet, CVPR 2015, arXiv 1503.03832, section 3.2.
    """
    check_choice("kind", kind, get_args(Kind))
    check_number("margin", margin, low=0.0)
    batch = _batch(embeddings.detach(), labels, distance, mask)
    check_no_nan("embeddings", batch.embeddings)
    found = []
    for rows in anchors_in_tiles(len(labels), len(labels) ** 2):
        lengths = _lengths(batch, rows)
        far = lengths.unsqueeze(-2)
        no_farther, costless = bounds(lengths.unsqueeze(-1), margin, distance)
        wanted = {
            "all": torch.ones_like(far <= no_farther),
            "easy": (far > no_farther) & (far >= costless),
            "semihard": (far > no_farther) & (far < costless),
            "hard": far <= no_farther,
        }[kind]
        positive, negative = relations(batch, rows)
        triplets = wanted & positive.unsqueeze(-1) & negative.unsqueeze(-2)
        found.append(triplets.nonzero() + torch.tensor([rows.start, 0, 0], device=far.device))
    listed = torch.cat(found) if found else labels.new_zeros(0, 3, dtype=torch.long)
    anchor, positive_of, negative_of = listed.unbind(-1)
    return anchor, positive_of, negative_of


def batch_triplet_loss(
    embeddings: Tensor,
    labels: Tensor,
    *,
    kind: Mining = "all",
    margin: Margin = 1.0,
    distance: Distance = "euclidean",
    average: Average = "active",
    mask: Tensor | None = None,
) -> Tensor:
    r"""Average the triplet loss over the triplets of a batch.

    .. math:: \ell = \frac{1}{N} \sum_{(a, p, n)} \max(0,\ d_{ap} - d_{an} + m)

    Args:
        embeddings: Shape ``(n, d)``, floating point.
        labels: What each row is, shape ``(n,)``.
        kind: ``"all"`` triplets; the ``"semihard"`` or ``"hard"`` ones of `mine_triplets`;
            ``"batch_hard"``: of each anchor its farthest positive and its nearest negative.
        margin: m, at least 0, or ``"soft"``, as in `triplet_loss`; for semihard triplets a number.
        distance: ``"euclidean"``, ``"squared_euclidean"`` or ``"cosine"``.
        average: N counts the triplets whose loss is above 0 (``"active"``; with a soft margin all)
            or ``"all"`` of the kind.
        mask: True where a row counts, shape ``(n,)``; hidden rows may hold anything.

    Returns:
        A scalar in units of the distance, 0 if there is no triplet, NaN if an embedding that counts
        is not finite.  Half precision comes back as float32; every other dtype is kept.

    Gradient:
        That of `triplet_loss` for each triplet; which triplets count is a constant to it.

    Numerics:
        Sorted distances and prefix sums in float64, a tile of anchors at a time: O(n^2 log n) time
        and O(n) memory for n^3 triplets.  Lengths come from a matrix product, those that it would
        lose (rows nearer than a hundredth of their distance from the mean, for 128 columns) from
        differences.  Ties are those of `mine_triplets`: a triplet that misses the margin by no more
        is not active, and of equally hard rows the first is taken.  A soft margin costs a pass over
        all pairs for each positive of an anchor.  Further derivatives, ``torch.func`` and
        ``torch.compile``: all triplets at once.

    Raises:
        TypeError: If embeddings are not floating point, or mask is not boolean.
        ValueError: If shapes do not fit, or an option is unknown or out of range.

    Example:
        >>> points, labels = torch.tensor([[0.0], [1.0], [1.5]]), torch.tensor([0, 0, 1])
        >>> batch_triplet_loss(points, labels).item()
        1.0

    References:
        A. Hermans, L. Beyer, B. Leibe, In defense of the triplet loss for person re-identification,
        2017, arXiv 1703.07737, equations 5 and 8.
    """
    check_choice("kind", kind, get_args(Mining))
    check_choice("average", average, get_args(Average))
    check_margin(margin)
    if kind == "semihard" and isinstance(margin, str):
        raise ValueError("margin must be a number for semihard triplets, but is 'soft'.")
    batch = _batch(embeddings, labels, distance, mask)
    if not fast_path_applies():
        return _plain(batch, kind, margin, distance, average)
    if kind == "batch_hard" and len(batch.labels):
        return _of_hardest(batch, margin, distance, average)
    with torch.no_grad():
        level = margin if isinstance(margin, str) else float(margin)
        found = triplet_sums(batch, kind, level, distance)
        count = (found.active if average == "active" else found.triplets).clamp(min=1)
        value, slopes = found.total / count, [found.slopes / count]
    inputs = [batch.embeddings]
    if isinstance(margin, Tensor):  # each active triplet costs one more a unit of margin
        inputs, slopes = [*inputs, margin], [*slopes, (found.active / count).expand_as(margin)]

    def plain(leaf: Tensor, level: Margin = margin) -> Tensor:
        return _plain(replace(batch, embeddings=leaf), kind, level, distance, average)

    dtype = batch.embeddings.dtype
    slopes = [slope.to(leaf.dtype) for slope, leaf in zip(slopes, inputs, strict=True)]
    watched = [labels] if mask is None else [labels, mask]
    return attached(value.to(dtype), slopes, inputs, plain, watched)


def _of_hardest(batch: Batch, margin: Margin, distance: Distance, average: Average) -> Tensor:
    with torch.no_grad():
        chosen = hardest(batch, distance)
        anchors, *others = (batch.exact.index_select(0, rows) for rows in chosen)
        near, far = (length(anchors - rows) for rows in others)
        costs = _costs(near, far, margin, distance)
    anchors, *others = (batch.embeddings.index_select(0, rows) for rows in chosen)
    near, far = (_between_rows(anchors, rows, distance) for rows in others)
    values = torch.where(costs, paid(near - far, margin), 0.0)
    count = costs.sum() if average == "active" else len(values)
    return values.sum() / max(int(count), 1) + zero_or_nan(batch.embeddings)


def _costs(near: Tensor, far: Tensor, margin: Margin, distance: Distance) -> Tensor:
    """Whether the triplet of two lengths costs anything; with a soft margin each does."""
    if isinstance(margin, str):
        return torch.ones_like(near - far, dtype=torch.bool)
    return far < bounds(near, margin, distance)[1]


def _batch(embeddings: Tensor, labels: Tensor, distance: Distance, mask: Tensor | None) -> Batch:
    check_choice("distance", distance, get_args(Distance))
    check_rows("embeddings", embeddings)
    check_shape("labels", labels, embeddings.shape[:1], "one label a row")
    check_mask(mask, embeddings.shape[:1])
    rows = hide_masked(embeddings, mask)
    exact, rows = rows.detach().double(), rows.to(accumulation_dtype(embeddings))
    if distance == "cosine":
        exact, rows = unit(exact), unit(rows)
    shown = torch.ones_like(labels, dtype=torch.bool) if mask is None else mask
    return Batch(rows, exact, labels, shown)


def _lengths(batch: Batch, rows: slice) -> Tensor:
    return length(batch.exact[rows].unsqueeze(1) - batch.exact)


def _between_rows(a: Tensor, b: Tensor, distance: Distance) -> Tensor:
    if distance == "cosine":  # of unit vectors, as the batch holds them
        return distances(a, b, "squared_euclidean") / 2
    return distances(a, b, distance)


def _plain(
    batch: Batch, kind: Mining, margin: Margin, distance: Distance, average: Average
) -> Tensor:
    """The formula as it stands: all triplets at once."""
    everyone = slice(0, len(batch.labels))
    positive, negative = relations(batch, everyone)
    lengths = _lengths(batch, everyone)
    apart = _between_rows(batch.embeddings.unsqueeze(1), batch.embeddings, distance)
    wanted = positive.unsqueeze(-1) & negative.unsqueeze(-2)
    if kind == "batch_hard":
        farthest, nearest = _hardest(lengths, positive, negative, distance)
        wanted = wanted & farthest.unsqueeze(-1) & nearest.unsqueeze(-2)
    near, far = lengths.unsqueeze(-1), lengths.unsqueeze(-2)
    costs = _costs(near, far, margin, distance)
    if kind == "semihard":
        wanted = wanted & (far > longest_tied(near, distance)) & costs
    elif kind == "hard":
        wanted = wanted & (far <= longest_tied(near, distance))
    costs = wanted & costs
    ahead = torch.where(costs, apart.unsqueeze(-1) - apart.unsqueeze(-2), 0.0)
    values = torch.where(costs, paid(ahead, margin), 0.0)
    count = (costs if average == "active" else wanted).sum()
    return values.sum() / count.clamp(min=1).to(values.dtype) + zero_or_nan(batch.embeddings)


def _hardest(
    lengths: Tensor, positive: Tensor, negative: Tensor, distance: Distance
) -> tuple[Tensor, Tensor]:
    """Each row's farthest positive and nearest negative, the first of those that tie."""
    far = torch.where(positive, lengths, 0.0).amax(-1, keepdim=True)
    near = torch.where(negative, lengths, torch.inf).amin(-1, keepdim=True)
    as_far = positive & (longest_tied(lengths, distance) >= far)
    as_near = negative & (lengths <= longest_tied(near, distance))
    return as_far & (as_far.cumsum(-1) == 1), as_near & (as_near.cumsum(-1) == 1)
