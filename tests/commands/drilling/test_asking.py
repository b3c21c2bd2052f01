"""``lossedu drill`` asks: hints, what it shows, and what of a line that cannot be an answer."""

import re
from datetime import timedelta

import pytest

from lossedu.commands.drilling import terminal as terminal_module
from tests.commands.drilling.typing_in import kept, typed_answer
from tests.practice.bank import BANK


def test_a_formula_is_echoed_as_it_was_read(drill):
    assert "read as (1 − p)^γ" in drill("topic", "a-formula", typed=["(1-p)^gamma"]).output


def test_what_cannot_be_read_is_marked_and_costs_nothing(drill, data):
    said = drill("topic", "a-formula", typed=["(1-p))^gamma", "(1-p)^gamma"]).output

    assert re.search(r"\n {7}\^\n", said)
    (review,) = kept(data).reviews
    assert (review.rating, review.hints) == (4, 0)


@pytest.mark.parametrize(
    ("name", "typed", "says"),
    [
        ("an-order", "a b", "Each of a to c once."),
        ("an-order", "a b b", "Each of a to c once."),
        ("an-order", "a b z", "Letters from a to c."),
        ("a-match", "a", "2 letters, one for each number."),
        ("a-match", "1 a 2", "2 letters, one for each number."),
        ("a-choice", "a b", "One letter."),
        ("a-choice", "1", "Letters from a to c."),
        ("several", "a d", "Letters from a to c."),
        ("an-erratum", "seven", "not an answer"),
        ("a-number", "0,5", "comma"),
        ("a-number", "half", "must be"),
    ],
)
def test_letters_and_numbers_that_do_not_fit_cost_nothing(drill, data, name, typed, says):
    said = drill("topic", name, typed=[typed, *typed_answer(name)]).output

    assert says in " ".join(said.split())
    assert kept(data).reviews[0].rating >= 3


def test_hints_come_in_order_and_their_cost_is_said(drill, data):
    said = drill("topic", "a-number", typed=["?", "?", "?", "?", "0.5"]).output

    assert "Hint 1 of 3: the answer counts as hard from now on." in said
    assert "Hint 3 of 3: that is the solution: the question comes again." in said
    assert said.index("Think.") < said.index("Think of halves.") < said.index("It is a half.")
    assert "There is no other hint." in said
    assert (kept(data).reviews[0].hints, kept(data).reviews[0].rating) == (3, 1)


def test_without_hints_there_are_none(drill, data):
    said = drill("today", "--no-hints", typed=["", "?", "quit"]).output

    assert "No hints here." in said
    assert kept(data).reviews == ()


def test_a_question_that_is_left_out_is_not_kept(drill, data):
    done = drill("topic", "a-number", typed=["skip"])

    assert "Left out." in done.output
    assert kept(data).reviews == ()


def test_formulas_stand_in_the_prompt_as_plain_text(drill):
    assert "What is 1/2?" in drill("topic", "a-number", typed=["quit"]).output


def test_an_empty_line_is_no_answer(drill, data):
    said = drill("topic", "a-number", typed=["", "0.5"]).output

    assert "? for a hint, skip, or quit" in said
    assert kept(data).reviews[0].rating == 4


def test_a_slow_answer_counts_as_hard(drill, data, time, monkeypatch):
    monkeypatch.setattr(type(time), "seconds", lambda self: time.now().timestamp())
    real = terminal_module.Terminal.ask

    def slowly(self, prompt="> "):
        time.moment += timedelta(seconds=BANK["a-number"].seconds + 1)
        return real(self, prompt)

    monkeypatch.setattr(terminal_module.Terminal, "ask", slowly)

    said = drill("topic", "a-number", typed=["0.5"]).output

    assert "31 s of 30 s." in said
    assert kept(data).reviews[0].rating == 2


def test_nothing_is_wider_than_the_terminal(drill, data, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")

    for name in BANK:
        said = drill("topic", name, typed=["?", *typed_answer(name)]).output.splitlines()
        wide = [line for line in said if len(line) > 60 and "file's name" not in line]
        assert [line for line in wide if str(data) not in line] == [], "only a path may be, whole"
