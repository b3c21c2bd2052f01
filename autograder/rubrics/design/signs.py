"""How known mistakes show in what is charged, whatever the growth with severity.

Two designs of the same kind differ in every value, so these look at ratios: of a miss to the
mirrored false alarm, of severities, and of one logit to another.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import softplus

from autograder.rubrics.design.case_charges import Shown
from autograder.rubrics.design.case_laws import COST, PUBLIC, Sign

_SHIFT = math.log(COST)


def _equal(values: Tensor, value: float | Tensor) -> bool:
    due = torch.as_tensor(value, dtype=torch.float64)
    return torch.allclose(values, due.expand_as(values), rtol=2e-3, atol=1e-5)


def _alone(shown: Shown) -> bool:
    """Whether a batch is charged what its cases are charged, summed or averaged."""
    if shown.together is None:
        return False
    if shown.together.ndim:
        return shown.together.shape == shown.singly.shape and _equal(shown.together, shown.singly)
    return _equal(shown.together, shown.singly.mean()) or _summed(shown)


def _summed(shown: Shown) -> bool:
    return (
        shown.together is not None
        and not shown.together.ndim
        and _equal(shown.together, shown.singly.sum())
    )


def _miss_costs(ratio: float) -> Sign:
    return lambda shown: _alone(shown) and _equal(shown.charges.at_mirrors(), ratio)


def _shifted(shown: Shown) -> bool:
    """Charges mirror each other about log 20 instead of about 0."""
    logits = shown.charges.grid.logits
    low, high = logits.index(_SHIFT - 1), logits.index(_SHIFT + 1)
    normal, abnormal = shown.charges.values
    return (
        bool((shown.charges.values > 0).all())
        and _equal(abnormal[:, low], normal[:, high])
        and _equal(abnormal[:, high], normal[:, low])
    )


def _added(shown: Shown) -> bool:
    """Slopes mirror each other, while values do not."""
    charges = shown.charges
    return (
        bool(charges.slopes.any())
        and _equal(charges.wrong_slopes(1), charges.wrong_slopes(0))
        and not _equal(charges.wrong(1), charges.wrong(0))
    )


def _grows(holds: Callable[[Tensor, Tensor], bool]) -> Sign:
    """What the greatest severity costs over the least, for normal and for abnormal cases."""
    return lambda shown: holds(shown.charges.growth(0)[-1], shown.charges.growth(1)[-1])


def _flat(growth: Tensor) -> bool:
    return _equal(growth, 1.0)


def _within(growth: Tensor, low: float, high: float) -> bool:
    return bool(((growth > low) & (growth < high)).all())


def _switched_off(shown: Shown) -> bool:
    return _equal(shown.charges.values[:, 0], 0.0) and bool(shown.charges.values[:, -1].any())


def _follows(shape: Callable[[Tensor], Tensor]) -> Sign:
    """On the wrong side the charge is in proportion to a known shape."""

    def shows(shown: Shown) -> bool:
        due = shape(torch.tensor(PUBLIC.sizes, dtype=torch.float64))
        wrong = [shown.charges.wrong(target)[-1] for target in (0, 1)]
        same_sign = all(bool(charge[0] * due[0] > 0) for charge in wrong)
        return same_sign and all(_equal(charge / charge[0], due / due[0]) for charge in wrong)

    return shows


_logarithmic = _follows(softplus)


def _overflows(shown: Shown) -> bool:
    values, slopes = shown.far
    return _logarithmic(shown) and not bool((values.isfinite() & slopes.isfinite()).all())


def _stops_far_out(shown: Shown) -> bool:
    values, slopes = shown.far
    moves = bool(shown.charges.slopes.any())
    return moves and _logarithmic(shown) and bool(values.isfinite().all()) and not slopes.any()


SIGNS: dict[str, Sign] = {
    "charge-sum": _summed,
    "charge-divided-by-weights": lambda shown: (
        not _alone(shown) and _equal(shown.charges.at_mirrors(), 1.0)
    ),
    "charge-severity-within-batch": lambda shown: (
        not _alone(shown) and _equal(shown.charges.at_mirrors(), COST)
    ),
    "charge-cost-on-normal": _miss_costs(1 / COST),
    "charge-no-cost": _miss_costs(1.0),
    "charge-cost-twice": _miss_costs(COST**2),
    "charge-cost-as-logarithm": _miss_costs(_SHIFT),
    "charge-cost-as-shift": _shifted,
    "charge-cost-added": _added,
    "charge-severity-ignored": lambda shown: (
        _alone(shown) and _grows(lambda normal, abnormal: _flat(normal) and _flat(abnormal))(shown)
    ),
    "charge-severity-on-abnormal-alone": _grows(
        lambda normal, abnormal: _flat(normal) and _within(abnormal, 1.01, 1e9)
    ),
    "charge-severity-on-normal-alone": _grows(
        lambda normal, abnormal: _flat(abnormal) and _within(normal, 1.01, 1e9)
    ),
    "charge-severity-falls": _grows(
        lambda normal, abnormal: _within(normal, 0.0, 0.99) and _within(abnormal, 0.0, 0.99)
    ),
    "charge-severity-from-zero": _switched_off,
    "charge-severity-exponential": _grows(
        lambda normal, abnormal: _within(normal, 20.1, 1e9) and _within(abnormal, 20.1, 1e9)
    ),
    "charge-severity-hardly": _grows(
        lambda normal, abnormal: _within(normal, 1.01, 1.49) and _within(abnormal, 1.01, 1.49)
    ),
    "charge-squared-error": _follows(lambda z: torch.sigmoid(z) ** 2),
    "charge-absolute-error": _follows(torch.sigmoid),
    "charge-hinge": _follows(lambda z: 1 + z),
    "charge-focal": _follows(lambda z: torch.sigmoid(z) ** 2 * softplus(z)),
    "charge-exponential": _follows(torch.exp),
    "charge-negative": _follows(lambda z: -softplus(z)),
    "charge-detached": lambda shown: not shown.charges.slopes.any(),
    "charge-naive-exp": _overflows,
    "charge-clamped": _stops_far_out,
}
