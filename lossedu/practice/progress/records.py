"""Reviews and self-ratings: plain records that are only ever added.

Terminal, page and mock interview write the same records, so that two histories merge as the union
of their ids.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any

AGAIN, HARD, GOOD, EASY = 1, 2, 3, 4
VERDICTS = ("right", "rounded", "wrong", "known", "undefined", "unreadable", "partly")
SOURCES = ("page", "terminal", "mock")
RIGHT = ("right", "rounded")
HINTS = 3
LEVELS = 5
LONGEST_ANSWER = 4000
"""As many characters of JSON as an answer may have."""


class ProgressError(ValueError):
    """Progress that cannot be read, or a file that is none of ours."""


@dataclass(frozen=True)
class Review:
    """One answer to one question."""

    id: str
    family: str
    variant: int
    repetition: int
    when: datetime
    rating: int
    verdict: str
    hints: int
    seconds: float
    source: str
    answer: Any = None
    ticks: tuple[str, ...] = ()
    """What was ticked of a spoken answer: texts of the family's must-says and red flags."""

    @property
    def right(self) -> bool:
        """Whether the answer was accepted."""
        return self.rating > AGAIN

    @property
    def unaided(self) -> bool:
        """Whether it was accepted without a hint."""
        return self.right and self.hints == 0

    def as_json(self) -> dict[str, Any]:
        """The record that page and terminal exchange."""
        record = {field.name: getattr(self, field.name) for field in fields(self)}
        record["at"] = as_text(record.pop("when"))
        record["ticks"] = list(self.ticks)
        return {key: record[key] for key in REVIEW_KEYS}


REVIEW_KEYS = (
    "id",
    "family",
    "variant",
    "repetition",
    "at",
    "rating",
    "verdict",
    "hints",
    "seconds",
    "source",
    "answer",
    "ticks",
)


@dataclass(frozen=True)
class SelfRating:
    """What somebody says of a skill, on one day."""

    when: datetime
    skill: str
    level: int

    def as_json(self) -> dict[str, Any]:
        """The record that page and terminal exchange."""
        return {"at": as_text(self.when), "skill": self.skill, "level": self.level}


@dataclass(frozen=True)
class Progress:
    """All that is kept of one person."""

    reviews: tuple[Review, ...] = ()
    grid: tuple[SelfRating, ...] = ()
    exam: date | None = None

    def of(self, family: str) -> list[Review]:
        """The reviews of a family, the oldest first."""
        return [review for review in self.reviews if review.family == family]


def in_order(reviews: Iterable[Review]) -> tuple[Review, ...]:
    """Reviews by time; two of the same moment by id, alike on every machine."""
    return tuple(sorted(reviews, key=lambda review: (review.when, review.id)))


def next_repetition(reviews: Iterable[Review], family: str) -> int:
    """How often a family was answered so far: it says which variant comes next."""
    return sum(review.family == family for review in reviews)


def rating_of(
    verdict: str, *, hints: int, seconds: float, limit: float, rubric: str | None = None
) -> int:
    """The rating of an answer, from 1 (again) to 4 (easy).

    Args:
        verdict: What the grader says.
        hints: How many were taken, from 0 to 3.
        seconds: How long it took.
        limit: How long the question may take.
        rubric: For a spoken or design answer: ``"no"``, ``"lean"`` or ``"strong"``.

    Example:
        >>> rating_of("right", hints=0, seconds=20, limit=90)
        4
        >>> rating_of("right", hints=1, seconds=20, limit=90)
        2
    """
    if rubric is not None:
        return {"no": AGAIN, "lean": HARD, "strong": GOOD}[rubric]
    if verdict not in RIGHT or hints >= HINTS:
        return AGAIN
    if hints or seconds > limit:
        return HARD
    return EASY if seconds < limit / 2 else GOOD


def new_id() -> str:
    """An id that no other review has."""
    return str(uuid.uuid4())


def as_text(when: datetime) -> str:
    """A moment as the page writes it: UTC, milliseconds, ``Z``."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
