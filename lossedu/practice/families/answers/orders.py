"""Items to be put into order."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from lossedu.practice.families.question import Grade, Verdict
from lossedu.practice.families.scope import Scope, picked


def draw(answer: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """The items in a wrong order, and the positions that put them right."""
    items = answer["items"]
    if all(isinstance(item, str) for item in items):
        texts = [scope.words(item) for item in items]
    else:
        ranked = sorted(items, key=lambda item: scope.number(item["by"]))
        texts = [scope.words(item["text"]) for item in ranked]
    order = scope.order(len(texts), shuffled=True)
    return {
        "items": picked(texts, order),
        "right": [order.index(rank) for rank in range(len(texts))],
        "says": scope.words(answer.get("says", "")),
    }


def own(answer: Mapping[str, Any]) -> list[int]:
    """The positions of the shown items, in the right order."""
    return list(answer["right"])


def grade(answer: Mapping[str, Any], arranged: Sequence[int]) -> Grade:
    """Say the first two neighbours that stand the wrong way round."""
    items, right = answer["items"], list(answer["right"])
    if sorted(arranged) != list(range(len(items))):
        return Grade("unreadable", f"Give each of the numbers 0 to {len(items) - 1} once.")
    ranks = [right.index(position) for position in arranged]
    for place, (before, after) in enumerate(pairwise(ranks)):
        if before > after:
            first, second = items[arranged[place + 1]], items[arranged[place]]
            says = f"“{first}” comes before “{second}”."
            apart = sum(rank == position for position, rank in enumerate(ranks))
            verdict: Verdict = "partly" if apart * 2 >= len(items) else "wrong"
            return Grade(verdict, says)
    return Grade("right", f"Right. {answer['says']}".strip())
