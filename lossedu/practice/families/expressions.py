"""What stands in a family for a value: a formula, a list of them, or a call of a public function.

Nothing is executed that an author wrote: formulas are read by the course's own grammar, and only
functions that the library publishes can be called.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from lossedu.practice.families.faults import FamilyError
from lossedu.practice.formulas import FormulaError, parse_formula, value_of

Value: TypeAlias = Any
"""A number, a text, or a tuple of values."""

_COMPARISON = re.compile(r"(<=|>=|!=|==|<|>|≤|≥|≠)")
_COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    "<=": lambda a, b: a <= b + _near(a, b),
    ">=": lambda a, b: a >= b - _near(a, b),
    "<": lambda a, b: a < b - _near(a, b),
    ">": lambda a, b: a > b + _near(a, b),
    "==": lambda a, b: equal(a, b),
    "!=": lambda a, b: not equal(a, b),
}
_SPELLED = {"≤": "<=", "≥": ">=", "≠": "!="}


def _near(a: float, b: float) -> float:
    return 1e-9 * max(1.0, abs(a), abs(b))


def equal(a: float, b: float) -> bool:
    """Whether two numbers differ by rounding alone."""
    return abs(a - b) <= _near(a, b)


def evaluated(expression: Any, values: Mapping[str, Value]) -> Value:
    """The value of a formula, a list of formulas, a call, or the one of several words.

    Args:
        expression: A number; a formula, or ``[...]`` with formulas in it; a list; a mapping with
            ``call``; one with ``words``, and in ``take`` the number of one of them, from 0.
        values: What the names in it stand for.  Of an array ``x``, formulas know x_1, x_2 ...

    Raises:
        FamilyError: If it cannot be read or is no finite number.

    Example:
        >>> evaluated("(1 - p)^2", {"p": 0.5}), evaluated("[p, 2p]", {"p": 0.5})
        (0.25, (0.5, 1.0))
    """
    if isinstance(expression, Mapping):
        if "words" in expression:
            return _word(expression["words"], number(str(expression["take"]), values))
        from lossedu.practice.families.calls import called

        return called(expression, values)
    if isinstance(expression, (list, tuple)):
        return tuple(evaluated(part, values) for part in expression)
    if isinstance(expression, (int, float)):
        return expression
    text = expression.strip()
    if text in values:
        return values[text]
    if text.startswith("[") and text.endswith("]"):
        return tuple(evaluated(part, values) for part in _parts(text[1:-1]))
    return number(text, values)


def _word(words: Sequence[str], place: float) -> str:
    if place not in range(len(words)):
        raise FamilyError(f"take must be from 0 to {len(words) - 1}, but is {place:g}.")
    return words[int(place)]


def number(text: str, values: Mapping[str, Value]) -> float:
    """The value of a formula.

    Raises:
        FamilyError: If it cannot be read or is no finite number.
    """
    known = scalars(values)
    try:
        return float(value_of(_tree(text, tuple(sorted(known))), known))
    except FormulaError as error:
        raise FamilyError(f"a formula must be readable and finite, but {text!r}: {error}") from None
    except (ArithmeticError, ValueError) as error:
        raise FamilyError(f"a formula must be finite, but {text!r} is not: {error}.") from None


@lru_cache(maxsize=4096)
def _tree(text: str, names: tuple[str, ...]) -> Any:
    return parse_formula(text, names)


def scalars(values: Mapping[str, Value]) -> dict[str, float]:
    """The numbers among values, and those within arrays by their index, from 1."""
    found: dict[str, float] = {}
    for name, value in values.items():
        if isinstance(value, (int, float)):
            found[name] = value
        elif isinstance(value, tuple):
            entries = enumerate(value, 1)
            found |= {f"{name}_{i}": part for i, part in entries if isinstance(part, (int, float))}
    return found


def _parts(text: str) -> list[str]:
    """What stands between the commas that are in no bracket."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]


def true(condition: str, values: Mapping[str, Value]) -> bool:
    """Whether comparisons of formulas, joined by ``and``, hold.

    Sides that differ by rounding alone are equal.

    Raises:
        FamilyError: If a part is no comparison.

    Example:
        >>> true("p != q and 0 < p < 1", {"p": 0.1 + 0.2, "q": 0.3})
        False
    """
    return all(_holds(part, values) for part in re.split(r"\band\b", condition))


def _holds(part: str, values: Mapping[str, Value]) -> bool:
    pieces = [piece.strip() for piece in _COMPARISON.split(part)]
    sides, signs = pieces[::2], pieces[1::2]
    if not signs or not all(sides):
        raise FamilyError(f"a condition must compare formulas, but is {part.strip()!r}.")
    # A name may stand for a word: those are compared as they are.
    words = [values.get(side) for side in sides]
    if any(isinstance(word, str) for word in words):
        left, right = (values.get(side, side.strip("'\"")) for side in sides[:2])
        return bool((left == right) == (signs[0] == "=="))
    numbers = [number(side, values) for side in sides]
    checks = zip(numbers, numbers[1:], signs, strict=False)
    return all(_COMPARED[_SPELLED.get(sign, sign)](a, b) for a, b, sign in checks)
