"""Focal loss: cross-entropy that spends less on examples that are already right.

Chapter: ``classification/focal``.  The trap: ``(1 - p_t) ** gamma`` with ``p_t`` rounded to 1 has
an infinite derivative for gamma below 1, and 0 times infinity is NaN.  The factor is an exponential
of a log-probability here, which is finite everywhere.
"""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from lossedu.arguments.checks import (
    Number,
    check_not_negative,
    check_number,
    check_same_shape,
    check_shape,
    check_values,
)
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
from lossedu.losses._fast.closed_form import is_compiled
from lossedu.losses._fast.focal import focal_fused, focal_in_blocks, pays
from lossedu.losses._spec import LossSpec, Parameter, SpecialCase


def sigmoid_focal_loss(
    logits: Tensor,
    targets: Tensor,
    *,
    gamma: float | Tensor = 2.0,
    alpha: Number | None = None,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Down-weight easy examples in binary cross-entropy.

    .. math:: \ell(z, y) = -\alpha_t (1 - p_t)^\gamma \log p_t

    with :math:`p_t` the probability given to what happened, :math:`\sigma(z)` for y = 1 and
    :math:`1 - \sigma(z)` for y = 0, and :math:`\alpha_t` equal to alpha or 1 - alpha likewise.

    Args:
        logits: Unbounded log-odds, any shape, floating point.
        targets: 0, 1, or the probability of 1 (the loss is then the expected one), the same shape.
        gamma: Focusing strength, at least 0: a number, or one an entry (see `adaptive_gamma`), the
            same shape.  At 0 this is cross-entropy; large values ignore every example but those
            given a probability near 0.  2.0 as in section 5.1 of the paper.
        alpha: Weight of positives in [0, 1], negatives get 1 - alpha; None weights both by 1.  At 0
            positives do not count, at 1 negatives do not.
        weight: How much each entry counts, at least 0, the same shape; None counts all alike.
        mask: True where an entry counts, the same shape; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts, in which alpha has no part), ``"sum"``
            or ``"none"``.

    Returns:
        Nats, in [0, inf), never above cross-entropy: a scalar, or one value an entry.  Half
        precision comes back as float32; every other dtype is kept.

    Gradient:
        :math:`\alpha (1 - p)^\gamma (\gamma p \log p + p - 1)` for y = 1, with p the probability of
        1; mirrored for y = 0.  Bounded: at most 1.13 in size for gamma 2 and alpha None.

    Numerics:
        The factor is exp(-gamma * softplus): finite for every finite logit and gamma, value and
        both derivatives, where the power form is NaN for gamma below 1.

    Special cases:
        ``gamma=0``: binary cross-entropy.  ``gamma=0, alpha=0.5``: half of it.

    Raises:
        TypeError: If logits are not floating point, or mask is not boolean.
        ValueError: If shapes differ, targets leave [0, 1] (checked eagerly on the CPU), or an
            option is out of range.

    Example:
        >>> import torch
        >>> loss = sigmoid_focal_loss(torch.tensor([0.0]), torch.tensor([1.0]), gamma=2.0)
        >>> round(loss.item(), 6)
        0.173287

    References:
        T.-Y. Lin, P. Goyal, R. Girshick, K. He, P. Dollar, Focal loss for dense object detection,
        ICCV 2017, arXiv 1708.02002, equation 5.
    """
    if alpha is not None:
        check_number("alpha", alpha, low=0.0, high=1.0)
    logits, targets = paired(logits, targets, mask, "logits")
    check_values("targets", targets, low=0.0, high=1.0, rule="lie in [0, 1]")
    gamma = _checked_gamma(gamma, logits, mask)
    return reduced(_fastest(logits, targets, gamma, alpha), weight, mask, reduction)


def _fastest(
    logits: Tensor, targets: Tensor, gamma: float | Tensor, alpha: Number | None
) -> Tensor:
    if isinstance(gamma, Tensor) or isinstance(alpha, Tensor) or targets.requires_grad:
        return _binary_values(logits, targets, gamma, alpha)
    if is_compiled():
        return focal_fused(logits, targets, gamma, alpha)
    if pays(logits, targets):
        plain = partial(_binary_values, targets=targets, gamma=gamma, alpha=alpha)
        values = focal_in_blocks(logits, targets, gamma, alpha, plain)
        if values is not None:
            return values
    return _binary_values(logits, targets, gamma, alpha)


def _binary_values(
    logits: Tensor, targets: Tensor, gamma: float | Tensor, alpha: Number | None
) -> Tensor:
    if_one, if_zero = surprises(logits)
    costs_one, costs_zero = counted(if_one, if_zero, targets)
    focal_one = torch.exp(-gamma * if_zero) * costs_one
    focal_zero = torch.exp(-gamma * if_one) * costs_zero
    if alpha is not None:
        focal_one, focal_zero = alpha * focal_one, (1 - alpha) * focal_zero
    return expected(focal_one, focal_zero, targets)


def _checked_gamma(gamma: float | Tensor, logits: Tensor, mask: Tensor | None) -> float | Tensor:
    if not isinstance(gamma, Tensor):
        check_number("gamma", gamma, low=0.0)
        return gamma
    if gamma.ndim:
        check_same_shape("gamma", gamma, "logits", logits)
        gamma = hide_masked(gamma, mask)
    gamma = gamma.to(logits.dtype)
    check_not_negative("gamma", gamma)
    return gamma


def softmax_focal_loss(
    logits: Tensor,
    targets: Tensor,
    *,
    gamma: Number = 2.0,
    alpha: Tensor | Sequence[float] | None = None,
    ignore_index: int = -100,
    axis: int = -1,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Down-weight easy examples in categorical cross-entropy.

    .. math:: \ell(z, t) = -\alpha_t (1 - p_t)^\gamma \log p_t, \qquad p = \mathrm{softmax}(z)

    Args:
        logits: Unbounded scores, shape ``(..., C)``, or with the class axis where ``axis`` says.
        targets: Class numbers t, integers of shape ``(...)``.
        gamma: Focusing strength, at least 0.  At 0 this is cross-entropy.
        alpha: A weight for each class, at least 0, shape ``(C,)``; None weights all by 1.
        ignore_index: Targets with this value do not count.
        axis: Which axis of the logits is the class axis; 1 for images of shape (N, C, H, W).
        weight: How much each example counts, at least 0, shape ``(...)``; None counts all alike.
        mask: True where an example counts, shape ``(...)``; hidden rows may hold anything.
        reduction: ``"mean"`` (over the weight that counts, in which alpha has no part), ``"sum"``
            or ``"none"``.

    Returns:
        Nats, in [0, inf): a scalar, or one value an example, shape ``(...)``.  Half precision comes
        back as float32; every other dtype is kept.

    Gradient:
        :math:`\alpha_t (1 - p_t)^{\gamma - 1} (\gamma p_t \log p_t + p_t - 1)(\delta_{kt} - p_k)`.

    Numerics:
        Computed from the log-odds of the true class against the rest, a single logit: finite for
        all finite logits, also for gamma below 1.

    Special cases:
        ``gamma=0``: cross-entropy.  Two classes with logits (0, z) are the binary loss of z.

    Raises:
        TypeError: If logits are not floating point, targets are not integers, or mask is not
            boolean.
        ValueError: If shapes do not fit, class numbers leave [0, C) (checked eagerly on the CPU),
            or an option is out of range.

    Example:
        >>> import torch
        >>> round(softmax_focal_loss(torch.zeros(1, 4), torch.tensor([2])).item(), 6)
        0.779791

    References:
        T.-Y. Lin, P. Goyal, R. Girshick, K. He, P. Dollar, Focal loss for dense object detection,
        ICCV 2017, arXiv 1708.02002, section 3.
    """
    logits = classes_last(logits, axis)
    check_number("gamma", gamma, low=0.0)
    check_mask(mask, logits.shape[:-1])
    mask = without_ignored(targets, logits, mask, ignore_index)
    targets = checked_class_numbers(targets, logits, mask)
    logits = hide_masked(logits, mask).to(accumulation_dtype(logits))
    log_odds = true_class_log_odds(logits, targets)
    surprise, if_not = surprises(log_odds)
    values = torch.exp(-gamma * if_not) * surprise
    if alpha is not None:
        per_class = torch.as_tensor(alpha, dtype=logits.dtype, device=logits.device)
        check_shape("alpha", per_class, logits.shape[-1:], "one weight a class")
        check_not_negative("alpha", per_class)
        values = values * per_class[targets]
    return reduced(values, weight, mask, reduction)


_GAMMA = Parameter(
    name="gamma",
    low=0.0,
    high=float("inf"),
    at_low="cross-entropy",
    at_high="only examples given a probability near 0 count",
    binds={"gamma": "gamma"},
    off={"gamma": "0"},
    samples=(0.0, 0.5, 1.0, 2.0, 5.0),
)

SPEC = LossSpec(
    function=sigmoid_focal_loss,
    title="Focal loss",
    family="classification",
    chapter="classification/focal",
    inputs="logit",
    targets="event",
    formula="-alpha_1*y*(1 - p)**gamma*log(p) - alpha_0*(1 - y)*p**gamma*log(1 - p)",
    link={"p": "sigmoid(z)"},
    domain="0, 1, or the probability of 1",
    noise_model="none: for gamma above 0 it is not the negative logarithm of a likelihood",
    estimand="a probability pulled towards one half, on the same side of it",
    parameters=(
        _GAMMA,
        Parameter(
            name="alpha",
            low=0.0,
            high=1.0,
            at_low="positives do not count",
            at_high="negatives do not count",
            binds={"alpha_1": "alpha", "alpha_0": "1 - alpha"},
            off={"alpha_1": "1", "alpha_0": "1"},
            samples=(0.25, 0.75),
        ),
    ),
    special_cases=(
        SpecialCase(settings={"gamma": 0.0}, equals="binary_cross_entropy_with_logits"),
        SpecialCase(
            settings={"gamma": 0.0, "alpha": 0.5},
            equals="binary_cross_entropy_with_logits",
            factor=0.5,
        ),
    ),
    references=("lin2017", "charoenphakdee2021", "mukhoti2020"),
)

SOFTMAX_SPEC = LossSpec(
    function=softmax_focal_loss,
    title="Focal loss over classes",
    family="classification",
    chapter="classification/focal",
    inputs="logit",
    unit="row",
    targets="class",
    formula="-Sum(alpha[i]*y[i]*(1 - p[i])**gamma*log(p[i]), (i, 1, C))",
    link={"p[i]": "exp(z[i])/Sum(exp(z[j]), (j, 1, C))"},
    domain="class numbers",
    noise_model="none: for gamma above 0 it is not the negative logarithm of a likelihood",
    estimand="a flattened class distribution with the same most probable class",
    parameters=(
        _GAMMA,
        Parameter(
            name="alpha",
            low=0.0,
            high=float("inf"),
            at_low="a class of weight 0 does not count",
            at_high="the other classes do not count",
            binds={"alpha[i]": "alpha[i]"},
            off={"alpha[i]": "1"},
            samples=((0.25, 1.0, 2.5),),
        ),
    ),
    special_cases=(SpecialCase(settings={"gamma": 0.0}, equals="cross_entropy"),),
    references=("lin2017", "charoenphakdee2021"),
)
