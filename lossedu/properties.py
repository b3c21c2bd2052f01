"""What a loss is like, computed from its formula: sign, limits, slope, smoothness, convexity.

Every row is found by evaluating the formula's derivatives in high precision along one axis: the
prediction minus the target for regression, the log-odds of the true class for classification (for
losses over classes: two classes, where nothing is lost).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import mpmath as mp
import sympy as sp

from lossedu.losses import LossSpec
from lossedu.symbolic.expressions import Setting, in_inputs, symbol
from lossedu.symbolic.functions import sigmoid
from lossedu.tables import Cell, Table, as_text

_FAR = 10**4
_REACH = 40
_STEPS = 640


@dataclass(frozen=True)
class Properties:
    """Computed facts about one loss with given options, along its axis.

    Attributes:
        axis: What the axis is.
        least: The infimum of the loss.
        limits: Its limits towards minus and plus infinity.
        slopes: The limits of its slope there.
        lipschitz: The largest slope in size; infinite if there is none.
        smoothness: The largest curvature in size; infinite if there is none.
        nonconvex: The stretch of the axis where the curvature is negative, or None.
    """

    axis: str
    least: float
    limits: tuple[float, float]
    slopes: tuple[float, float]
    lipschitz: float
    smoothness: float
    nonconvex: tuple[float, float] | None

    @property
    def convex(self) -> bool:
        """Whether the curvature is negative nowhere."""
        return self.nonconvex is None


def _along_axis(spec: LossSpec, settings: dict[str, Setting]) -> tuple[sp.Expr, sp.Symbol, str]:
    """The loss as a function of one number."""
    options: dict[str, Setting] = {parameter.name: None for parameter in spec.parameters}
    options |= spec.defaults | settings
    a = sp.Symbol("a", real=True)
    expression = in_inputs(spec, classes=2, **options)
    if spec.has_class_axis:
        row = {symbol("y_1"): 1, symbol("y_2"): 0, symbol("z_1"): a, symbol("z_2"): 0}
        return expression.subs(row), a, "logit of the truth"
    if spec.family == "regression":
        return expression.subs({symbol("x"): a, symbol("y"): 0}), a, "residual"
    return expression.subs({symbol("y"): 1, symbol("z"): a}), a, "logit of the truth"


def _evaluate(expression: sp.Expr, at: sp.Symbol) -> Callable[[float], float]:
    function = sp.lambdify(at, expression.rewrite(sigmoid, sp.exp), modules="mpmath")

    def value(number: float) -> float:
        # 1 - sigmoid(a) needs a / log(10) digits before anything of it is seen.
        with mp.workdps(int(abs(number)) + 40):
            return float(function(mp.mpf(number)))

    return value


def _far_limit(function: Callable[[float], float], sign: int) -> float:
    near, far = function(sign * _FAR / 10), function(sign * _FAR)
    if abs(far) > 2 * abs(near) and abs(far) > 1:
        return float("inf") if far > 0 else float("-inf")
    return 0.0 if abs(far) < 1e-300 else round(far, 9)


def _largest_size(function: Callable[[float], float]) -> float:
    """The supremum of ``|function|``: a scan, refined around its best point, and both limits."""
    limits = [abs(_far_limit(function, sign)) for sign in (-1, 1)]
    if float("inf") in limits:
        return float("inf")
    step = 2 * _REACH / _STEPS
    points = [-_REACH + step * k for k in range(_STEPS + 1)]
    best = max(points, key=lambda x: abs(function(x)))
    for _ in range(6):
        step /= 8
        best = max((best + step * k for k in range(-9, 10)), key=lambda x: abs(function(x)))
    return max(abs(function(best)), *limits)


def _negative_stretch(function: Callable[[float], float]) -> tuple[float, float] | None:
    step = 2 * _REACH / _STEPS
    signs = [(x, function(x) < 0) for x in (-_REACH + step * k for k in range(_STEPS + 1))]
    below = [x for x, negative in signs if negative]
    if not below:
        return None
    left = float("-inf") if below[0] == -_REACH else _crossing(function, below[0] - step, below[0])
    right = (
        float("inf") if below[-1] == _REACH else _crossing(function, below[-1], below[-1] + step)
    )
    return left, right


def _crossing(function: Callable[[float], float], low: float, high: float) -> float:
    low_negative = function(low) < 0
    for _ in range(40):
        middle = (low + high) / 2
        if (function(middle) < 0) == low_negative:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@cache
def _computed(spec: LossSpec, items: tuple[tuple[str, Setting], ...]) -> Properties:
    expression, a, axis = _along_axis(spec, dict(items))
    value, slope, bend = (_evaluate(sp.diff(expression, a, n), a) for n in range(3))
    limits = _far_limit(value, -1), _far_limit(value, 1)
    inside = min(value(-_REACH + 2 * _REACH * k / 400) for k in range(401))
    least = min(inside, *limits)
    return Properties(
        axis=axis,
        least=0.0 if abs(least) < 1e-12 else least,
        limits=limits,
        slopes=(_far_limit(slope, -1), _far_limit(slope, 1)),
        lipschitz=_largest_size(slope),
        smoothness=_largest_size(bend),
        nonconvex=_negative_stretch(bend),
    )


def properties(spec: LossSpec, **settings: Setting) -> Properties:
    """Compute what the loss is like; options not given are what the function makes them.

    Args:
        spec: The loss.
        **settings: Numbers for its options; for options with one value a class, leave them out.

    Returns:
        The computed facts.

    Example:
        >>> from lossedu import catalog
        >>> properties(catalog.spec("mse_loss")).smoothness
        2.0
        >>> properties(catalog.spec("sigmoid_focal_loss"), gamma=2).convex
        False
    """
    return _computed(spec, tuple(sorted(settings.items())))


_HEADINGS = (
    "loss",
    "axis",
    "infimum",
    "limits",
    "slope at the ends",
    "largest slope",
    "largest curvature",
    "convex",
)


def _row(label: str, facts: Properties) -> tuple[Cell, ...]:
    convex = "yes"
    if facts.nonconvex is not None:
        low, high = map(as_text, facts.nonconvex)
        convex = f"not on ({low}, {high})"
    limits, slopes = (", ".join(map(as_text, pair)) for pair in (facts.limits, facts.slopes))
    largest = facts.lipschitz, facts.smoothness
    return (label, facts.axis, facts.least, limits, slopes, *largest, convex)


def table(*specs: LossSpec, **settings: Setting) -> Table:
    """Compare losses by computed properties; ``gamma=(0, 1, 2)`` gives three rows.

    Args:
        *specs: The losses.
        **settings: An option and its value, or a tuple of values, for the losses that have it.

    Returns:
        A table that a notebook renders.
    """
    rows = []
    for spec in specs:
        names = {parameter.name for parameter in spec.parameters}
        used = {k: v if isinstance(v, tuple) else (v,) for k, v in settings.items() if k in names}
        combinations: list[dict[str, Setting]] = [{}]
        for name, values in used.items():
            combinations = [c | {name: value} for c in combinations for value in values]
        for combination in combinations:
            given = ", ".join(f"{k} = {v}" for k, v in combination.items())
            label = f"{spec.title} ({given})" if given else spec.title
            rows.append(_row(label, properties(spec, **combination)))
    return Table(_HEADINGS, rows, label="computed properties")
