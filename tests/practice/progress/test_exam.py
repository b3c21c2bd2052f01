"""Towards a day: the schedule that leaves most recalled on it, and a review just before."""

from datetime import timedelta

import pytest

from lossedu.practice.progress import cards_of, plan_for
from lossedu.practice.progress.exam import (
    RETENTIONS,
    ExamPlan,
    _played,
    last_reviews,
    mean_recall,
)
from tests.practice.reviews import START, review

TODAY = START.date()
EXAM = TODAY + timedelta(days=28)
CARDS = cards_of([review(f"family-{n}", rating=1 + n % 4) for n in range(40)])
NEW = [f"new-{n}" for n in range(150)]


def played(**changes) -> list[ExamPlan]:
    settings = {"cards": CARDS, "new": NEW, "exam": EXAM, "today": TODAY, "a_day": 20} | changes
    return [_played(**settings, retention=retention) for retention in RETENTIONS]


def test_the_kept_schedule_is_one_of_those_that_leave_most():
    plan = plan_for(CARDS, EXAM, TODAY, new=NEW)

    assert plan in played()
    assert plan.recall >= max(other.recall for other in played()) - 0.005


def test_more_frequent_reviews_leave_less_where_they_crowd_out_what_is_new():
    recalls = [plan.recall for plan in played()]

    assert recalls[-1] < max(recalls)
    assert recalls != sorted(recalls)


def test_the_same_question_has_the_same_answer():
    assert plan_for(CARDS, EXAM, TODAY, new=NEW) == plan_for(CARDS, EXAM, TODAY, new=NEW)


def test_a_limit_of_reviews_a_day_is_kept():
    for plan in played(a_day=5):
        assert plan.reviews <= 5 * (EXAM - TODAY).days


def test_each_card_comes_once_more_on_one_of_the_two_days_before_the_weakest_first():
    day_before = EXAM - timedelta(days=1)
    first = last_reviews(CARDS.values(), EXAM, EXAM - timedelta(days=2), a_day=100)
    after = dict(CARDS) | {c.family: c.after(3, EXAM - timedelta(days=2)) for c in first}
    second = last_reviews(after.values(), EXAM, day_before, a_day=100)

    assert {c.family for c in [*first, *second]} == set(CARDS)
    assert not {c.family for c in first} & {c.family for c in second}
    recalls = [card.recall(EXAM) for card in first]
    assert recalls == sorted(recalls)


@pytest.mark.parametrize("days", [0, 3, 10, -1])
def test_on_other_days_there_is_no_last_review(days):
    assert last_reviews(CARDS.values(), EXAM, EXAM - timedelta(days=days)) == []


def test_a_last_review_leaves_more_recalled_on_the_day():
    day_before = EXAM - timedelta(days=1)
    after = [card.after(3, day_before) for card in CARDS.values()]

    assert mean_recall(after, EXAM) > mean_recall(CARDS.values(), EXAM)
    assert mean_recall([], EXAM) is None


def test_without_cards_there_is_a_plan_too():
    plan = plan_for({}, EXAM, TODAY)

    assert plan.reviews == 0
    assert plan.recall == pytest.approx(0)
