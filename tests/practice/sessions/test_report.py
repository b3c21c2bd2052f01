"""The report: claimed against shown, with the reviews behind each number."""

import re
from datetime import timedelta

import pytest

from lossedu.practice.families import SKILLS
from lossedu.practice.progress import Progress, SelfRating, cards_of
from lossedu.practice.sessions import report_of, report_page
from lossedu.practice.sessions.report import flags_ticked
from tests.practice.bank import BANK
from tests.practice.reviews import START, review

DAY = START.date() + timedelta(days=5)
FLAGGED = {
    "answer": {"said": [0], "flags": [0]},
    "ticks": ("the likelihood", "the loss does not matter"),
    "rating": 1,
    "verdict": "wrong",
}
REVIEWS = (
    review("a-number", seconds=70, rating=2),
    review("a-number", seconds=80, rating=2, day=1),
    review("several", rating=1, verdict="wrong", answer=[1]),
    review("a-choice", hints=1, rating=2),
    review("a-bug", rating=4, answer={"cause": 0}),
    review("aloud-60", day=2, **FLAGGED),
    review("gone", rating=1),
)
GRID = (SelfRating(START, "cross-entropy", 5), SelfRating(START, "cross-entropy", 4))
FULL = Progress(REVIEWS, GRID, DAY + timedelta(days=9))


@pytest.fixture(scope="module")
def report():
    return report_of(BANK, FULL, DAY)


def line(report, skill):
    return next(one for one in report.skills if one.skill == skill)


def test_every_skill_has_its_line(report):
    assert [one.skill for one in report.skills] == list(SKILLS)


def test_shown_is_the_highest_level_whose_last_answer_was_right_and_unaided(report):
    assert line(report, "cross-entropy").shown == 3
    assert [r.family for r in line(report, "cross-entropy").evidence] == ["a-number"]
    assert line(report, "debugging").kind == "debug"
    assert line(report, "margins").shown is None  # with a hint
    assert line(report, "robustness").shown is None  # wrong


def test_an_answer_that_was_right_once_and_wrong_later_shows_nothing():
    reviews = (review("a-number"), review("a-number", day=1, rating=1, verdict="wrong"))

    assert line(report_of(BANK, Progress(reviews), DAY), "cross-entropy").shown is None


def test_claimed_is_what_was_rated_last():
    grid = (SelfRating(START + timedelta(days=1), "focal", 2), SelfRating(START, "focal", 5))

    assert line(report_of(BANK, Progress(grid=grid), DAY), "focal").claimed == 2


def test_recall_is_that_of_the_cards_on_the_day(report):
    cards = [c for n, c in cards_of(REVIEWS).items() if n in BANK]

    assert report.on == FULL.exam
    assert report.expected == pytest.approx(sum(card.recall(report.on) for card in cards))
    assert report.cards == len(cards)


def test_without_a_date_recall_is_that_in_a_week():
    computed = report_of(BANK, Progress(REVIEWS), DAY)

    assert computed.on == DAY + timedelta(days=7)
    assert not computed.exam


def test_the_slowest_and_the_weakest_are_named(report):
    assert [(one.family, one.seconds) for one in report.slowest] == [
        ("a-number", 75),
        ("a-choice", 41.5),
        ("several", 41.5),
    ]
    assert {one.family for one in report.weakest} == {"several", "aloud-60"}
    recalls = [one.recall for one in report.weakest]
    assert recalls == sorted(recalls)


def test_hints_and_red_flags_are_counted(report):
    assert {count: len(reviews) for count, reviews in report.hints.items()} == {
        0: 6,
        1: 1,
        2: 0,
        3: 0,
    }
    assert [(flag.text, len(flag.reviews)) for flag in report.flags] == [
        ("the loss does not matter", 1)
    ]


def test_ticks_without_flags_are_no_red_flags():
    assert flags_ticked(review(answer={"said": [0], "flags": []}, ticks=("a",))) == []
    assert flags_ticked(review()) == []


def test_five_steps_are_named_and_the_red_flag_comes_first(report):
    commands = [action.command for action in report.actions]

    assert len(commands) == len(set(commands)) == 5
    assert commands[0] == "lossedu drill topic aloud-60"
    assert "lossedu drill today" in commands


def test_somebody_new_is_told_where_to_begin():
    actions = report_of(BANK, Progress(), DAY).actions

    assert [action.command for action in actions[:2]] == [
        "lossedu drill today",
        "lossedu drill grid",
    ]
    assert len(actions) == 5


def test_a_claim_that_nothing_shows_is_a_step():
    grid = (SelfRating(START, "design", 5), SelfRating(START, "focal", 1))

    commands = [
        a.command for a in report_of(BANK, Progress((review("a-number"),), grid), DAY).actions
    ]

    assert "lossedu drill topic design" in commands


def test_every_number_of_the_page_leads_to_its_reviews(report):
    page = report_page(report, BANK)
    links = re.findall(r'href="#(r\d+)"', page)
    targets = re.findall(r'id="(r\d+)"', page)

    assert set(links) == set(targets)
    assert len(targets) == len(set(targets)) > 5
    section = page.partition(f'id="{targets[0]}"')[2].partition("</section>")[0]
    assert section.count("<tr>") - 1 == len(REVIEWS)


def test_the_page_needs_nothing_but_itself(report):
    page = report_page(report, BANK)

    assert not re.search(r"<(script|link|img|iframe)|https?:|url\(|@import", page)


def test_answers_are_text_in_the_page_not_markup():
    reviews = (review("a-formula", answer="<script>alert(1)</script>"),)

    page = report_page(report_of(BANK, Progress(reviews), DAY), BANK)

    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_page_without_reviews_has_no_dead_links():
    page = report_page(report_of(BANK, Progress(), DAY), BANK)

    assert re.findall(r'href="#(?!top)', page) == []
