"""Hinge loss, its square, and its smooth relative: a right sign is not enough, it must be clear.

Chapter: ``classification/margins``.  The trap: targets of 0 and 1.  With them half of the examples
cost the same whatever the score, and nothing complains; here it is refused.
"""

from dataclasses import replace

import torch
from torch import Tensor

from lossedu.arguments.checks import Number, check_number
from lossedu.arguments.reduction import Reduction, reduced
from lossedu.losses._margin import margins
from lossedu.losses._spec import LossSpec, Parameter, SpecialCase


def hinge_loss(
    scores: Tensor,
    targets: Tensor,
    *,
    margin: Number = 1.0,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge what is missing to a margin.

    .. math:: \ell(s, y) = \max(0, m - y s)

    Args:
        scores: Unbounded scores, any shape, floating point; positive means +1.
        targets: -1 or +1, the same shape, any dtype.
        margin: The margin asked for, at least 0.  At 0 every right sign is free (the perceptron
            loss); large values keep every example in play.
        weight: How much each entry counts, at least 0, the same shape; None counts all alike.
        mask: True where an entry counts, the same shape; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        Units of the score, in [0, inf): a scalar, or one value an entry.  Half precision comes back
        as float32; every other dtype is kept.

    Gradient:
        :math:`-y` where the margin is missed; 0 elsewhere, also exactly on it.

    Numerics:
        Exact: one product, one difference.

    Special cases:
        ``margin=0``: perceptron loss.

    Raises:
        TypeError: If scores are not floating point, or mask is not boolean.
        ValueError: If shapes do not fit, margin is negative, targets are not -1 and +1 (checked
            eagerly on the CPU), or reduction is unknown.

    Example:
        >>> import torch
        >>> scores = torch.tensor([2.0, 0.5, -1.0])
        >>> hinge_loss(scores, torch.ones_like(scores), reduction="none").tolist()
        [0.0, 0.5, 2.0]

    References:
        C. Cortes, V. Vapnik, Support-vector networks, Machine Learning 20, 1995.
    """
    check_number("margin", margin, low=0.0)
    values = (margin - margins(scores, targets, mask)).relu()
    return reduced(values, weight, mask, reduction)


def squared_hinge_loss(
    scores: Tensor,
    targets: Tensor,
    *,
    margin: Number = 1.0,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge the square of what is missing to a margin.

    .. math:: \ell(s, y) = \max(0, m - y s)^2

    Args:
        scores: Unbounded scores, any shape, floating point; positive means +1.
        targets: -1 or +1, the same shape, any dtype.
        margin: The margin asked for, at least 0.  At 0 every right sign is free; large values keep
            every example in play.
        weight: How much each entry counts, at least 0, the same shape; None counts all alike.
        mask: True where an entry counts, the same shape; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        Squared units of the score, in [0, inf): a scalar, or one value an entry.  Half precision
        comes back as float32; every other dtype is kept.

    Gradient:
        :math:`-2 y \max(0, m - y s)`.

    Numerics:
        The difference is taken in float32 or better, so float16 scores cannot overflow the square.

    Raises:
        TypeError: If scores are not floating point, or mask is not boolean.
        ValueError: If shapes do not fit, margin is negative, targets are not -1 and +1 (checked
            eagerly on the CPU), or reduction is unknown.

    Example:
        >>> import torch
        >>> scores = torch.tensor([0.5, -1.0])
        >>> squared_hinge_loss(scores, torch.ones_like(scores), reduction="none").tolist()
        [0.25, 4.0]

    References:
        Y. Lee, O. L. Mangasarian, SSVM: a smooth support vector machine for classification, 2001.
    """
    check_number("margin", margin, low=0.0)
    values = (margin - margins(scores, targets, mask)).relu() ** 2
    return reduced(values, weight, mask, reduction)


def smooth_hinge_loss(
    scores: Tensor,
    targets: Tensor,
    *,
    smoothing: Number = 1.0,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Round the corner of the hinge with a piece of a parabola.

    .. math:: \ell(s, y) = \begin{cases} 0 & y s \ge 1 \\ (1 - y s)^2 / (2 \varsigma) &
        1 - \varsigma < y s < 1 \\ 1 - y s - \varsigma / 2 & \text{otherwise} \end{cases}

    Args:
        scores: Unbounded scores, any shape, floating point; positive means +1.
        targets: -1 or +1, the same shape, any dtype.
        smoothing: How far below 1 the quadratic piece reaches, at least 0.  At 0 this is the hinge
            loss.
        weight: How much each entry counts, at least 0, the same shape; None counts all alike.
        mask: True where an entry counts, the same shape; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        Units of the score, in [0, inf): a scalar, or one value an entry.  Half precision comes back
        as float32; every other dtype is kept.

    Gradient:
        :math:`-y` times what is missing to 1 over the smoothing, clipped to [0, 1]; at most 1 in
        size.

    Numerics:
        With u missing to 1 and c its part in [0, smoothing], c (u - c / 2) / smoothing: one formula
        for all three pieces.

    Special cases:
        ``smoothing=0``: hinge loss.

    Raises:
        TypeError: If scores are not floating point, or mask is not boolean.
        ValueError: If shapes do not fit, smoothing is negative, targets are not -1 and +1 (checked
            eagerly on the CPU), or reduction is unknown.

    Example:
        >>> import torch
        >>> scores = torch.tensor([2.0, 0.5, -1.0])
        >>> smooth_hinge_loss(scores, torch.ones_like(scores), reduction="none").tolist()
        [0.0, 0.125, 1.5]

    References:
        J. Rennie, N. Srebro, Loss functions for preference levels, IJCAI workshop 2005; S.
        Shalev-Shwartz, T. Zhang, Stochastic dual coordinate ascent, JMLR 14, 2013.
    """
    check_number("smoothing", smoothing, low=0.0)
    missing = (1 - margins(scores, targets, mask)).relu()
    limits = torch.finfo(missing.dtype)
    if not isinstance(smoothing, Tensor) and smoothing < limits.tiny:  # as good as 0 in this dtype
        return reduced(missing, weight, mask, reduction)
    width = torch.as_tensor(smoothing, dtype=missing.dtype, device=missing.device)
    width = width.clamp(limits.tiny, limits.max)
    part = missing.minimum(width)
    return reduced(part * (missing - part / 2) / width, weight, mask, reduction)


_MARGIN = Parameter(
    name="margin",
    low=0.0,
    high=float("inf"),
    at_low="the perceptron loss",
    at_high="every example counts, in proportion to its margin",
    binds={"margin": "margin"},
    off={"margin": "1"},
    samples=(0.0, 0.5, 1.0, 2.0),
)

SPEC = LossSpec(
    function=hinge_loss,
    title="Hinge loss",
    family="classification",
    chapter="classification/margins",
    inputs="score",
    targets="sign",
    argument="s",
    formula="Max(0, margin - y*s)",
    domain="-1 or +1",
    noise_model="none: it is not the negative logarithm of a likelihood",
    estimand="the more probable sign, not its probability",
    parameters=(_MARGIN,),
    kinks=("margin",),
    special_cases=(SpecialCase(settings={"margin": 0.0}, equals="perceptron_loss"),),
    references=("cortes1995", "bartlett2006"),
)

SQUARED_SPEC = LossSpec(
    function=squared_hinge_loss,
    title="Squared hinge loss",
    family="classification",
    chapter="classification/margins",
    inputs="score",
    targets="sign",
    argument="s",
    formula="Max(0, margin - y*s)**2",
    domain="-1 or +1",
    noise_model="none",
    estimand="twice the probability of +1 less 1, times the margin",
    parameters=(replace(_MARGIN, at_low="a right sign is free"),),
    references=("lee2001", "bartlett2006"),
)

SMOOTH_SPEC = LossSpec(
    function=smooth_hinge_loss,
    title="Smooth hinge loss",
    family="classification",
    chapter="classification/margins",
    inputs="score",
    targets="sign",
    argument="s",
    formula=(
        "Piecewise((0, y*s >= 1), ((1 - y*s)**2/(2*smoothing), y*s > 1 - smoothing), (1 -"
        " y*s - smoothing/2, True))"
    ),
    domain="-1 or +1",
    noise_model="none",
    estimand="the more probable sign, not its probability",
    parameters=(
        Parameter(
            name="smoothing",
            low=0.0,
            high=float("inf"),
            at_low="the hinge loss",
            at_high="the loss of every score vanishes",
            binds={"smoothing": "smoothing"},
            off={"smoothing": "1"},
            samples=(0.5, 1.0, 2.0),
        ),
    ),
    special_cases=(SpecialCase(settings={"smoothing": 0.0}, equals="hinge_loss"),),
    references=("rennie2005", "shalevshwartz2013"),
)
