"""Dice, Jaccard and soft F1: how well a predicted region covers the true one.

Chapter: ``classification/overlap``.  The trap: a region that is empty.  Without smoothing its loss
is 1 for every prediction and teaches nothing; smoothing decides what an empty region is worth.
"""

from torch import Tensor

from lossedu.arguments.checks import Number, check_number
from lossedu.arguments.reduction import Reduction, reduced
from lossedu.losses._regions import ratio, soft_counts
from lossedu.losses._spec import LossSpec, Parameter


def dice_loss(
    logits: Tensor,
    targets: Tensor,
    *,
    smooth: Number = 1.0,
    dim: int | tuple[int, ...] = -1,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge one minus the share of the two regions that they have in common.

    .. math:: \ell = 1 - \frac{2 \sum_i y_i p_i + \kappa}{\sum_i y_i + \sum_i p_i + \kappa} =
        \frac{\sum_i y_i (1 - p_i) + (1 - y_i) p_i}{\sum_i y_i + \sum_i p_i + \kappa}

    Args:
        logits: Unbounded log-odds, any shape, floating point.
        targets: 0, 1, or the probability of 1, the same shape.
        smooth: Added to the size of both regions, at least 0, in entries.  At 0 an empty target
            costs 1 whatever is predicted, with no gradient; large values make the loss vanish.
        dim: The axes over which a region extends, such as (-2, -1) for images; the others are
            batch.
        weight: How much each region counts, at least 0, the shape without ``dim``; None counts all
            alike.
        mask: True where an entry counts, the shape of the logits; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        In [0, 1]: a scalar, or one value a region.  Half precision comes back as float32; every
        other dtype is kept.

    Gradient:
        :math:`p_i (1 - p_i) (1 - 2 y_i - \ell) / (\sum y + \sum p + \kappa)`: it depends on the
        whole region.

    Numerics:
        A sum of what differs over a sum of what is there: no difference from 1, so a near-perfect
        overlap keeps its digits.

    Special cases:
        ``smooth=0``: soft F1 of the same region.

    Raises:
        TypeError: If logits are not floating point, or mask is not boolean.
        ValueError: If shapes do not fit, targets leave [0, 1] (checked eagerly on the CPU), an
            option is out of range, or reduction is unknown.

    Example:
        >>> import torch
        >>> round(dice_loss(torch.zeros(4), torch.tensor([1.0, 1.0, 0.0, 0.0])).item(), 6)
        0.4

    References:
        F. Milletari, N. Navab, S.-A. Ahmadi, V-Net, 3DV 2016, arXiv 1606.04797; C. H. Sudre et al.,
        Generalised Dice overlap, 2017, arXiv 1707.03237.
    """
    check_number("smooth", smooth, low=0.0)
    hits, misses, alarms = soft_counts(logits, targets, mask, dim)
    differs = misses + alarms
    values, counts = ratio(differs, 2 * hits + differs + smooth, mask, dim)
    return reduced(values, weight, counts, reduction)


def jaccard_loss(
    logits: Tensor,
    targets: Tensor,
    *,
    smooth: Number = 1.0,
    dim: int | tuple[int, ...] = -1,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge one minus intersection over union.

    .. math:: \ell = 1 - \frac{\sum_i y_i p_i + \kappa}{\sum_i y_i + \sum_i p_i - \sum_i y_i p_i +
        \kappa} = \frac{\sum_i y_i (1 - p_i) + (1 - y_i) p_i}{\sum_i y_i + \sum_i (1 - y_i) p_i +
        \kappa}

    Args:
        logits: Unbounded log-odds, any shape, floating point.
        targets: 0, 1, or the probability of 1, the same shape.
        smooth: Added to the size of both regions, at least 0, in entries.  At 0 an empty target
            costs 1 whatever is predicted, with no gradient; large values make the loss vanish.
        dim: The axes over which a region extends, such as (-2, -1) for images; the others are
            batch.
        weight: How much each region counts, at least 0, the shape without ``dim``; None counts all
            alike.
        mask: True where an entry counts, the shape of the logits; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        In [0, 1]: a scalar, or one value a region.  Half precision comes back as float32; every
        other dtype is kept.

    Gradient:
        :math:`p_i (1 - p_i)` times :math:`-1 / U` inside the region, :math:`(1 - \ell) / U`
        outside, with U the union.

    Numerics:
        A sum of what differs over a sum of what is there: no difference from 1, so a near-perfect
        overlap keeps its digits.

    Special cases:
        With d the Dice loss and ``smooth=0`` in both, 2 d / (1 + d).

    Raises:
        TypeError: If logits are not floating point, or mask is not boolean.
        ValueError: If shapes do not fit, targets leave [0, 1] (checked eagerly on the CPU), an
            option is out of range, or reduction is unknown.

    Example:
        >>> import torch
        >>> round(jaccard_loss(torch.zeros(4), torch.tensor([1.0, 1.0, 0.0, 0.0])).item(), 6)
        0.5

    References:
        M. A. Rahman, Y. Wang, Optimizing intersection-over-union in deep neural networks for image
        segmentation, ISVC 2016.
    """
    check_number("smooth", smooth, low=0.0)
    hits, misses, alarms = soft_counts(logits, targets, mask, dim)
    differs = misses + alarms
    values, counts = ratio(differs, hits + differs + smooth, mask, dim)
    return reduced(values, weight, counts, reduction)


def soft_f1_loss(
    logits: Tensor,
    targets: Tensor,
    *,
    beta: Number = 1.0,
    dim: int | tuple[int, ...] = 0,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge one minus F1 with expected counts in place of counts.

    .. math:: \ell = 1 - \frac{(1 + \beta^2) \mathrm{TP}}{(1 + \beta^2) \mathrm{TP} + \beta^2
        \mathrm{FN} + \mathrm{FP}}, \quad \mathrm{TP} = \sum_i y_i p_i, \
        \mathrm{FN} = \sum_i y_i (1 - p_i), \ \mathrm{FP} = \sum_i (1 - y_i) p_i

    Args:
        logits: Unbounded log-odds, any shape, floating point.
        targets: 0, 1, or the probability of 1, the same shape.
        beta: How many times recall matters as much as precision, at least 0.  At 0 precision alone
            counts, for large values recall alone.
        dim: The axes over which counts are taken: the batch, so that the mean over labels is macro
            F1.
        weight: How much each region counts, at least 0, the shape without ``dim``; None counts all
            alike.
        mask: True where an entry counts, the shape of the logits; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        In [0, 1]: a scalar, or one value a region.  Half precision comes back as float32; every
        other dtype is kept.

    Gradient:
        As for Dice; it depends on the whole batch, so small batches estimate another quantity than
        large ones.

    Numerics:
        A sum of what differs over a sum of what is there: no difference from 1, so a near-perfect
        overlap keeps its digits.

    Special cases:
        ``beta=1``: Dice loss with ``smooth=0`` over the same axes.  A label without positives costs
        1 with no gradient.

    Raises:
        TypeError: If logits are not floating point, or mask is not boolean.
        ValueError: If shapes do not fit, targets leave [0, 1] (checked eagerly on the CPU), an
            option is out of range, or reduction is unknown.

    Example:
        >>> import torch
        >>> round(soft_f1_loss(torch.zeros(4), torch.tensor([1.0, 1.0, 0.0, 0.0])).item(), 6)
        0.5

    References:
        J. Eban et al., Scalable learning of non-decomposable objectives, AISTATS 2017, arXiv
        1608.04802.
    """
    check_number("beta", beta, low=0.0)
    hits, misses, alarms = soft_counts(logits, targets, mask, dim)
    unit = max(1.0, beta)
    recall, precision = (beta / unit) ** 2, (1 / unit) ** 2
    differs = recall * misses + precision * alarms
    values, counts = ratio(differs, (recall + precision) * hits + differs, mask, dim)
    return reduced(values, weight, counts, reduction)


_SMOOTH = Parameter(
    name="smooth",
    low=0.0,
    high=float("inf"),
    at_low="an empty target costs 1, with no gradient",
    at_high="the loss vanishes",
    binds={"smooth": "smooth"},
    off={"smooth": "1"},
    samples=(0.0, 1.0, 2.5),
)

SPEC = LossSpec(
    function=dice_loss,
    title="Dice loss",
    family="classification",
    chapter="classification/overlap",
    inputs="logit",
    unit="list",
    targets="event",
    formula=(
        "Sum(y[i]*(1 - p[i]) + (1 - y[i])*p[i], (i, 1, C))/(Sum(y[i] + p[i], (i, 1, C)) + smooth)"
    ),
    link={"p[i]": "sigmoid(z[i])"},
    domain="0, 1, or the probability of 1",
    noise_model="none: it is a ratio of sums",
    estimand="the region of largest expected overlap",
    parameters=(_SMOOTH,),
    references=("milletari2016", "sudre2017"),
)

JACCARD_SPEC = LossSpec(
    function=jaccard_loss,
    title="Jaccard loss",
    family="classification",
    chapter="classification/overlap",
    inputs="logit",
    unit="list",
    targets="event",
    formula=(
        "Sum(y[i]*(1 - p[i]) + (1 - y[i])*p[i], (i, 1, C))/(Sum(y[i] + (1 - y[i])*p[i], "
        "(i, 1, C)) + smooth)"
    ),
    link={"p[i]": "sigmoid(z[i])"},
    domain="0, 1, or the probability of 1",
    noise_model="none: it is a ratio of sums",
    estimand="the region of largest expected intersection over union",
    parameters=(_SMOOTH,),
    references=("rahman2016",),
)

SOFT_F1_SPEC = LossSpec(
    function=soft_f1_loss,
    title="Soft F1 loss",
    family="classification",
    chapter="classification/overlap",
    inputs="logit",
    unit="list",
    targets="event",
    formula=(
        "Sum(k**2*y[i]*(1 - p[i]) + (1 - y[i])*p[i], (i, 1, C))/Sum(k**2*y[i] + p[i], (i, 1, C))"
    ),
    link={"p[i]": "sigmoid(z[i])"},
    domain="0, 1, or the probability of 1",
    noise_model="none: it is a ratio of sums",
    estimand="the decisions of largest expected F1",
    parameters=(
        Parameter(
            name="beta",
            low=0.0,
            high=float("inf"),
            at_low="precision alone counts",
            at_high="recall alone counts",
            binds={"k": "beta"},
            off={"k": "1"},
            samples=(0.5, 1.0, 2.0),
        ),
    ),
    references=("eban2017",),
)
