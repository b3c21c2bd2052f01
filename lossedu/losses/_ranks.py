"""Ranks in the formulas of specs: how many items stand before one, and what a rank leaves."""

from collections.abc import Callable

Rank = Callable[[str], str]


def _rank(stands_before: str) -> Rank:
    return lambda item: f"(1 + Sum({stands_before.replace('@', item)}, (l, 1, C)))"


BY_SCORE = _rank("above(s[l], s[@]) + (1 - above(s[l], s[@]))*(1 - above(s[@], s[l]))*above(@, l)")
"""The rank of an item by score, ties in the order in which they came."""

BY_GRADE = _rank("above(y[l], y[@]) + (1 - above(y[l], y[@]))*(1 - above(y[@], y[l]))*above(@, l)")
"""The same by relevance."""


def at_rank(rank: Rank, item: str) -> str:
    """The discount of an item."""
    return f"log(2)/log(1 + {rank(item)})"


IDEAL = f"Sum((2**y[i] - 1)*{at_rank(BY_GRADE, 'i')}, (i, 1, C))"
"""DCG of the best order."""
