"""Absolute error.

Chapter: ``regression/squared-absolute-huber``.  The trap: its gradient has the same size next to
the target as far from it, so a fixed step never settles.
"""

from torch import Tensor

from lossedu.arguments.pairing import paired
from lossedu.arguments.reduction import Reduction, reduced
from lossedu.losses._spec import LossSpec


def l1_loss(
    predictions: Tensor,
    targets: Tensor,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Take the distance between prediction and target.

    .. math:: \ell(x, y) = |x - y|

    Args:
        predictions: Predicted values, any shape, floating point.
        targets: Observed values, the same shape.
        weight: How much each entry counts, at least 0, the same shape; None counts all alike.
        mask: True where an entry counts, the same shape; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        Units of the target, in [0, inf): a scalar, or one value an entry.  Half precision comes
        back as float32; every other dtype is kept.

    Gradient:
        :math:`\operatorname{sign}(x - y)`; 0 where they are equal.

    Numerics:
        Exact: one subtraction in float32 or better.

    Raises:
        TypeError: If predictions are not floating point, or mask is not boolean.
        ValueError: If shapes differ, or reduction is unknown.

    Example:
        >>> import torch
        >>> l1_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0])).item()
        1.0

    References:
        P.-S. Laplace, Memoire sur la probabilite des causes par les evenements, 1774.
    """
    predictions, targets = paired(predictions, targets, mask)
    return reduced((predictions - targets).abs(), weight, mask, reduction)


SPEC = LossSpec(
    function=l1_loss,
    title="Absolute error",
    family="regression",
    chapter="regression/squared-absolute-huber",
    inputs="value",
    targets="real",
    formula="Abs(x - y)",
    argument="x",
    domain="any real number",
    noise_model="Laplace with constant scale",
    estimand="the conditional median",
    kinks=("0",),
    references=("laplace1774", "koenker1978"),
)
