"""What is asked today: the milestone's tasks, what is due, then what is new, level by level."""

from datetime import timedelta

import pytest

from lossedu.practice.progress import Progress, SelfRating
from lossedu.practice.sessions import Course, Item, SessionError, today, topic
from lossedu.practice.sessions.today import new_in_order
from tests.practice.bank import BANK
from tests.practice.reviews import START, review

DAY = START.date()


def later(days):
    return DAY + timedelta(days=days)


def names(plan):
    return [item.family for item in plan.items]


def test_a_first_set_is_short_quick_and_of_different_skills():
    plan = today(BANK, Progress(), DAY)

    assert plan.first
    families = [BANK[name] for name in names(plan)]
    assert sum(family.seconds for family in families) <= 120
    assert len({family.skills[0] for family in families}) == len(families) == 3
    assert not {"spoken", "design", "code", "debug"} & {family.kind for family in families}


def test_a_bank_of_long_questions_has_a_first_one_too():
    bank = {"a-design": BANK["a-design"]}

    assert names(today(bank, Progress(), DAY)) == ["a-design"]


def test_the_task_of_an_open_milestone_comes_first_then_what_is_due():
    reviews = (review("several", rating=1), review("a-match", rating=1))

    plan = today(BANK, Progress(reviews), later(3), size=4)

    assert [item.why for item in plan.items] == ["milestone", "due", "due", "new"]
    assert names(plan)[0] == "aloud-60"


def test_before_its_day_a_task_of_a_milestone_is_nothing_special():
    plan = today(BANK, Progress((review("several"),)), later(1), size=20)

    assert "milestone" not in {item.why for item in plan.items}


def test_a_question_shows_the_variant_of_its_repetition():
    reviews = tuple(review("several", rating=1, day=n) for n in range(25))

    (item,) = [i for i in today(BANK, Progress(reviews), later(40)).items if i.family == "several"]

    assert (item.repetition, item.variant) == (25, 1)


def test_two_days_before_the_interview_everything_that_was_seen_comes_once_more():
    reviews = tuple(review(name, rating=4) for name in ("several", "a-match", "a-number"))
    progress = Progress(reviews, exam=later(4))

    first = today(BANK, progress, later(2), size=20)
    others = today(BANK, Progress(reviews, exam=later(40)), later(2), size=20)

    assert first.due == 2
    assert others.due == 0


def test_with_a_date_there_is_a_plan_and_the_day_after_it_none():
    progress = Progress((review("several"),), exam=later(10))

    assert today(BANK, progress, later(1)).plan.exam == later(10)
    assert today(BANK, progress, later(11)).plan is None


def test_reviews_of_a_family_that_is_gone_are_not_asked():
    plan = today(BANK, Progress((review("gone", rating=1),)), later(9), size=50)

    assert "gone" not in names(plan)


def test_what_is_new_begins_at_the_usual_level_with_the_skills_in_turn():
    order = new_in_order(BANK, Progress())

    assert order[0] == "a-choice"
    skills = [BANK[name].skills[0] for name in order[1:5]]
    assert len(set(skills)) == 4


def test_who_claims_a_high_level_begins_higher():
    bank = {n: family for n, family in BANK.items() if family.skills[0] == "cross-entropy"}
    progress = Progress(grid=(SelfRating(START, "cross-entropy", 5),))

    assert new_in_order(bank, progress)[0] == "aloud-90"  # the only one of level 4


def test_what_was_wrong_comes_once_more_at_the_end_as_another_variant():
    course = Course([Item("one", 0), Item("two", 4)])
    first = course.next()

    assert course.answered(first, review("one", rating=1))
    assert course.next().family == "two"
    again = course.next()
    assert (again.family, again.repetition, again.why) == ("one", 1, "again")
    assert not course.answered(again, review("one", rating=1))
    assert course.next() is None


def test_a_topic_is_what_is_new_by_level_and_then_the_least_certain():
    reviews = (review("several", rating=4), review("a-number", rating=1))

    items = topic(BANK, Progress(reviews), later(3), "cross-entropy", size=50)

    order = [item.family for item in items]
    assert order[0] == "a-choice"
    assert order[-2:] == ["a-number", "several"]
    assert len(order) == len(BANK)


def test_a_skill_and_a_single_question_are_topics_too():
    assert [i.family for i in topic(BANK, Progress(), DAY, "design", size=9)] == ["a-design"]
    assert [i.family for i in topic(BANK, Progress(), DAY, "a-plot", size=9)] == ["a-plot"]
    with pytest.raises(SessionError, match="did you mean 'a-plot'"):
        topic(BANK, Progress(), DAY, "a-plots", size=9)
