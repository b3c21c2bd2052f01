"""PolyLoss with one term moved: cross-entropy and a multiple of the probability that it lacks.

Chapter: ``classification/cross-entropy``.  The trap: the added term moves what is estimated.  A
positive epsilon asks for more confidence than the truth, a negative one for less.
"""

import torch
from torch import Tensor

from lossedu.arguments.checks import Number, check_number, check_values
from lossedu.arguments.pairing import paired
from lossedu.arguments.reduction import (
    Reduction,
    accumulation_dtype,
    check_mask,
    hide_masked,
    reduced,
)
from lossedu.losses._binary import counted, expected, surprises
from lossedu.losses._classes import (
    checked_class_numbers,
    classes_last,
    true_class_log_odds,
    without_ignored,
)
from lossedu.losses._spec import LossSpec, Parameter, SpecialCase

_TERMS = 20  # of a series below 1: the first that is left out is below 2e-20 of its sum


def sigmoid_poly1_loss(
    logits: Tensor,
    targets: Tensor,
    *,
    epsilon: Number = 2.0,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Add a multiple of the missing probability to binary cross-entropy.

    .. math:: \ell(z, y) = -\log p_t + \varepsilon (1 - p_t) = (1 + \varepsilon) (1 - p_t) +
        \sum_{j \ge 2} \frac{(1 - p_t)^j}{j}

    with :math:`p_t` the probability given to what happened, :math:`\sigma(z)` for y = 1 and
    :math:`1 - \sigma(z)` for y = 0.

    Args:
        logits: Unbounded log-odds, any shape, floating point.
        targets: 0, 1, or the probability of 1 (the loss is then the expected one), the same shape.
        epsilon: What is added to the coefficient of 1 - p, at least -1.  At -1 that term is gone;
            at 0 this is cross-entropy; for large values the absolute error alone counts.  2 as in
            the paper for images of one object.
        weight: How much each entry counts, at least 0, the same shape; None counts all alike.
        mask: True where an entry counts, the same shape; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        In [0, inf): a scalar, or one value an entry.  Half precision comes back as float32; every
        other dtype is kept.

    Gradient:
        :math:`-(1 - p) (1 + \varepsilon p)` for y = 1, with p the probability of 1; mirrored for
        y = 0.

    Numerics:
        Both parts from log-sigmoid; below 0 the rest of the series after its first term, which is
        no difference of near equals.  Finite for every finite logit.

    Special cases:
        ``epsilon=0``: binary cross-entropy.

    Raises:
        TypeError: If logits are not floating point, or mask is not boolean.
        ValueError: If shapes differ, targets leave [0, 1] (checked eagerly on the CPU), or an
            option is out of range.

    Example:
        >>> import torch
        >>> round(sigmoid_poly1_loss(torch.tensor([0.0]), torch.tensor([1.0])).item(), 6)
        1.693147

    References:
        Z. Leng, M. Tan, C. Liu, E. D. Cubuk, X. Shi, S. Cheng, D. Anguelov, PolyLoss: a polynomial
        expansion perspective of classification loss functions, ICLR 2022, arXiv 2204.12511,
        equation 6.
    """
    check_number("epsilon", epsilon, low=-1.0)
    logits, targets = paired(logits, targets, mask, "logits")
    check_values("targets", targets, low=0.0, high=1.0, rule="lie in [0, 1]")
    one, zero = surprises(logits)
    if_one, if_zero = counted(_poly1(one, zero, epsilon), _poly1(zero, one, epsilon), targets)
    return reduced(expected(if_one, if_zero, targets), weight, mask, reduction)


def softmax_poly1_loss(
    logits: Tensor,
    targets: Tensor,
    *,
    epsilon: Number = 2.0,
    ignore_index: int = -100,
    axis: int = -1,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Add a multiple of the missing probability to categorical cross-entropy.

    .. math:: \ell(z, t) = -\log p_t + \varepsilon (1 - p_t), \qquad p = \mathrm{softmax}(z)

    Args:
        logits: Unbounded scores, shape ``(..., C)``, or with the class axis where ``axis`` says.
        targets: Class numbers t, integers of shape ``(...)``.
        epsilon: What is added to the coefficient of 1 - p, at least -1.  At -1 that term is gone;
            at 0 this is cross-entropy; for large values the missing probability alone counts.  2
            as in the paper for images of one object.
        ignore_index: Targets with this value do not count.
        axis: Which axis of the logits is the class axis; 1 for images of shape (N, C, H, W).
        weight: How much each example counts, at least 0, shape ``(...)``; None counts all alike.
        mask: True where an example counts, shape ``(...)``; hidden rows may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        In [0, inf): a scalar, or one value an example, shape ``(...)``.  Half precision comes back
        as float32; every other dtype is kept.

    Gradient:
        :math:`(1 + \varepsilon p_t) (p_k - \delta_{kt})`: that of cross-entropy, larger where the
        truth is already probable.

    Numerics:
        Computed from the log-odds of the true class against the rest, a single logit, as
        `sigmoid_poly1_loss` is: finite for all finite logits.

    Special cases:
        ``epsilon=0``: cross-entropy.  Two classes with logits (0, z) are the binary loss of z.

    Raises:
        TypeError: If logits are not floating point, targets are not integers, or mask is not
            boolean.
        ValueError: If shapes do not fit, class numbers leave [0, C) (checked eagerly on the CPU),
            or an option is out of range.

    Example:
        >>> import torch
        >>> round(softmax_poly1_loss(torch.zeros(1, 4), torch.tensor([2])).item(), 6)
        2.886294

    References:
        Z. Leng, M. Tan, C. Liu, E. D. Cubuk, X. Shi, S. Cheng, D. Anguelov, PolyLoss: a polynomial
        expansion perspective of classification loss functions, ICLR 2022, arXiv 2204.12511,
        equation 6.
    """
    logits = classes_last(logits, axis)
    check_number("epsilon", epsilon, low=-1.0)
    check_mask(mask, logits.shape[:-1])
    mask = without_ignored(targets, logits, mask, ignore_index)
    targets = checked_class_numbers(targets, logits, mask)
    logits = hide_masked(logits, mask).to(accumulation_dtype(logits))
    surprise, if_not = surprises(true_class_log_odds(logits, targets))
    return reduced(_poly1(surprise, if_not, epsilon), weight, mask, reduction)


def _poly1(surprise: Tensor, if_not: Tensor, epsilon: Number) -> Tensor:
    """From minus the logarithms of p and of 1 - p."""
    missing = torch.exp(-if_not)
    if isinstance(epsilon, Tensor):
        below = _after_the_first_term(surprise) + (1 + epsilon) * missing
        return torch.where(epsilon < 0, below, surprise + epsilon * missing)
    if epsilon < 0:
        return _after_the_first_term(surprise) + (1 + epsilon) * missing
    return surprise + epsilon * missing if epsilon else surprise


def _after_the_first_term(surprise: Tensor) -> Tensor:
    r"""Return :math:`s - (1 - e^{-s})`; below 1, where that would cancel, by its series."""
    near = surprise < 1
    small = torch.where(near, surprise, 0.0)
    series = torch.zeros_like(surprise)
    for term in range(_TERMS, 2, -1):  # s^2/2 (1 - s/3 (1 - s/4 (...)))
        series = small / term * (1 - series)
    large = torch.where(near, 1.0, surprise)
    return torch.where(near, small * small / 2 * (1 - series), large + torch.expm1(-large))


_EPSILON = Parameter(
    name="epsilon",
    low=-1.0,
    high=float("inf"),
    at_low="the term of first order is gone",
    at_high="the missing probability alone counts",
    binds={"epsilon": "epsilon"},
    off={"epsilon": "0"},
    samples=(-1.0, -0.5, 0.0, 2.0),
)

SPEC = LossSpec(
    function=sigmoid_poly1_loss,
    title="Poly-1 loss",
    family="classification",
    chapter="classification/cross-entropy",
    inputs="logit",
    targets="event",
    formula="y*(epsilon*(1 - p) - log(p)) + (1 - y)*(epsilon*p - log(1 - p))",
    link={"p": "sigmoid(z)"},
    domain="0, 1, or the probability of 1",
    noise_model="none: for epsilon other than 0 it is no negative log-likelihood",
    estimand="a probability farther from one half than the truth, if epsilon is positive",
    parameters=(_EPSILON,),
    special_cases=(
        SpecialCase(settings={"epsilon": 0.0}, equals="binary_cross_entropy_with_logits"),
    ),
    references=("leng2022",),
)

SOFTMAX_SPEC = LossSpec(
    function=softmax_poly1_loss,
    title="Poly-1 loss over classes",
    family="classification",
    chapter="classification/cross-entropy",
    inputs="logit",
    unit="row",
    targets="class",
    formula="Sum(y[i]*(epsilon*(1 - p[i]) - log(p[i])), (i, 1, C))",
    link={"p[i]": "exp(z[i])/Sum(exp(z[j]), (j, 1, C))"},
    domain="class numbers",
    noise_model="none: for epsilon other than 0 it is no negative log-likelihood",
    estimand="a sharpened class distribution, if epsilon is positive",
    parameters=(_EPSILON,),
    special_cases=(SpecialCase(settings={"epsilon": 0.0}, equals="cross_entropy"),),
    references=("leng2022",),
)
