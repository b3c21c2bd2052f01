"""The course of a session: one question after the other; what was wrong comes once more."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lossedu.practice.families import VARIANTS, Family, Question
from lossedu.practice.progress.records import (
    HINTS,
    LONGEST_ANSWER,
    Review,
    new_id,
    next_repetition,
    rating_of,
)

MARKS = {"right": "strong", "partly": "lean", "wrong": "no"}
"""The mark of the rubric that a verdict on a spoken answer or a design suggests."""
VERDICTS = {mark: verdict for verdict, mark in MARKS.items()}
MARKED = ("spoken", "design")
"""The kinds that are marked with a rubric."""


@dataclass(frozen=True)
class Item:
    """A question that is to be asked, and why."""

    family: str
    repetition: int
    why: str = ""

    @property
    def variant(self) -> int:
        """Which variant the repetition shows; the same one in terminal and page."""
        return self.repetition % VARIANTS


class Course:
    """Items in order; what is answered wrongly comes once more at the end, as another variant."""

    def __init__(self, items: Iterable[Item]) -> None:
        """Begin with items that were chosen."""
        self._waiting = list(items)
        self._repeated: set[str] = set()

    def __len__(self) -> int:
        """How many are still to be asked."""
        return len(self._waiting)

    def next(self) -> Item | None:
        """The next item, which is taken out; None at the end."""
        return self._waiting.pop(0) if self._waiting else None

    def answered(self, item: Item, review: Review) -> bool:
        """Take note of an answer; whether the question comes once more at the end."""
        if review.right or item.family in self._repeated:
            return False
        self._repeated.add(item.family)
        self._waiting.append(Item(item.family, item.repetition + 1, "again"))
        return True


def items_of(families: Iterable[str], reviews: Iterable[Review], why: str) -> list[Item]:
    """An item for each family, with its next repetition."""
    kept = list(reviews)
    return [Item(family, next_repetition(kept, family), why) for family in families]


def review_of(
    family: Family,
    question: Question,
    *,
    repetition: int,
    when: datetime,
    verdict: str,
    answer: Any,
    hints: int = 0,
    seconds: float = 0.0,
    mark: str | None = None,
    source: str = "terminal",
    id: str | None = None,  # noqa: A002  the field's name
) -> Review:
    """The record of an answer.

    Args:
        family: What was asked.
        question: The variant that was shown.
        repetition: How often the family was answered before.
        when: When the answer was complete.
        verdict: The grader's.
        answer: What was typed, chosen or ticked.
        hints: How many were taken.
        seconds: How long it took.
        mark: For a spoken answer or a design, ``"no"``, ``"lean"`` or ``"strong"``.
        source: ``"terminal"`` or ``"mock"``.
        id: Of the review, where it is not to be a new one.
    """
    rating = rating_of(verdict, hints=hints, seconds=seconds, limit=family.seconds, rubric=mark)
    return Review(
        id=id or new_id(),
        family=family.id,
        variant=question.variant,
        repetition=repetition,
        when=when,
        rating=rating,
        verdict=verdict,
        hints=min(hints, HINTS),
        seconds=round(seconds, 1),
        source=source,
        answer=_shortened(answer),
        ticks=_ticks(question, answer),
    )


def _shortened(answer: Any) -> Any:
    """Long code is kept in part: few enough characters, for some need six in JSON."""
    if len(json.dumps(answer, ensure_ascii=False)) <= LONGEST_ANSWER:
        return answer
    most = LONGEST_ANSWER // 8
    if isinstance(answer, Mapping):
        return {key: v[:most] if isinstance(v, str) else v for key, v in answer.items()}
    return answer[:most] if isinstance(answer, str) else None


def _ticks(question: Question, answer: Any) -> tuple[str, ...]:
    """What was ticked, in words."""
    from lossedu.practice.plain_text import one_line_of

    if question.kind not in MARKED or not isinstance(answer, Mapping):
        return ()
    points = [question.must_say[position] for position in answer.get("said", ())]
    flags = [question.red_flags[position] for position in answer.get("flags", ())]
    return tuple(map(one_line_of, [*points, *flags]))
