"""Quantile (pinball) loss: being too low costs more, or less, than being too high.

Chapter: ``regression/quantiles-counts-uncertainty``.  The trap: the sign of the difference.  A high
quantile must make *under*-prediction expensive.
"""

from collections.abc import Sequence
from typing import TypeGuard

import torch
from torch import Tensor

from lossedu.arguments.checks import (
    Number,
    can_look,
    check_floating,
    check_no_nan,
    check_number,
    check_shape,
    check_values,
    is_known_as,
)
from lossedu.arguments.pairing import paired
from lossedu.arguments.reduction import Reduction, check_mask, hide_masked, reduced
from lossedu.losses._spec import LossSpec, Parameter, SpecialCase


def quantile_loss(
    predictions: Tensor,
    targets: Tensor,
    *,
    quantile: Number | Sequence[float] = 0.5,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge under- and over-prediction at the ratio of a quantile.

    .. math:: \ell(x, y) = \max(\tau (y - x),\ (\tau - 1)(y - x))

    Args:
        predictions: Predicted values, any shape, floating point; of several levels, shape
            ``(..., k)`` with level j in column j.
        targets: Observed values, the same shape; of several levels, shape ``(...)``.
        quantile: tau in [0, 1], the share of targets that should lie below the prediction.  At 0
            predictions above the target alone cost, at 1 those below.  A sequence of k levels, or a
            tensor or array of shape ``(k,)``, asks for all at once, each from its own column.
        weight: How much each target counts, at least 0, the shape of the targets; None counts all
            alike.
        mask: True where a target counts, the shape of the targets; hidden entries, and the
            predictions for them, may hold anything.
        reduction: ``"mean"`` (over the weight that counts, and over levels), ``"sum"`` or
            ``"none"``.

    Returns:
        Units of the target, in [0, inf): a scalar, or one value a prediction.  Half precision
        comes back as float32; every other dtype is kept.

    Gradient:
        :math:`-\tau` below the target, :math:`1 - \tau` above it, 0 on it.

    Numerics:
        Exact: two products, of which one is 0.

    Special cases:
        ``quantile=0.5``: half of the absolute error.  Over many levels, evenly spaced, twice the
        mean tends to the continuous ranked probability score.  Columns are charged apart and may
        cross: see `quantile_crossing_rate`.

    Raises:
        TypeError: If predictions are not floating point, or mask is not boolean.
        ValueError: If shapes do not fit, quantile leaves [0, 1], or reduction is unknown.

    Example:
        >>> import torch
        >>> quantile_loss(torch.tensor([0.0, 0.0]), torch.tensor([1.0, -1.0]), quantile=0.9).item()
        0.5
        >>> fan, seen = torch.tensor([[1.0, 2.0, 4.0]]), torch.tensor([3.0])
        >>> quantile_loss(fan, seen, quantile=[0.25, 0.5, 0.75], reduction="none").tolist()
        [[0.5, 0.5, 0.25]]

    References:
        R. Koenker, G. Bassett, Regression quantiles, Econometrica 46, 1978.
    """
    level = _levels(quantile)
    if _are_several(level):
        return _of_several(predictions, targets, level, weight, mask, reduction)
    predictions, targets = paired(predictions, targets, mask)
    short = targets - predictions
    # A side that costs nothing is left out: 0 times an overflow would be NaN.
    short_costs, over_costs = not is_known_as(level, 0), not is_known_as(level, 1)
    values = level * short.relu() if short_costs else torch.zeros_like(short)
    if over_costs:
        values = values + (1 - level) * (-short).relu()
    return reduced(values, weight, mask, reduction)


def quantile_crossing_rate(
    predictions: Tensor, quantile: Sequence[float] | Tensor, *, mask: Tensor | None = None
) -> Tensor:
    r"""Measure how often predicted quantiles cross: a lower level above a higher one.

    .. math:: \frac{1}{n} \sum_{i=1}^{n} \left[x_{ij} > x_{ik}
        \text{ for some } \tau_j < \tau_k\right]

    Such rows are of no distribution.  Sorting each row repairs it and never raises the sum of its
    losses; a first level plus steps through softplus never crosses in the first place.

    Args:
        predictions: Shape ``(..., k)``, floating point: level j in column j.
        quantile: The k levels, each in [0, 1], no two alike, in any order.
        mask: True where a row counts, shape ``(...)``; hidden ones may hold anything.

    Returns:
        The share of rows in which any two levels cross, in [0, 1], a float64 scalar without
        gradient; 0 if no row counts.  Equal predictions do not cross.

    Raises:
        TypeError: If predictions are not floating point, or mask is not boolean.
        ValueError: If shapes do not fit, predictions hold NaN, or quantile is not as it must be.

    Example:
        >>> import torch
        >>> fans = torch.tensor([[1.0, 2.0, 4.0], [1.0, 3.0, 2.0]])
        >>> quantile_crossing_rate(fans, [0.1, 0.5, 0.9]).item()
        0.5

    References:
        V. Chernozhukov, I. Fernandez-Val, A. Galichon, Quantile and probability curves without
        crossing, Econometrica 78, 2010.
    """
    levels = _levels(quantile)
    if not _are_several(levels):
        raise TypeError("quantile must be a sequence of levels, but is a single number.")
    _check_columns(predictions, levels)
    check_mask(mask, predictions.shape[:-1])
    rows = hide_masked(predictions.detach(), mask)
    check_no_nan("predictions", rows)
    ranked, order = levels.detach().to(rows.device).sort()
    again = ranked[1:] == ranked[:-1]
    if can_look(again) and again.any():
        twice = ranked[1:][again][0].item()
        raise ValueError(f"quantile must hold each level once, but holds {twice:g} twice.")
    crossed = (rows[..., order].diff(dim=-1) < 0).any(-1)
    shown = torch.ones_like(crossed) if mask is None else mask
    return (crossed & shown).sum() / shown.sum().clamp(min=1).double()


def _are_several(level: Number) -> TypeGuard[Tensor]:
    return isinstance(level, Tensor) and level.ndim == 1


def _levels(quantile: Number | Sequence[float]) -> Number:
    """Several levels as a tensor of one axis; a single one as it is."""
    if isinstance(quantile, Tensor) and quantile.ndim == 1:
        check_floating("quantile", quantile)
        levels = quantile
    elif getattr(quantile, "ndim", 0) == 1:  # an array of numpy, which is no Sequence
        levels = torch.as_tensor(quantile, dtype=torch.float64)
    elif isinstance(quantile, Sequence) and not isinstance(quantile, str):
        for level in quantile:
            check_number("quantile", level, low=0.0, high=1.0)
        levels = torch.tensor([float(level) for level in quantile], dtype=torch.float64)
    else:
        check_number("quantile", quantile, low=0.0, high=1.0)
        return quantile
    check_values("quantile", levels, low=0.0, high=1.0, rule="lie in [0, 1]")
    if not len(levels):
        raise ValueError("quantile must hold a level, but is empty.")
    return levels


def _check_columns(predictions: Tensor, levels: Tensor) -> None:
    check_floating("predictions", predictions)
    shape, k = tuple(predictions.shape), len(levels)
    if shape[-1:] != (k,):
        raise ValueError(
            f"predictions must have a last axis of {k}, a column a level, but has shape {shape}."
        )


def _of_several(
    predictions: Tensor,
    targets: Tensor,
    levels: Tensor,
    weight: Tensor | None,
    mask: Tensor | None,
    reduction: Reduction,
) -> Tensor:
    _check_columns(predictions, levels)
    shape = predictions.shape[:-1]
    check_shape("targets", targets, shape, "one target a row of predictions")
    check_mask(mask, shape)
    if weight is not None:
        check_shape("weight", weight, shape, "one number a target")
    every = predictions.shape
    if mask is not None:
        mask = mask.unsqueeze(-1).expand(every)
    if weight is not None:
        weight = weight.unsqueeze(-1).expand(every)
    predictions, targets = paired(predictions, targets.unsqueeze(-1).expand(every), mask)
    short = targets - predictions
    under, over = levels.to(short), (1 - levels).to(short)
    values = _costs(under, short.relu()) + _costs(over, (-short).relu())
    return reduced(values, weight, mask, reduction)


def _costs(price: Tensor, missed: Tensor) -> Tensor:
    """Price times what is missed; what is free costs 0, be it without end."""
    free = (price == 0) & (missed == torch.inf)
    return price * torch.where(free, torch.zeros_like(missed), missed)


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
