"""A number: to so many significant digits, or within a tolerance."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from lossedu.practice.families.question import Grade
from lossedu.practice.families.scope import Scope
from lossedu.practice.families.wording import written
from lossedu.practice.formulas import FormulaError, UndefinedError, agrees, parse_number

_ROUNDING = 1e-9
_ENOUGH = 2  # digits that nobody guesses
_LONGEST = 60


def draw(answer: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """The value that is asked for, and how it is written."""
    value = scope.number(answer["value"])
    digits = answer.get("digits")
    tolerance = answer.get("tolerance")
    unit = scope.words(answer.get("unit", ""))
    shown = written(value, f".{digits}g" if digits else "")
    return {
        "value": value,
        "digits": digits,
        "tolerance": None if tolerance is None else scope.number(tolerance),
        "unit": unit,
        "shown": f"{shown} {unit}".strip(),
    }


def draw_mistake(mistake: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """A wrong number, and what is said to it."""
    return {"value": scope.number(mistake["value"]), "says": scope.words(mistake["says"])}


def own(answer: Mapping[str, Any]) -> str:
    """What a person who is right types."""
    if answer["digits"]:
        return f"{answer['value']:.{answer['digits']}g}"
    return f"{answer['value']:.10g}"


def grade(answer: Mapping[str, Any], mistakes: Sequence[Mapping[str, Any]], typed: str) -> Grade:
    """Right, a known mistake, right to fewer digits, or wrong.

    A percent sign is read where a share is asked for; where percent are, it is the unit.
    """
    if len(typed) > _LONGEST:
        return Grade("unreadable", "A number has fewer characters.", position=_LONGEST)
    unit = answer["unit"]
    text = typed.strip().removesuffix(unit).strip() if unit else typed.strip()
    try:
        value = parse_number(text)
    except FormulaError as error:
        return Grade("unreadable", error.says, position=error.position)
    except UndefinedError as error:
        return Grade("undefined", f"Yours has no value: {error.says}.")
    if equal(answer, value):
        return Grade("right", "Right.")
    for mistake in mistakes:
        if equal({**answer, "value": mistake["value"]}, value):
            return Grade("known", mistake["says"])
    return _less_than_right(answer, value)


def equal(answer: Mapping[str, Any], value: float) -> bool:
    """Whether a number is the answer, as precisely as it is asked for."""
    truth: float = answer["value"]
    if answer["digits"] is not None:
        return agrees(value, truth, answer["digits"])
    return abs(value - truth) <= float(answer["tolerance"]) * (1 + _ROUNDING)


def _less_than_right(answer: Mapping[str, Any], value: float) -> Grade:
    truth, wanted = answer["value"], answer["digits"]
    for digits in range((wanted or 1) - 1, 0, -1):
        if math.isclose(value, float(f"{truth:.{digits}g}"), rel_tol=_ROUNDING):
            says = f"Right as far as it goes: give {wanted} significant digits."
            return Grade("rounded" if digits >= _ENOUGH else "partly", says)
    slips = {
        "The size is right, the sign is not.": -truth,
        "This is a hundred times the answer: percent and share are confused.": truth * 100,
        "This is a hundredth of the answer: percent and share are confused.": truth / 100,
        "This is one over the answer.": 1 / truth if truth else 0.0,
    }
    for says, slip in slips.items():
        if truth and equal({**answer, "value": slip}, value):
            return Grade("wrong", f"Not right. {says}")
    return Grade("wrong", "Not right.")
