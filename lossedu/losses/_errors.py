"""What losses of one error share."""

import torch
from torch import Tensor

from lossedu.arguments.checks import Number
from lossedu.losses._fast.closed_form import attached, slopes_pay

_LINE = 40.0
"""Where log cosh(e) is |e| - log 2 to the last digit of a double."""


def huber(error: Tensor, delta: Number) -> Tensor:
    """The Huber loss of each error: half of its square up to delta, beyond it a line."""
    clipped = error.clamp(-delta, delta)  # type: ignore[arg-type]  # two of a kind, either kind
    return clipped * (error - clipped / 2)


def log_cosh(error: Tensor) -> Tensor:
    """The logarithm of the hyperbolic cosine of each error, with its slope."""
    if not slopes_pay(error):
        return _log_cosh(error)
    with torch.no_grad():
        inside = error.clamp(-_LINE, _LINE)
        half = torch.sinh(inside / 2)
        square = half * half
        # The hyperbolic tangent, from the sine and cosine of half of its argument.
        slope = half.mul_(torch.sqrt(1 + square)).mul_(2).div_(1 + 2 * square)
        values = square.mul_(2).log1p_().add_(inside.sub_(error).abs_())
    return attached(values, [slope], [error], _log_cosh)


def _log_cosh(error: Tensor) -> Tensor:
    # cosh(e) = 1 + 2 sinh(e/2)^2 keeps the digits of small errors; from some size on it is a line.
    inside = error.clamp(-_LINE, _LINE)
    return torch.log1p(2 * torch.sinh(inside / 2) ** 2) + (error - inside).abs()
