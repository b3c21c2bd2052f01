"""One option of several, or all that apply."""

from collections.abc import Mapping, Sequence
from typing import Any

from lossedu.practice.families.expressions import true
from lossedu.practice.families.question import Grade
from lossedu.practice.families.scope import Scope, picked


def draw(answer: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """The options in the order of the variant, which of them are right, and why the others not."""
    options = answer["options"]
    order = list(range(len(options)))
    if not answer.get("keep_order"):
        order = scope.order(len(options))
    shown = [
        {
            "text": scope.words(option["text"]),
            "right": _is_right(option, scope),
            "says": scope.words(option.get("says", "")),
        }
        for option in picked(options, order)
    ]
    right = [position for position, option in enumerate(shown) if option["right"]]
    return {"options": shown, "right": right, "several": len(right) != 1}


def _is_right(option: Mapping[str, Any], scope: Scope) -> bool:
    right = option.get("right", False)
    return true(right, scope.values) if isinstance(right, str) else bool(right)


def own(answer: Mapping[str, Any]) -> int | list[int]:
    """The positions of what is right."""
    return list(answer["right"]) if answer["several"] else int(answer["right"][0])


def grade(answer: Mapping[str, Any], chosen: int | Sequence[int]) -> Grade:
    """Compare positions; a wrong option says why it is none."""
    listed = [chosen] if isinstance(chosen, int) else list(chosen)
    positions = set(listed)
    options, right = answer["options"], set(answer["right"])
    if len(positions) < len(listed):
        return Grade("unreadable", "Give each number once.")
    if not positions <= set(range(len(options))):
        return Grade("unreadable", f"Give numbers of options, from 0 to {len(options) - 1}.")
    if positions == right:
        says = [options[position]["says"] for position in sorted(right)]
        return Grade("right", " ".join(["Right.", *filter(None, says)]))
    wrong = sorted(positions - right)
    reasons = [options[position]["says"] for position in wrong if options[position]["says"]]
    if not answer["several"]:
        return Grade("known" if reasons else "wrong", " ".join(reasons) or "Not this one.")
    missed = len(right - positions)
    if missed:
        more = "One that applies is" if missed == 1 else f"{missed} that apply are"
        reasons.append(f"{more} missing.")
    hit = bool(positions & right)
    return Grade("partly" if hit else "wrong", " ".join(reasons) or "Not all of these apply.")
