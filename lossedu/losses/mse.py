"""Squared error.

Chapter: ``foundations/what-a-loss-asks``.  The trap: the loss of one far outlier can exceed the
rest of the batch together, while its share of the gradient is much smaller.
"""

import torch
from torch import Tensor

from lossedu.arguments.pairing import paired
from lossedu.arguments.reduction import Reduction, by_kernel
from lossedu.losses._spec import LossSpec


def mse_loss(
    predictions: Tensor,
    targets: Tensor,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Square the difference between prediction and target.

    .. math:: \ell(x, y) = (x - y)^2

    Args:
        predictions: Predicted values, any shape, floating point.
        targets: Observed values, the same shape.
        weight: How much each entry counts, at least 0, the same shape; None counts all alike.
        mask: True where an entry counts, the same shape; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        Squared units of the target, in [0, inf): a scalar, or one value an entry.  Half precision
        comes back as float32; every other dtype is kept.

    Gradient:
        :math:`2 (x - y)`, unbounded.

    Numerics:
        The difference is taken in float32 or better, so float16 inputs cannot overflow the square.

    Raises:
        TypeError: If predictions are not floating point, or mask is not boolean.
        ValueError: If shapes differ, or reduction is unknown.

    Example:
        >>> import torch
        >>> mse_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0])).item()
        2.0

    References:
        C. F. Gauss, Theoria combinationis observationum erroribus minimis obnoxiae, 1823.
    """
    predictions, targets = paired(predictions, targets, mask)
    return by_kernel(torch.nn.functional.mse_loss, predictions, targets, weight, mask, reduction)


SPEC = LossSpec(
    function=mse_loss,
    title="Squared error",
    family="regression",
    chapter="foundations/what-a-loss-asks",
    inputs="value",
    targets="real",
    formula="(x - y)**2",
    argument="x",
    domain="any real number",
    noise_model="Gaussian with constant variance",
    estimand="the conditional mean",
    references=("gauss1823", "gneiting2007"),
)
