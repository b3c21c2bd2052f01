"""Pairs to be made: losses and noise models, symptoms and causes."""

from collections.abc import Mapping, Sequence
from typing import Any

from lossedu.practice.families.question import Grade, Verdict
from lossedu.practice.families.scope import Scope, picked

_NAMED = 2  # misses that feedback names


def draw(answer: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """Both sides, the right one shuffled, and where each of the left belongs."""
    lefts = [scope.words(left) for left, _ in answer["pairs"]]
    rights = [scope.words(right) for _, right in answer["pairs"]]
    spare = [scope.words(text) for text in answer.get("spare", [])]
    several = list(dict.fromkeys([*rights, *spare]))
    shown = picked(several, scope.order(len(several)))
    return {
        "left": lefts,
        "right": shown,
        "pairs": [shown.index(right) for right in rights],
        "says": scope.words(answer.get("says", "")),
    }


def own(answer: Mapping[str, Any]) -> list[int]:
    """For each of the left, the position of its partner."""
    return list(answer["pairs"])


def grade(answer: Mapping[str, Any], matched: Sequence[int]) -> Grade:
    """Count the right pairs, and say which are not."""
    lefts, rights, pairs = answer["left"], answer["right"], answer["pairs"]
    if len(matched) != len(lefts) or not set(matched) <= set(range(len(rights))):
        return Grade("unreadable", f"Give {len(lefts)} numbers from 0 to {len(rights) - 1}.")
    missed = [
        f"“{left}” is not “{rights[chosen]}”."
        for left, chosen, pair in zip(lefts, matched, pairs, strict=True)
        if chosen != pair
    ]
    if not missed:
        return Grade("right", f"Right. {answer['says']}".strip())
    hits = len(lefts) - len(missed)
    counted = f"{hits} of {len(lefts)} pairs are right."
    shown = missed[:_NAMED]
    if len(missed) > _NAMED:
        shown.append(f"So much for the first {_NAMED} of {len(missed)} mistakes.")
    verdict: Verdict = "partly" if hits * 2 >= len(lefts) else "wrong"
    return Grade(verdict, " ".join([counted, *shown]))
