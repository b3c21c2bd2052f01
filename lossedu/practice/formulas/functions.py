"""The functions of formulas: each with its domain, and its slope, which carries rounding errors."""

from collections.abc import Callable, Sequence
from typing import Any

from lossedu.practice.formulas.bounded import (
    CERTAIN,
    LOG_LARGE,
    LOST,
    Bounded,
    arithmetic,
    certain,
    size,
)
from lossedu.practice.formulas.faults import UndefinedError

_ULPS = 4
"""Error of a function of float64 itself, in units of its last place."""


def call(name: str, arguments: Sequence[Bounded]) -> Bounded:
    """A function's value and the bound of its error.

    Raises:
        UndefinedError: Outside of its domain, or where the argument has no digits left.
    """
    if name in _SEVERAL:
        return _extreme(_SEVERAL[name], arguments)
    ((x, error),) = arguments
    if name == "abs":
        return abs(x), error
    if name == "relu":
        return _extreme(max, [(x, error), (arithmetic().zero, 0.0)])
    if name in ("sign", "step"):
        sign = arithmetic().sign(certain((x, error)))
        return (sign if name == "sign" else (sign + 1) / 2), 0.0
    if name == "sqrt":
        return _sqrt(x, error)
    if CERTAIN * error > LOST * (1.0 if name in _PERIODIC else max(size(x), 1.0)):
        raise UndefinedError("lost")
    for edge in _EDGES.get(name, ()):
        x = x if certain((x - edge, error)) else arithmetic().mpf(edge)
    value, slope = _SMOOTH[name](x)
    return value, float(slope) * error + _ULPS * size(value)


def _extreme(choose: Callable[..., Any], arguments: Sequence[Bounded]) -> Bounded:
    """The greatest or the least, with the errors of those that could be it."""
    value, error = choose(arguments, key=lambda argument: argument[0])
    near = [e for v, e in arguments if abs(v - value) <= CERTAIN * (e + error)]
    return value, max(near)


def _sqrt(x: Any, error: float) -> Bounded:
    exact = certain((x, error))
    if exact < 0:
        raise UndefinedError("sqrt")
    if not exact:
        return exact, (CERTAIN * error) ** 0.5 / CERTAIN
    root = arithmetic().sqrt(exact)
    return root, error / (2 * size(root)) + size(root)


def _exp(x: Any) -> Any:
    if x > LOG_LARGE:
        raise UndefinedError("large")
    return arithmetic().exp(x) if x > -LOG_LARGE else arithmetic().zero


def _log(x: Any) -> Any:
    if x <= 0:
        raise UndefinedError("log")
    return arithmetic().log(x)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + _exp(-x)) if x >= 0 else _exp(x) / (1 + _exp(x))


def _tanh(x: Any) -> Any:
    return arithmetic().tanh(max(min(x, LOG_LARGE), -LOG_LARGE))


def _softplus(x: Any) -> Any:
    return max(x, arithmetic().zero) + arithmetic().log1p(_exp(-abs(x)))


def _logit(x: Any) -> Any:
    if not 0 < x < 1:
        raise UndefinedError("logit")
    return _log(x) - arithmetic().log1p(-x)


def _arc(name: str) -> "_Smooth":
    def arc(x: Any) -> tuple[Any, Any]:
        if abs(x) > 1:
            raise UndefinedError("arc")
        return getattr(arithmetic(), name)(x), 1 / max(size(1 - x * x), CERTAIN) ** 0.5

    return arc


def _logarithm(base: int) -> "_Smooth":
    def logarithm(x: Any) -> tuple[Any, Any]:
        scale = arithmetic().log(base) if base else arithmetic().one
        return _log(x) / scale, 1 / (x * scale)

    return logarithm


def _log1p(x: Any) -> tuple[Any, Any]:
    if x <= -1:
        raise UndefinedError("log")
    return arithmetic().log1p(x), 1 / (1 + x)


def _cosh(x: Any) -> Any:
    return (_exp(x) + _exp(-x)) / 2


def _sinh(x: Any) -> Any:
    _cosh(x)  # is refused where the value would be too large
    return arithmetic().sinh(x)


def _of_value(function: Callable[[Any], Any], slope: Callable[[Any, Any], Any]) -> "_Smooth":
    """A function whose slope is one of its argument and value."""

    def both(x: Any) -> tuple[Any, Any]:
        value = function(x)
        return value, abs(slope(x, value))

    return both


_Smooth = Callable[[Any], tuple[Any, Any]]
_EDGES: dict[str, tuple[int, ...]] = {
    "acos": (-1, 1),
    "asin": (-1, 1),
    "log": (0,),
    "log10": (0,),
    "log1p": (-1,),
    "log2": (0,),
    "logit": (0, 1),
}
"""Ends of domains: what rounding could have moved off an end lies on it."""
_PERIODIC = ("sin", "cos", "tan")
_SEVERAL: dict[str, Callable[..., Any]] = {"max": max, "min": min}
_SMOOTH: dict[str, _Smooth] = {
    "acos": _arc("acos"),
    "asin": _arc("asin"),
    "atan": _of_value(lambda x: arithmetic().atan(x), lambda x, _: 1 / (1 + x * x)),
    "cos": _of_value(lambda x: arithmetic().cos(x), lambda x, _: 1),
    "cosh": _of_value(_cosh, lambda x, value: value),
    "exp": _of_value(_exp, lambda x, value: value),
    "expm1": _of_value(lambda x: _expm1(x), lambda x, value: value + 1),
    "log": _logarithm(0),
    "log10": _logarithm(10),
    "log1p": _log1p,
    "log2": _logarithm(2),
    "logit": _of_value(_logit, lambda x, _: 1 / (x * (1 - x))),
    "sigmoid": _of_value(_sigmoid, lambda x, value: value * (1 - value)),
    "sin": _of_value(lambda x: arithmetic().sin(x), lambda x, _: 1),
    "sinh": _of_value(_sinh, lambda x, _: _cosh(x)),
    "softplus": _of_value(_softplus, lambda x, _: _sigmoid(x)),
    "tan": _of_value(lambda x: arithmetic().tan(x), lambda x, value: 1 + value * value),
    "tanh": _of_value(_tanh, lambda x, value: 1 - value * value),
}


def _expm1(x: Any) -> Any:
    return arithmetic().expm1(x) if abs(x) < 1 else _exp(x) - 1
