"""Cross-entropy: binary (one logit an event) and categorical (one logit a class).

Chapter: ``classification/cross-entropy``.  The trap: taking the logarithm of a probability that has
already been rounded to 0 or 1.  Both losses start from logits and never form that probability.
"""

from collections.abc import Sequence

from torch import Tensor

from lossedu.arguments.checks import (
    Number,
    check_number,
    check_real,
    check_same_shape,
)
from lossedu.arguments.pairing import paired
from lossedu.arguments.reduction import Reduction, check_mask, reduced
from lossedu.losses._binary import (
    chances,
    checked_pos_weight,
    counted,
    expected,
    surprise,
    surprises,
    total_of_events,
)
from lossedu.losses._classes import (
    checked_class_numbers,
    checked_class_weights,
    checked_shares,
    classes_last,
    without_ignored,
)
from lossedu.losses._row_surprise import surprise_of_classes, surprise_of_shares, total_of_classes
from lossedu.losses._spec import LossSpec, Parameter, SpecialCase


def binary_cross_entropy_with_logits(
    logits: Tensor,
    targets: Tensor,
    *,
    pos_weight: float | Tensor | None = None,
    label_smoothing: Number = 0.0,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge the negative log-probability of what happened, one yes-or-no event an entry.

    .. math:: \ell(z, y) = -w\, y \log \sigma(z) - (1 - y) \log(1 - \sigma(z))

    Args:
        logits: Unbounded log-odds, any shape, floating point.
        targets: 0, 1, or the probability of 1, the same shape, any dtype.
        pos_weight: w above, at least 0: a number, or a tensor that broadcasts to the shape of the
            logits without making it larger: counted from the last axis backwards, each of its axes
            has the size of the logits' or 1.  A weight a label on the last axis has shape ``(C,)``;
            a weight a class on axis 1 of (N, C, H, W) has shape ``(C, 1, 1)``.  At 0 positives do
            not count; above 1 the minimiser is no longer the probability.
        label_smoothing: epsilon in [0, 1]: targets become y (1 - epsilon) + epsilon / 2.  At 1
            every target is one half.
        weight: How much each entry counts, at least 0, the same shape; None counts all alike.
        mask: True where an entry counts, the same shape; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        Nats, in [0, inf): a scalar, or one value an entry.  Half precision comes back as float32;
        every other dtype is kept.

    Gradient:
        :math:`\sigma(z) - y` with the options off; bounded by 1.

    Numerics:
        Computed from softplus of both signs; finite for every finite logit, relatively exact for 0
        and 1 targets.

    Special cases:
        ``pos_weight=1`` and ``label_smoothing=0`` change nothing.

    Raises:
        TypeError: If logits are not floating point, or mask is not boolean.
        ValueError: If shapes differ, targets leave [0, 1] (checked eagerly on the CPU), or an
            option is out of range.

    Example:
        >>> import torch
        >>> loss = binary_cross_entropy_with_logits(torch.tensor([0.0]), torch.tensor([1.0]))
        >>> round(loss.item(), 6)
        0.693147

    References:
        I. J. Good, Rational decisions, JRSS B 14, 1952.
    """
    check_number("label_smoothing", label_smoothing, low=0.0, high=1.0)
    logits, targets = paired(logits, targets, mask, "logits")
    targets, kind = chances(targets, label_smoothing)
    alike = pos_weight is None and weight is None and mask is None
    if alike and kind == "certain" and reduction in {"mean", "sum"}:
        total = total_of_events(logits, targets, mean=reduction == "mean")
        if total is not None:
            return total
    if pos_weight is None:
        return reduced(surprise(logits, targets, kind), weight, mask, reduction)
    if_one, if_zero = counted(*surprises(logits), targets)
    if_one = if_one * checked_pos_weight(pos_weight, logits)
    return reduced(expected(if_one, if_zero, targets), weight, mask, reduction)


def cross_entropy(
    logits: Tensor,
    targets: Tensor,
    *,
    class_weights: Tensor | Sequence[float] | None = None,
    label_smoothing: Number = 0.0,
    ignore_index: int = -100,
    axis: int = -1,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge the negative log-probability of the class that occurred.

    .. math:: \ell(z, y) = -\sum_{i=1}^{C} w_i y_i \log p_i, \qquad p = \mathrm{softmax}(z)

    Args:
        logits: Unbounded scores, shape ``(..., C)``, or with the class axis where ``axis`` says.
        targets: Class numbers, integers of shape ``(...)``: that of the logits without the class
            axis; or probabilities, floating point of the shape of the logits, each row summing
            to 1.
        class_weights: w above, at least 0, shape ``(C,)``: torch's ``weight``.  None weighs all
            classes by 1, as does a row of ones; a class of weight 0 does not count.
        label_smoothing: epsilon in [0, 1]: the target row becomes (1 - epsilon) y + epsilon / C
            before it is weighted.  At 1 every row is uniform.
        ignore_index: Integer targets with this value do not count.
        axis: Which axis of the logits is the class axis; 1 for images of shape (N, C, H, W).
        weight: How much each example counts, at least 0, shape ``(...)``; None counts all alike.
        mask: True where an example counts, shape ``(...)``; hidden rows may hold anything.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.  The mean is over the weight that counts:
            with class numbers each example's is its ``weight`` times that of its class; with
            probabilities the class weights have no part in it.  Torch does the same.

    Returns:
        Nats, in [0, inf): a scalar, or one value an example, shape ``(...)``.  Half precision comes
        back as float32; every other dtype is kept.

    Gradient:
        :math:`p_k - y_k`; each entry bounded by 1, its Euclidean norm by :math:`\sqrt 2`.  With
        class weights :math:`p_k \sum_i w_i y_i - w_k y_k`.

    Numerics:
        Gaps to the largest logit and ``log1p`` of the rest: finite for all finite logits and
        relatively exact even where the loss is 1e-300.  A logit of -inf rules a class out.

    Special cases:
        Two classes with logits (0, z) are the binary loss of z; with class weights (1, w) that
        of z with ``pos_weight=w``.

    Raises:
        TypeError: If logits are not floating point, or mask is not boolean.
        ValueError: If shapes do not fit, class numbers leave [0, C) (checked eagerly on the
            CPU), or an option is out of range.

    Example:
        >>> import torch
        >>> round(cross_entropy(torch.zeros(1, 4), torch.tensor([2])).item(), 6)
        1.386294

    References:
        I. J. Good, Rational decisions, JRSS B 14, 1952.
    """
    plain = type(label_smoothing) is float and label_smoothing == 0 and axis == -1
    alike = weight is None and mask is None and class_weights is None
    if plain and alike and reduction in {"mean", "sum"}:
        total = total_of_classes(logits, targets, ignore_index, mean=reduction == "mean")
        if total is not None:
            return total
    rows = classes_last(logits, axis)
    check_number("label_smoothing", label_smoothing, low=0.0, high=1.0)
    check_mask(mask, rows.shape[:-1])
    check_real("targets", targets)
    by_class = None if class_weights is None else checked_class_weights(class_weights, rows)
    if targets.is_floating_point() and targets.shape != rows.shape[:-1]:
        check_same_shape("targets", targets, "logits", logits)
        shares = targets if rows is logits else targets.movedim(axis, -1)
        shares = checked_shares(shares, rows, mask)
        values = surprise_of_shares(rows, shares, mask, label_smoothing, by_class)
        return reduced(values, weight, mask, reduction)
    mask = without_ignored(targets, rows, mask, ignore_index)
    targets = checked_class_numbers(targets, rows, mask)
    values = surprise_of_classes(rows, targets, mask, label_smoothing, by_class)
    size = None if by_class is None else by_class[targets]
    return reduced(values, weight, mask, reduction, size)


_SMOOTHING = "label_smoothing"

BINARY_SPEC = LossSpec(
    function=binary_cross_entropy_with_logits,
    title="Binary cross-entropy",
    family="classification",
    chapter="classification/cross-entropy",
    inputs="logit",
    targets="event",
    formula="-w*q*log(p) - (1 - q)*log(1 - p)",
    link={"p": "sigmoid(z)", "q": "y*(1 - epsilon) + epsilon/2"},
    domain="0, 1, or the probability of 1",
    noise_model="Bernoulli",
    estimand="the conditional probability of 1",
    parameters=(
        Parameter(
            name="pos_weight",
            low=0.0,
            high=float("inf"),
            at_low="positives do not count",
            at_high="negatives do not count",
            binds={"w": "pos_weight"},
            off={"w": "1"},
            samples=(0.5, 10.0),
            shown=False,
        ),
        Parameter(
            name=_SMOOTHING,
            low=0.0,
            high=1.0,
            at_low="the targets as they are",
            at_high="every target is one half",
            binds={"epsilon": _SMOOTHING},
            off={"epsilon": "0"},
            samples=(0.1, 1.0),
            shown=False,
        ),
    ),
    special_cases=(
        SpecialCase(settings={"pos_weight": 1.0}, equals="binary_cross_entropy_with_logits"),
    ),
    references=("good1952", "gneiting2007"),
)

SPEC = LossSpec(
    function=cross_entropy,
    title="Cross-entropy",
    family="classification",
    chapter="classification/cross-entropy",
    inputs="logit",
    unit="row",
    targets="class",
    formula="-Sum(w[i]*q[i]*log(p[i]), (i, 1, C))",
    link={
        "p[i]": "exp(z[i])/Sum(exp(z[j]), (j, 1, C))",
        "q[i]": "(1 - epsilon)*y[i] + epsilon/C",
    },
    domain="class numbers, or a probability for each class",
    noise_model="categorical",
    estimand="the conditional probability of every class",
    parameters=(
        Parameter(
            name="class_weights",
            low=0.0,
            high=float("inf"),
            at_low="a class of weight 0 does not count",
            at_high="the other classes do not count",
            binds={"w[i]": "class_weights[i]"},
            off={"w[i]": "1"},
            samples=((0.25, 1.0, 2.5),),
            shown=False,
        ),
        Parameter(
            name=_SMOOTHING,
            low=0.0,
            high=1.0,
            at_low="the targets as they are",
            at_high="every target row is uniform",
            binds={"epsilon": _SMOOTHING},
            off={"epsilon": "0"},
            samples=(0.1, 1.0),
            shown=False,
        ),
    ),
    references=("good1952", "gneiting2007"),
)
