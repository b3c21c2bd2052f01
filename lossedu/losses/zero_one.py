"""The 0-1 loss, which counts mistakes, and the perceptron's, which weighs them.

Chapter: ``classification/margins``.  The trap: the 0-1 loss is what one wants and has no gradient
to follow; the perceptron's is smallest for the useless score 0.
"""

import torch
from torch import Tensor

from lossedu.arguments.reduction import Reduction, reduced
from lossedu.losses._margin import margins
from lossedu.losses._spec import LossSpec, SpecialCase


def zero_one_loss(
    scores: Tensor,
    targets: Tensor,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Count mistakes.

    .. math:: \ell(s, y) = [y s \le 0]

    Args:
        scores: Unbounded scores, any shape, floating point; positive means +1.
        targets: -1 or +1, the same shape, any dtype.
        weight: How much each entry counts, at least 0, the same shape; None counts all alike.
        mask: True where an entry counts, the same shape; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        0 or 1; the mean is the error rate: a scalar, or one value an entry.  Half precision comes
        back as float32; every other dtype is kept.

    Gradient:
        0 everywhere: it tells an optimiser nothing.

    Numerics:
        Exact.  A score of 0 is a mistake, whatever the target.

    Raises:
        TypeError: If scores are not floating point, or mask is not boolean.
        ValueError: If shapes do not fit, targets are not -1 and +1 (checked eagerly on the CPU), or
            reduction is unknown.

    Example:
        >>> import torch
        >>> zero_one_loss(torch.tensor([2.0, -1.0, 0.0, 1.0]), torch.tensor([1, 1, 1, 1])).item()
        0.5

    References:
        V. N. Vapnik, Statistical learning theory, 1998, section 1.3.
    """
    # Signs have a gradient, of 0; a comparison would have none, and ``backward`` would fail.
    side = margins(scores, targets, mask)
    # The sign of NaN is 0 in torch, and would count as a mistake.
    values = torch.where(side.isnan(), side, (1 - side.sign()).clamp(max=1))
    return reduced(values, weight, mask, reduction)


def perceptron_loss(
    scores: Tensor,
    targets: Tensor,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge a wrong sign by how far it is wrong.

    .. math:: \ell(s, y) = \max(0, -y s)

    Args:
        scores: Unbounded scores, any shape, floating point; positive means +1.
        targets: -1 or +1, the same shape, any dtype.
        weight: How much each entry counts, at least 0, the same shape; None counts all alike.
        mask: True where an entry counts, the same shape; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        Units of the score, in [0, inf): a scalar, or one value an entry.  Half precision comes back
        as float32; every other dtype is kept.

    Gradient:
        :math:`-y` where the sign is wrong; 0 elsewhere, also at a score of 0.

    Numerics:
        Exact.

    Special cases:
        Hinge loss with a margin of 0.

    Raises:
        TypeError: If scores are not floating point, or mask is not boolean.
        ValueError: If shapes do not fit, targets are not -1 and +1 (checked eagerly on the CPU), or
            reduction is unknown.

    Example:
        >>> import torch
        >>> scores = torch.tensor([2.0, -1.5])
        >>> perceptron_loss(scores, torch.ones_like(scores), reduction="none").tolist()
        [0.0, 1.5]

    References:
        F. Rosenblatt, The perceptron, Psychological Review 65, 1958.
    """
    values = (-margins(scores, targets, mask)).relu()
    return reduced(values, weight, mask, reduction)


SPEC = LossSpec(
    function=zero_one_loss,
    title="0-1 loss",
    family="classification",
    chapter="classification/margins",
    inputs="score",
    targets="sign",
    argument="s",
    formula="1 - above(y*s, 0)",
    domain="-1 or +1",
    noise_model="none: it is a count of decisions",
    estimand="the more probable sign",
    kinks=("0",),
    flat=True,
    references=("vapnik1998", "bartlett2006"),
)

PERCEPTRON_SPEC = LossSpec(
    function=perceptron_loss,
    title="Perceptron loss",
    family="classification",
    chapter="classification/margins",
    inputs="score",
    targets="sign",
    argument="s",
    formula="Max(0, -y*s)",
    domain="-1 or +1",
    noise_model="none",
    estimand="nothing: a score of 0 is optimal for every distribution",
    kinks=("0",),
    special_cases=(SpecialCase(settings={}, equals="hinge_loss", other_settings={"margin": 0.0}),),
    references=("rosenblatt1958",),
)
