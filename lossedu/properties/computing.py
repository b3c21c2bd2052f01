"""What a loss is like, from its formula: sign, limits, slope, smoothness, convexity.

Every row is found by evaluating the formula's derivatives in high precision along one axis: the
prediction minus the target for regression, the logit of the true class for classification, the
margin, the lead of the better of two items (rows and lists have two entries here).
"""

from collections.abc import Callable
from functools import cache

import mpmath as mp
import sympy as sp

from lossedu.losses import LossSpec
from lossedu.properties.facts import Properties
from lossedu.symbolic.expressions import Setting, in_inputs, parse, symbol
from lossedu.symbolic.functions import derivative, numeric

_FAR = 10**4
_REACH = 40
_STEPS = 640
_DIGITS_NEAR = 7.0  # a unit of the axis: enough for a temperature of 0.07
_DIGITS_FAR = 0.5  # where only a limit is asked for
_BESIDE = 1e-9
_NOTICED = 1e-6
_INFINITY = float("inf")

_AXES = {
    "real": "prediction minus target",
    "amount": "logarithm of the mean over the target",
    "event": "logit of the truth",
    "sign": "margin",
    "class": "logit of the truth",
    "shares": "logit of a class of probability 3/4",
    "grade": "lead of the better item",
    "none": "logit",
}
_TRUTHS = {"shares": (sp.Rational(3, 4), sp.Rational(1, 4))}


def along_axis(spec: LossSpec, settings: dict[str, Setting]) -> tuple[sp.Expr, sp.Symbol, str]:
    """The loss as a function of one number: what is to be right leads by so much.

    Args:
        spec: The loss.
        settings: Its options, as for `symbolic.formula`; others are what the function makes them.

    Returns:
        The expression, its symbol, and what the symbol stands for.
    """
    options: dict[str, Setting] = {parameter.name: None for parameter in spec.parameters}
    options |= spec.defaults | settings
    a = sp.Symbol("a", real=True)
    expression = in_inputs(spec, classes=2, **options)
    expression = expression.subs({symbol(name): at for name, at in spec.given.items()})
    if spec.indexed:
        other = -a if spec.unit == "list" and spec.targets == "event" else 0
        right, wrong = _TRUTHS.get(spec.targets, (0, 1) if spec.target == "c" else (1, 0))
        row = {f"{spec.argument}_1": a, f"{spec.argument}_2": other}
        row |= {f"{spec.target}_1": right, f"{spec.target}_2": wrong}
        expression = expression.subs({symbol(name): value for name, value in row.items()})
    else:
        truth = 0 if spec.targets == "real" else 1
        expression = expression.subs({symbol(spec.argument): a, symbol(spec.target): truth})
    return expression, a, spec.axis or _AXES[spec.targets]


def _evaluate(expression: sp.Expr, at: sp.Symbol) -> Callable[[float], float]:
    function = numeric([at], expression)

    @cache  # several questions ask at the same places
    def value(number: float) -> float:
        # 1 - sigmoid(a / T) needs a / (T log 10) digits before anything of it is seen.
        a_unit = _DIGITS_NEAR if abs(number) <= _REACH else _DIGITS_FAR
        with mp.workdps(int(a_unit * abs(number)) + 40):
            try:
                return float(function(mp.mpf(number)))
            except ZeroDivisionError:  # a pole, as the curvature of |x|^1.5 at 0
                return _INFINITY

    return value


def _far_limit(function: Callable[[float], float], sign: int) -> float:
    near, far = function(sign * _FAR / 10), function(sign * _FAR)
    if abs(far) > 2 * abs(near) and abs(far) > 1:
        return _INFINITY if far > 0 else -_INFINITY
    return 0.0 if abs(far) < 1e-300 else round(far, 7)


def _least_inside(function: Callable[[float], float]) -> float:
    """The smallest value on the axis, on a grid refined around the best point."""
    step = 2 * _REACH / 400
    best = min((-_REACH + step * k for k in range(401)), key=function)
    for _ in range(6):
        step /= 8
        best = min((best + step * k for k in range(-8, 9)), key=function)
    return round(function(best), 9)


def _largest_size(function: Callable[[float], float]) -> float:
    """The supremum of ``|function|``: a scan, refined around its best point, and both limits."""
    limits = [abs(_far_limit(function, sign)) for sign in (-1, 1)]
    if _INFINITY in limits:
        return _INFINITY
    step = 2 * _REACH / _STEPS
    points = [-_REACH + step * k for k in range(_STEPS + 1)]
    best = max(points, key=lambda x: abs(function(x)))
    for _ in range(12):
        step /= 8
        best = max((best + step * k for k in range(-9, 10)), key=lambda x: abs(function(x)))
    return round(max(abs(function(best)), *limits), 9)


def _negative_stretch(
    bend: Callable[[float], float], downward: list[float]
) -> tuple[float, float] | None:
    """Where the curvature is negative, or the slope jumps down: the smallest interval around it."""
    step = 2 * _REACH / _STEPS
    signs = [(x, bend(x) < 0) for x in (-_REACH + step * k for k in range(_STEPS + 1))]
    below = [x for x, negative in signs if negative]
    ends = list(downward)
    if below:
        first, last = below[0], below[-1]
        ends.append(-_INFINITY if first == -_REACH else _crossing(bend, first - step, first))
        ends.append(_INFINITY if last == _REACH else _crossing(bend, last, last + step))
    return (min(ends), max(ends)) if ends else None


def _kinks(spec: LossSpec, settings: dict[str, Setting]) -> list[float]:
    """Where the spec says that the slope jumps, as numbers."""
    numbers = {symbol(k): v for k, v in {**spec.given, **spec.defaults, **settings}.items()}
    return [float(parse(text, over_classes=False).subs(numbers)) for text in spec.kinks]


def _jump(function: Callable[[float], float], at: float) -> float:
    return function(at + _BESIDE) - function(at - _BESIDE)


def _crossing(function: Callable[[float], float], low: float, high: float) -> float:
    low_negative = function(low) < 0
    for _ in range(40):
        middle = (low + high) / 2
        if (function(middle) < 0) == low_negative:
            low = middle
        else:
            high = middle
    return round((low + high) / 2, 9) + 0.0  # not minus zero


def computed(spec: LossSpec, settings: dict[str, Setting]) -> Properties:
    """The facts of a loss with options, from its formula."""
    expression, a, axis = along_axis(spec, settings)
    value, slope, bend = (_evaluate(derivative(expression, a, n), a) for n in range(3))
    kinks = _kinks(spec, settings)
    continuous = not any(abs(_jump(value, kink)) > _NOTICED for kink in kinks)
    jumps = {kink: _jump(slope, kink) for kink in kinks}
    smooth = continuous and not any(abs(jump) > _NOTICED for jump in jumps.values())
    downward = [k for k, jump in jumps.items() if jump < -_NOTICED or not continuous]
    limits = _far_limit(value, -1), _far_limit(value, 1)
    least = min(_least_inside(value), *limits)
    return Properties(
        axis=axis,
        least=0.0 if abs(least) < 1e-9 else least,
        limits=limits,
        slopes=(_far_limit(slope, -1), _far_limit(slope, 1)),
        lipschitz=_largest_size(slope) if continuous else _INFINITY,
        smoothness=_largest_size(bend) if smooth else _INFINITY,
        nonconvex=_negative_stretch(bend, downward),
    )
