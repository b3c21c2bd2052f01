"""Power loss: between absolute and squared error.

Chapter: ``regression/squared-absolute-huber``.  The trap: below an exponent of 2 the curvature at
the target is infinite, so second-order methods have nothing to hold on to.
"""

import torch
from torch import Tensor

from lossedu.arguments.checks import Number, check_number, is_known_as
from lossedu.arguments.pairing import paired
from lossedu.arguments.reduction import Reduction, reduced
from lossedu.losses._spec import LossSpec, Parameter, SpecialCase


def power_loss(
    predictions: Tensor,
    targets: Tensor,
    *,
    exponent: Number = 1.5,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Raise the distance between prediction and target to a power.

    .. math:: \ell(x, y) = |x - y|^k

    Args:
        predictions: Predicted values, any shape, floating point.
        targets: Observed values, the same shape.
        exponent: k, at least 1.  At 1 this is the absolute error; large values see the largest
            error alone.
        weight: How much each entry counts, at least 0, the same shape; None counts all alike.
        mask: True where an entry counts, the same shape; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        The k-th power of the unit of the target, in [0, inf): a scalar, or one value an entry.
        Half precision comes back as float32; every other dtype is kept.

    Gradient:
        :math:`k\, |x - y|^{k - 1} \operatorname{sign}(x - y)`; 0 where they are equal.

    Numerics:
        A power of the distance in float32 or better.  For k < 2 the second derivative is infinite
        where prediction and target are equal, as the mathematics says.

    Special cases:
        ``exponent=1``: absolute error.  ``exponent=2``: squared error.

    Raises:
        TypeError: If predictions are not floating point, or mask is not boolean.
        ValueError: If shapes differ, exponent is below 1, or reduction is unknown.

    Example:
        >>> import torch
        >>> power_loss(torch.tensor([4.0]), torch.tensor([0.0])).item()
        8.0

    References:
        F. R. Hampel, E. M. Ronchetti, P. J. Rousseeuw, W. A. Stahel, Robust statistics, 1986.
    """
    check_number("exponent", exponent, low=1.0)
    predictions, targets = paired(predictions, targets, mask)
    error = predictions - targets
    if is_known_as(exponent, 1):
        return reduced(error.abs(), weight, mask, reduction)
    # abs has slope 0 at 0, which would hide the curvature there.
    values = torch.where(error < 0, -error, error) ** exponent
    return reduced(values, weight, mask, reduction)


SPEC = LossSpec(
    function=power_loss,
    title="Power loss",
    family="regression",
    chapter="regression/squared-absolute-huber",
    inputs="value",
    targets="real",
    formula="Abs(x - y)**exponent",
    argument="x",
    domain="any real number",
    noise_model="generalised normal (exponential power)",
    estimand="a location between median and mean (for an exponent between 1 and 2)",
    parameters=(
        Parameter(
            name="exponent",
            low=1.0,
            high=float("inf"),
            at_low="absolute error",
            at_high="only the largest error counts",
            binds={"exponent": "exponent"},
            off={"exponent": "3/2"},
            samples=(1.0, 1.5, 2.0, 3.0),
        ),
    ),
    special_cases=(
        SpecialCase(settings={"exponent": 1.0}, equals="l1_loss"),
        SpecialCase(settings={"exponent": 2.0}, equals="mse_loss"),
    ),
    references=("hampel1986",),
)
