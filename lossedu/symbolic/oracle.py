"""The value and the derivatives of a loss to fifty digits, from its formula alone.

Slow and sure: mpmath evaluates the formula as it stands, at a precision that is doubled until two
evaluations agree.  No identity is used that the tested code might share.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath as mp

from lossedu.losses import LossSpec
from lossedu.symbolic.expressions import Setting, in_inputs, symbol
from lossedu.symbolic.functions import derivative, numeric

DIGITS = 50
_MOST_DIGITS = 200_000


def _agreed(evaluate: Callable[[], Any]) -> Any:
    """Evaluate at growing precision until fifty digits stand still."""
    digits = 2 * DIGITS
    previous = None
    while digits <= _MOST_DIGITS:
        with mp.workdps(digits):
            try:
                value = evaluate()
            except (ZeroDivisionError, ValueError):  # a logarithm of a zero that is none
                value = None
            usable = value is not None and isinstance(value, mp.mpf) and mp.isfinite(value)
            if usable and previous is not None and _close(value, previous):
                with mp.workdps(DIGITS):
                    return +value
        previous = value if usable else None
        digits *= 4 if previous is None else 2
    raise ArithmeticError(f"the formula must settle within {_MOST_DIGITS} digits, but did not.")


def _close(value: Any, previous: Any) -> bool:
    return bool(abs(value - previous) <= abs(value) * mp.mpf(10) ** (-DIGITS))


@dataclass(frozen=True)
class Oracle:
    """A loss, its gradient and its curvature as functions of plain numbers.

    Attributes:
        spec: The loss.
        settings: The options in force.
    """

    spec: LossSpec
    settings: tuple[tuple[str, Any], ...]

    def _call(self, order: int, prediction: Any, target: Any, wrt: int) -> Any:
        classes = len(prediction) if self.spec.indexed else 0
        function, names = _compiled(self.spec, self.settings, order, classes, wrt)
        given: dict[str, Any] = {}
        for letter, value in (
            (self.spec.argument, prediction),
            (self.spec.target, target),
            *self.settings,
        ):
            values = value if isinstance(value, Sequence) else [value]
            plain = not isinstance(value, Sequence)
            given |= {letter if plain else f"{letter}_{c}": v for c, v in enumerate(values, 1)}
        return _agreed(lambda: mp.mpf(0) + function(*(mp.mpf(given[name]) for name in names)))

    def value(self, prediction: Any, target: Any) -> Any:
        """The loss; over classes, a sequence of logits and a target row."""
        return self._call(0, prediction, target, 1)

    def gradient(self, prediction: Any, target: Any, wrt: int = 1) -> Any:
        """Its derivative; over classes with respect to logit ``wrt``, counted from 1."""
        return self._call(1, prediction, target, wrt)

    def curvature(self, prediction: Any, target: Any, wrt: int = 1) -> Any:
        """Its second derivative."""
        return self._call(2, prediction, target, wrt)


_CACHE: dict[Any, tuple[Callable[..., Any], list[str]]] = {}


def _compiled(
    spec: LossSpec, settings: tuple[tuple[str, Any], ...], order: int, classes: int, wrt: int
) -> tuple[Callable[..., Any], list[str]]:
    key = (spec.name, spec.formula, settings, order, classes, wrt)
    if key not in _CACHE:
        # A whole number may be a power, and the slope of 0^k is known once k is.
        kept: dict[str, Setting] = {
            name: value if isinstance(value, int) else name for name, value in settings
        }
        expression = in_inputs(spec, classes=classes or 1, **_all_options(spec, kept))
        moved = symbol(f"{spec.argument}_{wrt}" if classes else spec.argument)
        expression = derivative(expression, moved, order)
        symbols = sorted(expression.free_symbols, key=str)
        _CACHE[key] = numeric(symbols, expression), [str(s) for s in symbols]
    return _CACHE[key]


def _all_options(spec: LossSpec, given: dict[str, Setting]) -> dict[str, Setting]:
    return {parameter.name: given.get(parameter.name) for parameter in spec.parameters}


def oracle(spec: LossSpec, **settings: Any) -> Oracle:
    """The 50-digit oracle of a loss; options not given are what the function makes them.

    Example:
        >>> from lossedu import catalog
        >>> zero_logit = oracle(catalog.spec("sigmoid_focal_loss"), gamma=2).value(0, 1)
        >>> round(float(zero_logit), 6)
        0.173287
    """
    for name in settings:
        spec.parameter(name)
    given = {**spec.defaults, **settings}
    used = {name: value for name, value in given.items() if value is not None}
    return Oracle(spec, tuple(sorted(used.items())))
