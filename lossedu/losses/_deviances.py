r"""Tweedie deviances of a mean with logarithm z: never below 0, and exact where they are small.

With :math:`d = z - \log y` the deviance of power p is a difference of two powers, each less its
value at :math:`\mu = y`:

.. math:: D_p = 2\left(\frac{\mu^{2-p} - y^{2-p}}{2-p} - y\,\frac{\mu^{1-p} - y^{1-p}}{1-p}\right)
    = 2 y^{2-p} \left(\frac{e^{(2-p) d} - 1}{2 - p} - \frac{e^{(1-p) d} - 1}{1 - p}\right)

in which a power of 0 stands for the logarithm, so that nothing happens at p = 1 and p = 2.  For
small d both terms are d in the first place; there the difference is summed as the series

.. math:: d^2 \sum_{k \ge 0} \frac{(2-p)^{k+1} - (1-p)^{k+1}}{(k+2)!} d^k .
"""

import math
from itertools import count

import torch
from torch import Tensor

_NEAR = 0.5  # up to which distance of the logarithms the series is summed


def tweedie_deviance(log_mean: Tensor, targets: Tensor, power: float) -> Tensor:
    """The deviance, entry by entry; NaN where a target is negative, or 0 and has no density."""
    positive = targets > 0
    log_target = torch.where(positive, targets, 1.0).log()
    # What is not computed where the target is 0 cannot spoil the gradient there.
    gap = torch.where(positive, log_mean - log_target, 0.0)
    level = (2 - power) * log_target
    near = gap.abs() < _NEAR
    values = torch.where(
        near,
        level.exp() * _series(torch.where(near, gap, 0.0), power),
        _risen(level, gap, 2 - power, 1 - power) - _risen(level, gap, 1 - power, 2 - power),
    )
    rest = torch.full_like(values, torch.nan)
    if power < 2:  # a power of the mean is left
        mean = torch.where(positive, 0.0, (2 - power) * log_mean).exp() / (2 - power)
        rest = torch.where(targets == 0, mean, rest)
    return 2 * torch.where(positive, values, rest)


def _risen(level: Tensor, gap: Tensor, power: float, other: float) -> Tensor:
    """By how much a power has risen, over its exponent, times e to a level.

    Args:
        level: The logarithm of the factor.
        gap: By how much the logarithm has risen.
        power: The exponent; at 0 it is the logarithm itself.
        other: That of the term from which this one is taken.  Where both would be infinite the
            other one is what counts, and this one ends at a large number.
    """
    most = torch.finfo(gap.dtype).max
    if power == 0:
        end = math.sqrt(most)
        return level.exp() * (gap.clamp(max=end) if other > 0 else gap.clamp(min=-end))
    steep = power * gap
    far = steep > 1
    exponent = torch.where(far, level + steep, 0.0)  # e^level alone might underflow
    if other < power < 0:
        exponent = exponent.clamp(max=math.log(most * min(1.0, -power)) - 1)
    near = level.exp() * torch.where(far, 0.0, steep).expm1()
    return torch.where(far, exponent.exp() - level.exp(), near) / power


def _series(gap: Tensor, power: float) -> Tensor:
    above, below = 2 - power, 1 - power
    total = torch.zeros_like(gap)
    for k in reversed(range(_terms(max(1.0, abs(above), abs(below)), gap.dtype))):
        total = total * gap + (above ** (k + 1) - below ** (k + 1)) / math.factorial(k + 2)
    return total * gap**2


def _terms(steepest: float, dtype: torch.dtype) -> int:
    """As many terms as it takes until the next one, against the first, is below rounding."""
    ratio, eps = _NEAR * steepest, torch.finfo(dtype).eps
    return next(k for k in count(1) if 2 * (k + 1) * ratio**k / math.factorial(k + 2) < eps / 8)
