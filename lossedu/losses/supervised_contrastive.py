"""Supervised contrastive learning: everything of the same class is the other view.

Chapter: ``similarity/contrastive-learning``.  The trap: the mean over positives stands outside of
the logarithm.  Inside it, one positive that is near would be enough, and the others learn nothing.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from lossedu.arguments.checks import Number, check_positive, check_shape
from lossedu.arguments.reduction import Reduction, check_mask, reduced
from lossedu.losses._binary import surprise_of_one
from lossedu.losses._embeddings import TEMPERATURE, check_rows, embedded
from lossedu.losses._fast.contrast import others
from lossedu.losses._spec import LossSpec


def supervised_contrastive_loss(
    embeddings: Tensor,
    labels: Tensor,
    *,
    temperature: Number = 0.1,
    normalize: bool = True,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge each anchor the mean surprise of its positives among all others (SupCon).

    .. math:: \ell_i = -\frac{1}{|P_i|} \sum_{p \in P_i}
        \log \frac{e^{z_i^\top z_p / T}}{\sum_{a \neq i} e^{z_i^\top z_a / T}},
        \qquad P_i = \{p \neq i: y_p = y_i\}

    Args:
        embeddings: Shape ``(n, d)``, floating point: all views of a batch, one a row.
        labels: What each row is, shape ``(n,)``.
        temperature: T, above 0.  Towards 0 only the hardest negative counts, for large values all
            alike.
        normalize: Whether rows are scaled to length 1 first.
        weight: How much each anchor counts, at least 0, shape ``(n,)``; None counts all alike.
        mask: True where a row counts, shape ``(n,)``; hidden ones are in nobody's sum.
        reduction: ``"mean"`` over the anchors that have a positive, ``"sum"`` or ``"none"``.

    Returns:
        Nats, at least the logarithm of the number of positives: a scalar, or one value an anchor,
        0 for those without a positive.  Half precision comes back as float32; every other dtype is
        kept.

    Gradient:
        In :math:`z_i`, as an anchor: :math:`(\sum_a p_{ia} z_a - \bar z_{P_i}) / T`, with the mean
        of its positives; and from each anchor that it is compared with.

    Numerics:
        One positive is left out of the sum and enters by a softplus, so one positive alone is
        relatively exact; the mean similarity to the others is that to their mean.  By tiles,
        forward and backward: O(n) memory.  Further derivatives, ``torch.func`` and
        ``torch.compile``: the full matrix.

    Special cases:
        Two rows a label: `nt_xent_loss` of the two views.  All labels different: 0.

    Raises:
        TypeError: If embeddings are not floating point, or mask is not boolean.
        ValueError: If shapes do not fit, or temperature is not above 0.

    Example:
        >>> import torch
        >>> points, labels = torch.eye(2).repeat(2, 1), torch.tensor([0, 1, 0, 1])
        >>> round(supervised_contrastive_loss(points, labels, temperature=1.0).item(), 6)
        0.551445

    References:
        P. Khosla et al., Supervised contrastive learning, NeurIPS 2020, arXiv 2004.11362, equation
        2 (the sum outside).
    """
    check_positive("temperature", temperature)
    check_rows("embeddings", embeddings)
    check_shape("labels", labels, embeddings.shape[:1], "one label a row")
    check_mask(mask, embeddings.shape[:1])
    rows = embedded("embeddings", embeddings, mask, normalize)
    scaled = rows / temperature
    kin = _kin(labels, mask)
    one = (scaled * rows[kin.one]).sum(-1)
    itself = torch.arange(len(rows), device=rows.device)
    hidden = None if mask is None else ~mask
    lead = one - others(scaled, rows, torch.stack([itself, kin.one], dim=-1), hidden)
    positives = torch.zeros_like(rows).index_add(0, kin.group, rows)[kin.group] - rows
    mean = (scaled * positives).sum(-1) / kin.positives.clamp(min=1)
    # Of a single positive the two are one number, but for rounding.
    ahead = torch.where(kin.positives > 1, one - mean, torch.zeros_like(mean))
    return reduced(surprise_of_one(lead) + ahead, weight, kin.positives > 0, reduction)


@dataclass(frozen=True)
class _Kin:
    """Who is of whose class.

    Attributes:
        group: The number of each row's class; a hidden row is alone in its own.
        positives: How many others are of it.
        one: The number of one of them; the row's own, if there is none.
    """

    group: Tensor
    positives: Tensor
    one: Tensor


def _kin(labels: Tensor, mask: Tensor | None) -> _Kin:
    """By sorting, so that no shape depends on the labels."""
    labels = labels if labels.is_floating_point() else labels.long()
    shown = torch.ones_like(labels, dtype=torch.bool) if mask is None else mask
    order = labels.argsort(stable=True)
    order = order[(~shown)[order].to(torch.uint8).argsort(stable=True)]
    ranked, counts = labels[order], shown[order]
    n = len(labels)
    as_before = functional.pad((ranked[1:] == ranked[:-1]) & counts[1:], (1, 0))[:n]
    as_next = functional.pad(as_before[1:], (0, 1))[:n]
    group = (~as_before).cumsum(0) - 1
    size = torch.zeros_like(group).index_add(0, group, torch.ones_like(group))
    beside = torch.arange(n, device=labels.device) + torch.where(as_next, 1, -as_before.long())
    back = torch.zeros_like(order)
    found = (group, size[group] - 1, order[beside])
    return _Kin(*(back.scatter(0, order, part) for part in found))


SPEC = LossSpec(
    function=supervised_contrastive_loss,
    title="Supervised contrastive loss",
    family="similarity",
    chapter="similarity/contrastive-learning",
    inputs="embedding",
    unit="tuple",
    targets="none",
    argument="s",
    axis="similarity to each of two positives, with one negative at 0",
    formula="log(2 + exp((u - s)/temperature))",
    given={"u": 0.0},
    domain="rows of equal label are positives of each other; u is the one negative's similarity",
    noise_model="categorical: which row is of the anchor's class, each of them alike",
    estimand="classes gathered in points as far apart as can be",
    parameters=(TEMPERATURE,),
    references=("khosla2020",),
)
