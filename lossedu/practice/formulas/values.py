"""The value of a formula at a point, computed with 40 digits."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from lossedu.practice.formulas.bounded import (
    CERTAIN,
    LARGE,
    LOG_LARGE,
    LOST,
    Bounded,
    arithmetic,
    certain,
    size,
)
from lossedu.practice.formulas.faults import UndefinedError
from lossedu.practice.formulas.functions import call
from lossedu.practice.formulas.tree import Tree


def value_of(tree: Tree, values: Mapping[str, float]) -> float:
    """The value of a formula, computed with 40 digits and rounded once.

    Args:
        tree: What `parse_formula` read.
        values: Name -> number; a float counts as the decimal that Python prints, 0.1 as 1/10.

    Raises:
        UndefinedError: If there is none: a division by zero, the logarithm of zero, a complex
            power, or a value beyond 1e300.
        KeyError: If a name has no value.

    Example:
        >>> from lossedu.practice.formulas import parse_formula
        >>> value_of(parse_formula("-log p", ["p"]), {"p": 0.5})
        0.6931471805599453
    """
    mp = arithmetic()
    decimals = {name: mp.mpf(repr(float(value))) for name, value in values.items()}
    return float(bounded_value(tree, decimals)[0])


def bounded_value(tree: Tree, values: Mapping[str, Any]) -> Bounded:
    """The value of a formula and the bound of its rounding error.

    Raises:
        UndefinedError: If there is none.
    """
    if tree.kind == "name":
        return values[tree.text], 0.0
    if tree.kind in ("number", "constant"):
        number = _constant(tree.text)
        return number, abs(float(number))
    parts = [bounded_value(part, values) for part in tree.parts]
    if tree.kind == "call":
        value, error = call(tree.text, parts)
    else:
        value, error = _OPERATIONS[tree.kind](*parts)
    if not abs(value) <= LARGE:
        raise UndefinedError("large")
    return (value, error) if abs(value) >= 1 / LARGE else (arithmetic().zero, error)


@cache
def _constant(text: str) -> Any:
    mp = arithmetic()
    if text in ("e", "pi"):
        return +getattr(mp, text)
    return mp.mpf(text)


def _add(a: Bounded, b: Bounded) -> Bounded:
    value = a[0] + b[0]
    return value, a[1] + b[1] + size(value)


def _subtract(a: Bounded, b: Bounded) -> Bounded:
    return _add(a, (-b[0], b[1]))


def _multiply(a: Bounded, b: Bounded) -> Bounded:
    value = a[0] * b[0]
    error = a[1] * size(b[0]) + b[1] * size(a[0]) + CERTAIN * a[1] * b[1]
    return value, error + size(value)


def _divide(a: Bounded, b: Bounded) -> Bounded:
    divisor = certain(b)
    if not divisor:
        raise UndefinedError("zero")
    value = a[0] / divisor
    least = size(divisor) - CERTAIN * b[1]
    return value, (a[1] + size(value) * b[1]) / least + size(value)


def _negate(a: Bounded) -> Bounded:
    return -a[0], a[1]


_ODD_OR_EVEN = 0.5
"""With this uncertainty an exponent is neither, and the sign of the power unknown."""


def _power(a: Bounded, b: Bounded) -> Bounded:
    base, exponent = certain(a), b[0]
    if CERTAIN * b[1] > LOST * max(size(exponent), 1.0):
        raise UndefinedError("lost")
    nearest = arithmetic().nint(exponent)
    if abs(exponent - nearest) <= CERTAIN * b[1]:
        exponent = nearest
    if not base:
        if exponent <= 0:
            raise UndefinedError("zero power")
        return base, min(CERTAIN * a[1], 1.0) ** min(float(exponent), LOG_LARGE) / CERTAIN
    if base < 0 and exponent != nearest:
        raise UndefinedError("power")
    if base < 0 and CERTAIN * b[1] >= _ODD_OR_EVEN:
        raise UndefinedError("lost")
    logarithm = float(arithmetic().log(abs(base)))
    magnitude = float(exponent) * logarithm
    relative = abs(float(exponent)) * a[1] / size(base) + abs(logarithm) * b[1]
    if magnitude - CERTAIN * relative > LOG_LARGE:
        raise UndefinedError("large")
    if magnitude + CERTAIN * relative < -LOG_LARGE:
        return arithmetic().zero, 0.0
    if CERTAIN * relative > LOST:
        raise UndefinedError("lost")
    value = base**exponent
    return value, size(value) * (relative + 4)


_OPERATIONS: dict[str, Callable[..., Bounded]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "negative": _negate,
    "^": _power,
}
