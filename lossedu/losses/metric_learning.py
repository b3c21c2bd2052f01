"""Pairs and triplets: distances that should be small, and distances that should not.

Chapter: ``similarity/pairs-and-triplets``.  The trap: most triplets are already right and teach
nothing, and the hardest are often mislabelled; which triplets are used is part of the loss.
"""

from typing import get_args

import torch
from torch import Tensor

from lossedu.arguments.checks import (
    Number,
    check_choice,
    check_floating,
    check_number,
    check_same_shape,
    check_shape,
)
from lossedu.arguments.reduction import (
    Reduction,
    accumulation_dtype,
    check_mask,
    hide_masked,
    reduced,
)
from lossedu.losses._distances import Distance, distances
from lossedu.losses._spec import LossSpec, Parameter
from lossedu.losses._triplet_margin import Margin, check_margin, paid


def contrastive_loss(
    a: Tensor,
    b: Tensor,
    same: Tensor,
    *,
    margin: Number = 1.0,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Pull pairs of the same kind together, push others a margin apart.

    .. math:: \ell = \begin{cases} \tfrac12 d^2 & \text{same} \\
        \tfrac12 \max(0, m - d)^2 & \text{otherwise} \end{cases}, \qquad d = \lVert a - b \rVert_2

    Args:
        a: Embeddings, shape ``(..., d)``, floating point.
        b: What each is paired with, the same shape.
        same: Whether the two are of the same kind, boolean, shape ``(...)``.
        margin: m, at least 0.  At 0 different pairs are free, and everything may collapse to a
            point.
        weight: How much each pair counts, at least 0, shape ``(...)``; None counts all alike.
        mask: True where a pair counts, shape ``(...)``; hidden ones may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        Squared units of the embedding, in [0, inf): a scalar, or one value a pair.  Half precision
        comes back as float32; every other dtype is kept.

    Gradient:
        a - b for the same kind; :math:`-(m - d) (a - b) / d` for others inside the margin, 0 where
        the two coincide: nothing says in which direction they should part.

    Numerics:
        The length is scaled by its largest entry, so no square over- or underflows.

    Raises:
        TypeError: If embeddings are not floating point, or same or mask are not boolean.
        ValueError: If shapes do not fit, or margin is negative.

    Example:
        >>> import torch
        >>> a, b = torch.tensor([[0.0, 0.0]]), torch.tensor([[0.3, 0.4]])
        >>> contrastive_loss(a, b, torch.tensor([True])).item()
        0.125

    References:
        R. Hadsell, S. Chopra, Y. LeCun, Dimensionality reduction by learning an invariant mapping,
        CVPR 2006, equation 4.
    """
    check_number("margin", margin, low=0.0)
    a, b = _rows("a", a, mask), _rows("b", b, mask)
    check_same_shape("b", b, "a", a)
    check_shape("same", same, a.shape[:-1], "one answer a pair")
    if same.dtype != torch.bool:
        raise TypeError(f"same must be a boolean tensor, but has dtype {same.dtype}.")
    together = distances(a, b, "squared_euclidean")
    missing = (margin - distances(a, b, "euclidean")).relu()
    return reduced(torch.where(same, together, missing**2) / 2, weight, mask, reduction)


def triplet_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    margin: Margin = 1.0,
    distance: Distance = "euclidean",
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Ask that the positive be nearer than the negative by a margin.

    .. math:: \ell = \max(0,\ d(a, p) - d(a, n) + m)
        \qquad \text{(soft: } \log(1 + e^{d(a, p) - d(a, n)}) \text{)}

    Args:
        anchor: Embeddings, shape ``(..., d)``, floating point.
        positive: Of the anchor's kind, the same shape.
        negative: Of another kind, the same shape.
        margin: m, at least 0.  At 0 a right order is free.  ``"soft"``: a softplus instead of the
            hinge, which has no margin to choose and never stops to pull.
        distance: ``"euclidean"``, ``"squared_euclidean"`` or ``"cosine"`` (one minus the cosine).
        weight: How much each triplet counts, at least 0, shape ``(...)``; None counts all alike.
        mask: True where a triplet counts, shape ``(...)``; hidden ones may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        Units of the distance, in [0, inf): a scalar, or one value a triplet.  Half precision comes
        back as float32; every other dtype is kept.

    Gradient:
        Unit vectors towards the positive and away from the negative (Euclidean); 0 on the margin,
        and for a distance of 0.  Soft: the same times :math:`\sigma(d(a, p) - d(a, n))`.

    Numerics:
        Lengths are scaled by their largest entry; the cosine distance is half a squared distance of
        unit vectors, so that small angles keep their digits.

    Raises:
        TypeError: If embeddings are not floating point, or mask is not boolean.
        ValueError: If shapes differ, or an option is unknown or out of range.

    Example:
        >>> import torch
        >>> a, p, n = torch.tensor([[0.0]]), torch.tensor([[0.5]]), torch.tensor([[2.0]])
        >>> triplet_loss(a, p, n, margin=2.0).item()
        0.5

    References:
        F. Schroff, D. Kalenichenko, J. Philbin, FaceNet, CVPR 2015, arXiv 1503.03832; A. Hermans,
        L. Beyer, B. Leibe, In defense of the triplet loss for person re-identification, 2017, arXiv
        1703.07737 (soft).
    """
    check_margin(margin)
    check_choice("distance", distance, get_args(Distance))
    anchor = _rows("anchor", anchor, mask)
    positive, negative = _rows("positive", positive, mask), _rows("negative", negative, mask)
    check_same_shape("positive", positive, "anchor", anchor)
    check_same_shape("negative", negative, "anchor", anchor)
    ahead = distances(anchor, positive, distance) - distances(anchor, negative, distance)
    return reduced(paid(ahead, margin), weight, mask, reduction)


def _rows(name: str, embeddings: Tensor, mask: Tensor | None) -> Tensor:
    check_floating(name, embeddings)
    if embeddings.ndim == 0:
        raise ValueError(f"{name} must have a last axis of coordinates, but has shape ().")
    check_mask(mask, embeddings.shape[:-1])
    return hide_masked(embeddings, mask).to(accumulation_dtype(embeddings))


def _margin(at_low: str) -> Parameter:
    return Parameter(
        name="margin",
        low=0.0,
        high=float("inf"),
        at_low=at_low,
        at_high="every pair or triplet counts",
        binds={"margin": "margin"},
        off={"margin": "1"},
        samples=(0.2, 1.0),
    )


SPEC = LossSpec(
    function=contrastive_loss,
    title="Contrastive loss",
    family="similarity",
    chapter="similarity/pairs-and-triplets",
    inputs="embedding",
    unit="tuple",
    targets="event",
    argument="x",
    axis="difference of a pair of different kind, in one dimension",
    formula="y*d**2/2 + (1 - y)*Max(0, margin - d)**2/2",
    link={"d": "Abs(x)"},
    given={"y": 0.0},
    domain="whether the two are of the same kind",
    noise_model="none",
    estimand="distances of 0 within a kind, of at least the margin between kinds",
    parameters=(_margin("different pairs are free"),),
    kinks=("0",),
    references=("hadsell2006",),
)

TRIPLET_SPEC = LossSpec(
    function=triplet_loss,
    title="Triplet loss",
    family="similarity",
    chapter="similarity/pairs-and-triplets",
    inputs="embedding",
    unit="tuple",
    targets="none",
    argument="x",
    axis="distance to the negative less distance to the positive",
    formula="Max(0, margin - x)",
    domain="an anchor, one of its kind, one of another",
    noise_model="none",
    estimand="an order of distances",
    parameters=(_margin("a right order is free"),),
    kinks=("margin",),
    references=("schroff2015",),
)

SOFT_TRIPLET_SPEC = LossSpec(
    function=triplet_loss,
    title="Soft-margin triplet loss",
    family="similarity",
    chapter="similarity/pairs-and-triplets",
    inputs="embedding",
    unit="tuple",
    targets="none",
    variant={"margin": "soft"},
    argument="x",
    axis="distance to the negative less distance to the positive",
    formula="log(1 + exp(-x))",
    domain="an anchor, one of its kind, one of another",
    noise_model="Bernoulli: which of the two is of the anchor's kind",
    estimand="the log-odds that the nearer one is of the anchor's kind",
    references=("hermans2017",),
)
