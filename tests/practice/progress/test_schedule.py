"""Cards are what their reviews say, in whatever order these arrived; the page computes the same."""

import json
from datetime import timedelta
from random import Random

import pytest

from lossedu.practice.progress import Schedule, cards_of
from tests.practice import fsrs_reviews
from tests.practice.reviews import START, review

DAY = START.date()


def test_the_card_does_not_depend_on_the_order_in_which_reviews_are_read():
    reviews = [review(day=n, rating=r) for n, r in enumerate([1, 3, 2, 4, 3, 1, 3])]
    shuffled = Random(3).sample(reviews, len(reviews))

    assert cards_of(shuffled) == cards_of(reviews)


def test_recall_falls_and_is_nine_tenths_after_as_many_days_as_the_stability():
    (card,) = cards_of([review(rating=4)]).values()

    values = [card.recall(DAY + timedelta(days=n)) for n in range(30)]

    assert values == sorted(values, reverse=True)
    assert card.recall(DAY) == pytest.approx(1)
    low, high = (card.recall(DAY + timedelta(days=int(card.stability) + n)) for n in (1, 0))
    assert low < 0.9 < high


def test_a_better_answer_comes_again_later_and_none_on_the_same_day():
    days = [cards_of([review(rating=r)])["gradient-of-mse"].due() for r in (1, 2, 3, 4)]

    assert days == sorted(days)
    assert days[0] == DAY + timedelta(days=1)
    assert days[-1] > days[0]


def test_a_lower_retention_lets_more_days_pass():
    (card,) = cards_of([review(rating=4)]).values()

    assert card.due(0.95) < card.due(0.9) < card.due(0.8)


def test_what_is_due_comes_the_least_certain_first():
    reviews = [review("sure", rating=4), review("weak", rating=1), review("middle", rating=3)]
    schedule = Schedule(cards_of(reviews))

    assert schedule.due(DAY) == []
    later = [card.family for card in schedule.due(DAY + timedelta(days=30))]
    assert later == ["weak", "middle", "sure"]
    assert schedule.next_day() == DAY + timedelta(days=1)
    assert Schedule({}).next_day() is None


def test_the_committed_reviews_are_what_python_computes():
    stored = json.loads(fsrs_reviews.FILE.read_text(encoding="utf-8"))

    computed = fsrs_reviews.rows()

    assert len(computed) == len(stored["reviews"]) == 240
    for one, other in zip(computed, stored["reviews"], strict=True):
        for key in ("family", "at", "rating", "due"):
            assert one[key] == other[key]
        for key in ("stability", "difficulty", "recall_after_10_days"):
            assert one[key] == pytest.approx(other[key], rel=1e-9)


def test_the_committed_reviews_hold_every_rating_and_several_on_one_day():
    reviews = fsrs_reviews.script()
    days = [(r.family, r.when.date()) for r in reviews]

    assert {r.rating for r in reviews} == {1, 2, 3, 4}
    assert len(set(days)) < len(days)
    assert max(r.when for r in reviews) - min(r.when for r in reviews) > timedelta(days=300)
