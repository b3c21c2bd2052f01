"""Practising towards a day: the schedule that leaves most recalled on it.

More frequent reviews do not always leave more: with a limit of reviews a day they crowd out what is
new.  So several schedules are played through, with lapses drawn as likely as FSRS expects them, and
the one with the highest mean recall on the day is kept.  On the last two days before it, what would
be least certain on the day comes once more.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from lossedu.practice.progress.records import AGAIN, GOOD
from lossedu.practice.progress.schedule import RETENTION, Card, first_card

RETENTIONS = (0.75, 0.8, 0.85, 0.9, 0.93, 0.96)
LAST_DAYS = 2
A_DAY = 20
NEW_A_DAY = 8
_KNOWN_AT_FIRST = 0.7
_AS_GOOD = 0.005


@dataclass(frozen=True)
class ExamPlan:
    """What playing the schedules through has shown."""

    exam: date
    retention: float
    recall: float
    """Mean recall on the day, over all cards; one that was never seen counts as 0."""
    reviews: int


def plan_for(
    cards: Mapping[str, Card],
    exam: date,
    today: date,
    *,
    new: Iterable[str] = (),
    a_day: int = A_DAY,
) -> ExamPlan:
    """The schedule that leaves most recalled on the day.

    Args:
        cards: What is known now.
        exam: The day that counts.
        today: The first day of practice.
        new: Families that were never seen, in the order in which they come.
        a_day: As many reviews fit into a day.

    Returns:
        The best schedule; of nearly equal ones that with the fewest reviews.
    """
    unseen = list(new)
    played = [_played(cards, unseen, exam, today, retention, a_day) for retention in RETENTIONS]
    best = max(plan.recall for plan in played)
    good = [plan for plan in played if plan.recall >= best - _AS_GOOD]
    return min(good, key=lambda plan: (plan.reviews, abs(plan.retention - RETENTION)))


def last_reviews(cards: Iterable[Card], exam: date, today: date, a_day: int = A_DAY) -> list[Card]:
    """What comes once more on one of the two days before, the least certain on the day first.

    Returns:
        Cards; none where today is not one of these days.
    """
    days_left = (exam - today).days
    if not 1 <= days_left <= LAST_DAYS:
        return []
    first = exam - timedelta(days=LAST_DAYS)
    waiting = [card for card in cards if card.last < first]
    waiting.sort(key=lambda card: (card.recall(exam), card.family))
    share = -(-len(waiting) // days_left)
    return waiting[: min(share, a_day)]


def mean_recall(cards: Iterable[Card], day: date) -> float | None:
    """Mean recall on a day; None without cards."""
    values = [card.recall(day) for card in cards]
    return sum(values) / len(values) if values else None


def _played(
    cards: Mapping[str, Card],
    new: list[str],
    exam: date,
    today: date,
    retention: float,
    a_day: int,
) -> ExamPlan:
    """One schedule, day by day; the same draws for each schedule."""
    draw = Random(1)
    known = dict(cards)
    unseen = list(reversed(new))
    reviews = 0
    for ahead in range((exam - today).days):
        day = today + timedelta(days=ahead)
        chosen = last_reviews(known.values(), exam, day, a_day)
        if not chosen:
            due = [card for card in known.values() if card.due(retention) <= day]
            chosen = sorted(due, key=lambda card: (card.recall(day), card.family))[:a_day]
        for card in chosen:
            rating = GOOD if draw.random() < card.recall(day) else AGAIN
            known[card.family] = card.after(rating, day)
        room = min(a_day - len(chosen), NEW_A_DAY, len(unseen))
        for _ in range(room):
            family = unseen.pop()
            rating = GOOD if draw.random() < _KNOWN_AT_FIRST else AGAIN
            known[family] = first_card(family, rating, day)
        reviews += len(chosen) + max(room, 0)
    total = sum(card.recall(exam) for card in known.values())
    return ExamPlan(exam, retention, total / max(len(known) + len(unseen), 1), reviews)
