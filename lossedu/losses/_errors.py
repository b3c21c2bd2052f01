"""What losses of one error share."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lossedu.arguments.checks import Number
from lossedu.losses._fast.closed_form import (
    attached_later,
    fast_path_applies,
    scaled,
    slopes_pay,
)

_LINE = 40.0
"""Where log cosh(e) is |e| - log 2 to the last digit of a double."""

_SINE = 1e34  # less than the square of sinh(_LINE)
_FEW = 2**13  # below that many entries the calls cost more than the arithmetic


def huber(error: Tensor, delta: Number) -> Tensor:
    """The Huber loss of each error: half of its square up to delta, beyond it a line."""
    clipped = error.clamp(-delta, delta)  # type: ignore[arg-type]  # two of a kind, either kind
    return clipped * (error - clipped / 2)


def log_cosh(error: Tensor) -> Tensor:
    """The logarithm of the hyperbolic cosine of each error, with its slope."""
    if error.device.type != "cpu" or not error.numel() or not fast_path_applies():
        return _log_cosh(error)  # nobody sees how large the errors are
    if error.numel() < _FEW or not slopes_pay(error):
        near = error.detach().abs().amax().item() <= _LINE
        return _log_cosh_near(error) if near else _log_cosh(error)
    with torch.no_grad():
        sine = torch.sinh(error)
        values = sine * sine
        beyond = None
        if not values.amax().item() <= _SINE:
            inside = error.clamp(-_LINE, _LINE)
            beyond = (error - inside).abs_()
            sine = inside.sinh_()
            values = sine * sine
        slope = sine.mul_((values + 1).rsqrt_())  # the hyperbolic tangent
        values.log1p_().mul_(0.5)
        if beyond is not None:
            values.add_(beyond)
    return attached_later(values, _pulled, [slope], [error], _log_cosh)


def _pulled(outer: Tensor, inputs: Sequence[Tensor], kept: Sequence[Tensor]) -> list[Tensor]:
    return [scaled(kept[0], outer)]


def _log_cosh_near(error: Tensor) -> Tensor:
    return torch.log1p(torch.sinh(error).square()) * 0.5


def _log_cosh(error: Tensor) -> Tensor:
    # cosh(e)^2 = 1 + sinh(e)^2 keeps the digits of small errors; from some size on it is a line.
    inside = error.clamp(-_LINE, _LINE)
    return _log_cosh_near(inside) + (error - inside).abs()
