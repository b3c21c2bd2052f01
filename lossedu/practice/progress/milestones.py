"""Milestone sessions: tasks for the days 0, 3, 7, 14 and 21 after the first review.

Between them, and afterwards, the schedule alone says what comes.  With an interview in less than
three weeks the days move together, so that the last milestone lies before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta

from lossedu.practice.progress.records import Progress

DAYS = (0, 3, 7, 14, 21)


@dataclass(frozen=True)
class Milestone:
    """The tasks of one day."""

    day: int
    opens: date
    families: tuple[str, ...]
    missing: tuple[str, ...]
    """The families that were not answered since it opened."""

    @property
    def done(self) -> bool:
        """Whether all of its families were answered since it opened."""
        return not self.missing


def milestones(days: Mapping[str, int], progress: Progress, today: date) -> list[Milestone]:
    """The five milestones, each with its date and what is still missing.

    Args:
        days: The milestone's day of each family that has one.
        progress: The reviews so far; the first of them is day 0.
        today: Day 0 where there is no review yet.
    """
    first = min((review.when for review in progress.reviews), default=None)
    start = first.astimezone(UTC).date() if first else today
    latest: dict[str, date] = {}
    for review in progress.reviews:
        latest[review.family] = review.when.astimezone(UTC).date()
    result = []
    for day in DAYS:
        opens = start + timedelta(days=_moved(day, start, progress.exam))
        own = tuple(sorted(family for family, planned in days.items() if planned == day))
        missing = tuple(f for f in own if f not in latest or latest[f] < opens)
        result.append(Milestone(day, opens, own, missing))
    return result


def current(known: list[Milestone], today: date) -> Milestone | None:
    """The first milestone that has opened and is not done."""
    return next((m for m in known if m.opens <= today and m.missing), None)


def _moved(day: int, start: date, exam: date | None) -> int:
    if exam is None or (exam - start).days > DAYS[-1]:
        return day
    return day * max((exam - start).days - 1, 0) // DAYS[-1]
