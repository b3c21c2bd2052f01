r"""When a question is due: FSRS-6, replayed over the reviews.

A card is a family.  What FSRS knows of it, its stability S (days until recall has fallen to 90 %)
and its difficulty D, is computed from its reviews alone, so that terminal and page agree whatever
was merged in which order.  Recall t days after a review is

.. math:: R(t) = \left(1 + \frac{0.9^{1/d} - 1}{S}\, t\right)^{d},

with d = -0.1542.  Time is counted in whole days of UTC, there are no learning steps and no fuzz:
the implementations of FSRS in Python and in JavaScript then compute the same numbers.  What was
wrong comes again within the session, which needs no steps.

References:
    Ye, Su, Cao, A stochastic shortest path algorithm for optimizing spaced repetition scheduling,
    KDD 2022.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from fsrs import Card as FsrsCard
from fsrs import Rating, Scheduler

from lossedu.practice.progress.records import Review, in_order

RETENTION = 0.9
_MOST_DAYS = 36500
_SCHEDULER = Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)
_DECAY = -_SCHEDULER.parameters[20]
_FACTOR = 0.9 ** (1 / _DECAY) - 1


@dataclass(frozen=True)
class Card:
    """What is known of one family after its reviews."""

    family: str
    stability: float
    difficulty: float
    last: date
    reviews: int

    def recall(self, day: date) -> float:
        """The probability that it is recalled on a day, in (0, 1]."""
        elapsed = max(0, (day - self.last).days)
        return float((1 + _FACTOR * elapsed / self.stability) ** _DECAY)

    def due(self, retention: float = RETENTION) -> date:
        """The day on which recall has fallen to a probability; at least a day after the last."""
        days = round(self.stability / _FACTOR * (retention ** (1 / _DECAY) - 1))
        return self.last + timedelta(days=min(max(days, 1), _MOST_DAYS))

    def after(self, rating: int, day: date) -> "Card":
        """The card after one more review."""
        return _reviewed(self, self.family, rating, day)


@dataclass(frozen=True)
class Schedule:
    """All cards, and the recall at which they come again."""

    cards: Mapping[str, Card]
    retention: float = RETENTION

    def due(self, day: date) -> list[Card]:
        """The cards that are due on a day, the least certain first."""
        waiting = [card for card in self.cards.values() if card.due(self.retention) <= day]
        return sorted(waiting, key=lambda card: (card.recall(day), card.family))

    def next_day(self) -> date | None:
        """The day on which the next card is due; None without cards."""
        return min((card.due(self.retention) for card in self.cards.values()), default=None)


def cards_of(reviews: Iterable[Review]) -> dict[str, Card]:
    """The card of each family that was reviewed, by replaying all reviews in order of time."""
    cards: dict[str, Card] = {}
    for review in in_order(reviews):
        day = review.when.astimezone(UTC).date()
        known = cards.get(review.family)
        cards[review.family] = _reviewed(known, review.family, review.rating, day)
    return cards


def first_card(family: str, rating: int, day: date) -> Card:
    """The card of a family after its first review."""
    return _reviewed(None, family, rating, day)


def _reviewed(card: Card | None, family: str, rating: int, day: date) -> Card:
    held = FsrsCard(card_id=1)
    if card is not None:
        _fill(held, card)
    after, _ = _SCHEDULER.review_card(held, Rating(rating), _noon(day))
    assert after.stability is not None
    assert after.difficulty is not None
    count = 1 if card is None else card.reviews + 1
    return Card(family, after.stability, after.difficulty, day, count)


def _fill(held: FsrsCard, card: Card) -> None:
    """Without learning steps the state of a card does not matter but for these."""
    held.stability = card.stability
    held.difficulty = card.difficulty
    held.last_review = _noon(card.last)


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)
