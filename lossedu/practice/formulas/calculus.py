"""The slope of a formula at a point, and whether its value is least there, with 40 digits."""

from collections.abc import Mapping
from typing import Any

from lossedu.practice.formulas.bounded import arithmetic
from lossedu.practice.formulas.tree import Tree
from lossedu.practice.formulas.values import bounded_value

_NEAR = "1e-16"
"""A step whose square is far below the last digit that a float has, and far above the 40th."""
_BESIDE = "1e-7"
"""A step beside which the rounding of a float is nothing, relative to the place or to 1."""


def slope_of(tree: Tree, values: Mapping[str, float], name: str) -> float:
    """The derivative of a formula in one of its names, at values of all.

    Args:
        tree: What `parse_formula` read.
        values: Name -> number, where the derivative is taken.
        name: The name in which it is taken.

    Raises:
        UndefinedError: If the formula has no value at the place or next to it.

    Example:
        >>> from lossedu.practice.formulas import parse_formula
        >>> slope_of(parse_formula("y*x^2", ["x", "y"]), {"x": 3, "y": 0.5}, "x")
        3.0
    """
    step = arithmetic().mpf(_NEAR)
    low, high = (_moved(tree, values, name, move) for move in (-step, step))
    return float((high - low) / (2 * step))


def is_least(tree: Tree, values: Mapping[str, float], name: str) -> bool:
    """Whether a formula is larger on either side of a place.

    Args:
        tree: What `parse_formula` read.
        values: Name -> number: the place.
        name: The name that is moved, by a ten-millionth.

    Raises:
        UndefinedError: If the formula has no value at the place or next to it.

    Example:
        >>> from lossedu.practice.formulas import parse_formula
        >>> tree = parse_formula("abs(x - 1)", ["x"])
        >>> is_least(tree, {"x": 1}, "x"), is_least(tree, {"x": 1.001}, "x")
        (True, False)
    """
    step = arithmetic().mpf(_BESIDE) * max(1.0, abs(values[name]))
    low, here, high = (_moved(tree, values, name, move) for move in (-step, 0, step))
    return bool(low > here < high)


def _moved(tree: Tree, values: Mapping[str, float], name: str, move: Any) -> Any:
    mp = arithmetic()
    decimals = {one: mp.mpf(repr(float(value))) for one, value in values.items()}
    return bounded_value(tree, decimals | {name: decimals[name] + move})[0]
