"""Quantile (pinball) loss: being too low costs more, or less, than being too high.

Chapter: ``regression/quantiles-counts-uncertainty``.  The trap: the sign of the difference.  A high
quantile must make *under*-prediction expensive.
"""

import torch
from torch import Tensor

from lossedu.arguments.checks import Number, check_number, is_known_as
from lossedu.arguments.pairing import paired
from lossedu.arguments.reduction import Reduction, reduced
from lossedu.losses._spec import LossSpec, Parameter, SpecialCase


def quantile_loss(
    predictions: Tensor,
    targets: Tensor,
    *,
    quantile: Number = 0.5,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge under- and over-prediction at the ratio of a quantile.

    .. math:: \ell(x, y) = \max(\tau (y - x),\ (\tau - 1)(y - x))

    Args:
        predictions: Predicted values, any shape, floating point.
        targets: Observed values, the same shape.
        quantile: tau in [0, 1], the share of targets that should lie below the prediction.  At 0
            predictions above the target alone cost, at 1 those below.
        weight: How much each entry counts, at least 0, the same shape; None counts all alike.
        mask: True where an entry counts, the same shape; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        Units of the target, in [0, inf): a scalar, or one value an entry.  Half precision comes
        back as float32; every other dtype is kept.

    Gradient:
        :math:`-\tau` below the target, :math:`1 - \tau` above it, 0 on it.

    Numerics:
        Exact: two products, of which one is 0.

    Special cases:
        ``quantile=0.5``: half of the absolute error.

    Raises:
        TypeError: If predictions are not floating point, or mask is not boolean.
        ValueError: If shapes differ, quantile leaves [0, 1], or reduction is unknown.

    Example:
        >>> import torch
        >>> quantile_loss(torch.tensor([0.0, 0.0]), torch.tensor([1.0, -1.0]), quantile=0.9).item()
        0.5

    References:
        R. Koenker, G. Bassett, Regression quantiles, Econometrica 46, 1978.
    """
    check_number("quantile", quantile, low=0.0, high=1.0)
    predictions, targets = paired(predictions, targets, mask)
    short = targets - predictions
    # A side that costs nothing is left out: 0 times an overflow would be NaN.
    short_costs, over_costs = not is_known_as(quantile, 0), not is_known_as(quantile, 1)
    values = quantile * short.relu() if short_costs else torch.zeros_like(short)
    if over_costs:
        values = values + (1 - quantile) * (-short).relu()
    return reduced(values, weight, mask, reduction)


SPEC = LossSpec(
    function=quantile_loss,
    title="Quantile loss",
    family="regression",
    chapter="regression/quantiles-counts-uncertainty",
    inputs="value",
    targets="real",
    formula="Max(quantile*(y - x), (quantile - 1)*(y - x))",
    argument="x",
    domain="any real number",
    noise_model="asymmetric Laplace",
    estimand="the conditional quantile",
    parameters=(
        Parameter(
            name="quantile",
            low=0.0,
            high=1.0,
            at_low="only predictions above the target cost",
            at_high="only predictions below the target cost",
            binds={"quantile": "quantile"},
            off={"quantile": "1/2"},
            samples=(0.1, 0.5, 0.9),
        ),
    ),
    kinks=("0",),
    special_cases=(SpecialCase(settings={"quantile": 0.5}, equals="l1_loss", factor=0.5),),
    references=("koenker1978",),
)
