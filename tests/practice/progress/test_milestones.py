"""Milestones open on their days and are done when their families were answered since."""

from datetime import timedelta

from lossedu.practice.progress import Progress, milestones
from lossedu.practice.progress.milestones import DAYS, current
from tests.practice.reviews import START, review

TODAY = START.date()
PLANNED = {"derive-bce": 0, "eight-losses": 3, "mle": 3, "design": 7, "bert": 14, "content": 21}


def days_of(known) -> list[int]:
    return [(m.opens - TODAY).days for m in known]


def test_without_reviews_today_is_day_0():
    known = milestones(PLANNED, Progress(), TODAY)

    assert days_of(known) == list(DAYS)
    assert current(known, TODAY).families == ("derive-bce",)


def test_a_milestone_is_done_when_each_family_was_answered_since_it_opened():
    reviews = [review("derive-bce"), review("mle", day=1), review("eight-losses", day=4)]

    known = milestones(PLANNED, Progress(tuple(reviews)), TODAY)

    assert [m.done for m in known] == [True, False, False, False, False]
    assert known[1].missing == ("mle",)


def test_the_current_milestone_is_the_first_that_has_opened_and_lacks_something():
    known = milestones(PLANNED, Progress((review("derive-bce"),)), TODAY)

    assert current(known, TODAY + timedelta(days=2)) is None
    assert current(known, TODAY + timedelta(days=8)).day == 3


def test_with_an_interview_in_ten_days_all_milestones_lie_before_it():
    exam = TODAY + timedelta(days=10)

    known = milestones(PLANNED, Progress((review(),), exam=exam), TODAY)

    assert days_of(known) == sorted(days_of(known))
    assert days_of(known)[0] == 0
    assert known[-1].opens == exam - timedelta(days=1)


def test_with_an_interview_far_away_the_days_stay():
    exam = TODAY + timedelta(days=60)

    assert days_of(milestones(PLANNED, Progress(exam=exam), TODAY)) == list(DAYS)
