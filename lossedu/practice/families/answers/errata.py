"""The fault in a published answer key: which line is wrong, and what belongs there."""

from collections.abc import Mapping, Sequence
from typing import Any

from lossedu.practice.families.answers import formulas, numbers
from lossedu.practice.families.question import Grade
from lossedu.practice.families.scope import Scope


def draw(answer: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """The lines of the key, the numbers of those that are wrong, and the correction."""
    drawn: dict[str, Any] = {
        "key": [scope.words(line) for line in answer["key"]],
        "wrong": sorted(answer["wrong"]),
        "right": None,
    }
    if "right" in answer:
        asked = "number" if "value" in answer["right"] else "formula"
        how: Any = numbers if asked == "number" else formulas
        drawn["right"] = {"asked": asked, **how.draw(answer["right"], scope)}
    return drawn


def own(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The first wrong line, and the correction where one is asked for."""
    right = answer["right"]
    found: dict[str, Any] = {"line": answer["wrong"][0]}
    if right:
        found["right"] = (numbers if right["asked"] == "number" else formulas).own(right)
    return found


def grade(
    answer: Mapping[str, Any],
    mistakes: Sequence[Mapping[str, Any]],
    given: int | Mapping[str, Any],
) -> Grade:
    """The line first: a correction of a right line is worth nothing.

    Args:
        answer: A drawn key.
        mistakes: Wrong corrections with a name.
        given: The number of a line, from 1, or ``{"line": 2, "right": "..."}``.
    """
    parts = {"line": given} if isinstance(given, int) else dict(given)
    line = parts.get("line")
    if not isinstance(line, int) or not 1 <= line <= len(answer["key"]):
        return Grade("unreadable", f"Give the number of a line, 1 to {len(answer['key'])}.")
    if line not in answer["wrong"]:
        return Grade("wrong", f"Line {line} is right.")
    right = answer["right"]
    if right is None:
        return Grade("right", f"Right: line {line} is wrong.")
    if "right" not in parts:
        return Grade("partly", f"Line {line} is the wrong one. What belongs there?")
    how: Any = numbers if right["asked"] == "number" else formulas
    corrected: Grade = how.grade(right, mistakes, parts["right"])
    if corrected.verdict in ("right", "unreadable"):
        return corrected
    says = f"Line {line} is the wrong one; the correction is not right yet. {corrected.says}"
    return Grade("partly", says, corrected.witness, corrected.position)
