"""A mock interview has its five parts, fits its time, and goes on by what was answered."""

import uuid
from datetime import timedelta

import pytest

from lossedu.practice.families import SKILLS, families
from lossedu.practice.sessions import ROLES, SessionError, begin_mock, mock_from
from lossedu.practice.sessions.mock import MINUTES, mark_of, words_after
from tests.practice.bank import BANK, made
from tests.practice.reviews import START, review

WHYS = ["a derivation", "60 seconds aloud", "a bug", "90 seconds aloud", "a design"]


def begun(seed=0, role="ml-engineer", minutes=30, bank=BANK, reviews=()):
    return begin_mock(
        bank, reviews, id=str(uuid.UUID(int=seed)), role=role, minutes=minutes, when=START
    )


def answer(mock, part, **changes):
    return review(part.family, id=mock.review_id(part), source="mock", **changes)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("minutes", MINUTES)
def test_every_interview_has_a_derivation_a_bug_a_design_and_two_answers_aloud(role, minutes):
    mock = begun(role=role, minutes=minutes)

    assert [part.why for part in mock.parts[:5]] == WHYS
    kinds = [BANK[part.family].kind for part in mock.parts[:5]]
    assert kinds[0] == "formula"
    assert kinds[1] == kinds[3] == "spoken"
    assert [BANK[mock.parts[k].family].answer["seconds"] for k in (1, 3)] == [60, 90]
    assert kinds[2] in ("debug", "incident")
    assert kinds[4] == "design"
    assert len({part.family for part in mock.parts}) == len(mock.parts)


@pytest.mark.parametrize("minutes", MINUTES)
def test_the_parts_fit_into_the_time(minutes):
    mock = begun(minutes=minutes)

    assert sum(part.seconds for part in mock.parts) <= minutes * 60
    assert min(part.seconds for part in mock.parts) > 0


@pytest.mark.parametrize("role", ROLES)
def test_the_bank_fills_an_hour_for_every_role(role):
    mock = begun(role=role, minutes=60, bank=families())

    assert [part.why for part in mock.parts[:5]] == WHYS
    assert 50 * 60 <= sum(part.seconds for part in mock.parts) <= 60 * 60
    asked = [families()[part.family] for part in mock.parts]
    assert all(ROLES[role].weights[family.skills[0]] for family in asked[5:])


def test_answers_aloud_keep_their_seconds_in_a_short_interview():
    assert [begun(minutes=5).parts[k].seconds for k in (1, 3)] == [60, 90]


def test_one_id_gives_one_interview_and_others_give_others():
    bank = BANK | {f"n{k}": made(f"n{k}", "a-number", skills=["focal"]) for k in range(9)}
    plans = {tuple(p.family for p in begun(seed, bank=bank).parts) for seed in range(9)}

    assert begun(3, bank=bank) == begun(3, bank=bank)
    assert len(plans) > 1


def test_what_was_answered_least_is_asked():
    bank = BANK | {"other": made("other", "a-formula")}
    formulas = ["a-formula", "other"]

    for often, seldom in (formulas, formulas[::-1]):
        reviews = [review(often, day=n) for n in range(3)]
        assert begun(bank=bank, reviews=reviews).parts[0].family == seldom


def test_the_roles_weigh_skills_that_exist():
    assert len(ROLES) == 5
    for role in ROLES.values():
        assert set(role.weights) == set(SKILLS)
        assert max(role.weights.values()) > min(role.weights.values())


def test_a_bank_that_lacks_a_part_is_refused():
    bank = {name: family for name, family in BANK.items() if family.kind != "design"}

    with pytest.raises(SessionError, match="the bank must have a design for a mock interview"):
        begun(bank=bank)


def test_an_interview_goes_on_behind_the_last_answer_from_its_kept_plan():
    mock = begun(minutes=5)
    first = mock.next([])
    reviews = [answer(mock, first, verdict="wrong", rating=1, seconds=999)]

    resumed = mock_from(mock.as_json(), BANK)

    assert resumed == mock
    assert resumed.next(reviews) == mock.parts[1]
    assert set(resumed.answers(reviews)) == {"1"}


def formula_first(**follow_up):
    """An interview about a bank whose derivation has a follow-up, and little else."""
    bank = {n: BANK[n] for n in ("aloud-60", "aloud-90", "a-bug", "a-design")}
    bank["a-formula"] = made("a-formula", follow_up=follow_up)
    bank["a-number"] = made("a-number", level=2)  # too easy to be drawn for itself
    return begun(minutes=30, bank=bank)


def test_what_is_asked_next_depends_on_the_verdict():
    mock = formula_first(right="a-number")
    part = mock.next([])

    after_right = mock.next([answer(mock, part, seconds=20)])
    after_wrong = mock.next([answer(mock, part, verdict="wrong", rating=1, seconds=20)])

    assert (after_right.family, after_right.why) == ("a-number", "follow-up")
    assert after_wrong == mock.parts[1]


def test_there_is_no_follow_up_without_the_time_for_it():
    mock = formula_first(right="a-number")
    part = mock.next([])

    assert mock.next([answer(mock, part, seconds=3000)]) == mock.parts[1]


def test_a_follow_up_may_be_a_sentence():
    family = BANK["a-formula"]

    assert words_after(family, review(verdict="wrong", rating=1)) == "Which examples are easy?"


def test_at_the_end_nothing_is_left():
    mock = begun()
    reviews = []
    while (part := mock.next(reviews)) is not None:
        reviews.append(answer(mock, part, seconds=1, when=START + timedelta(seconds=len(reviews))))

    assert len(reviews) >= len(mock.parts)
    assert len(mock.answers(reviews)) == len(reviews)


@pytest.mark.parametrize(
    ("family", "changes", "mark"),
    [
        ("a-formula", {"seconds": 39}, "strong"),
        ("a-formula", {"seconds": 41}, "lean"),
        ("a-formula", {"verdict": "partly", "rating": 1}, "lean"),
        ("a-formula", {"verdict": "wrong", "rating": 1}, "no"),
        ("aloud-60", {"rating": 3}, "strong"),
        ("aloud-60", {"rating": 2, "verdict": "partly"}, "lean"),
        ("aloud-60", {"rating": 1, "verdict": "wrong"}, "no"),
    ],
)
def test_a_mark_follows_from_the_verdict_and_the_time_or_from_the_rubric(family, changes, mark):
    assert mark_of(review(family, **changes), BANK[family], 40) == mark
