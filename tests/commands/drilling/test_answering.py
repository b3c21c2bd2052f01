"""``lossedu drill`` grades: right and wrong answers of every kind, and code that is mended."""

import re

import pytest

from lossedu.practice.families import draw, families, own_answer
from tests.commands.drilling.typing_in import kept, typed_answer
from tests.practice.bank import BANK


@pytest.mark.parametrize("name", BANK)
def test_a_right_answer_of_every_kind_is_accepted_and_kept(drill, data, name):
    done = drill("topic", name, typed=typed_answer(name))

    assert done.exit_code == 0, done.output
    (review,) = kept(data).reviews
    assert (review.family, review.verdict, review.source) == (name, "right", "terminal")
    assert review.rating >= 3
    assert "1 answer, 1 right." in done.output


RUN = ("code", "debug")  # their answers are run by the bank's own test


@pytest.mark.slow
@pytest.mark.parametrize("name", [f.id for f in families().values() if f.kind not in RUN])
def test_a_right_answer_to_any_question_of_the_bank_is_accepted_as_it_is_typed(
    drill, data, monkeypatch, name
):
    monkeypatch.setattr("lossedu.practice.families.families", families)

    said = drill("topic", name, typed=typed_answer(name, families())).output

    assert "1 answer, 1 right." in said
    shown = [line for line in said.splitlines() if not line.startswith("> ")]  # what was typed
    assert max(map(len, shown)) <= 80
    assert not re.search(r"\\[a-z]|\$.*\$", said)


WRONG = {
    "a-number": ["0.7"],
    "a-formula": ["p^gamma"],
    "a-choice": ["b"],
    "several": ["b"],
    "an-order": ["a b c"],
    "a-match": ["a b"],
    "a-plot": ["1"],
    "an-incident": ["b" if draw(BANK["an-incident"], 0).answer["right"] == [0] else "a"],
    "some-code": ["x = 2", ".", "show"],
    "an-erratum": ["1"],
    "aloud-60": ["", "", "", "a", ""],
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_is_kept_as_wrong_and_the_question_comes_once_more(drill, data, name):
    done = drill("topic", name, typed=[*WRONG[name], "quit"])

    assert done.exit_code == 0, done.output
    (review,) = kept(data).reviews
    assert review.rating == 1
    assert "Again at the end, and tomorrow." in done.output
    assert "2 of 2" in done.output


def test_a_mistake_with_a_name_is_named(drill):
    said = drill("topic", "a-formula", typed=["p^gamma"]).output

    assert "That keeps what is easy." in said
    assert "Then: Which examples are easy?" in said


ANSWERS = {
    "a-number": "The answer: 0.5",
    "a-formula": "The answer: (1 − p)^γ",
    "a-choice": "The answer: a) yes",
    "several": "The answer: a) a; c) c",
    "an-order": "The answer: b, c, a",
    "a-match": "The answer: 1 b, 2 a",
    "an-erratum": "The answer: line 2; it should be 3",
    "some-code": "A solution:\n    x = y + 1",
}


@pytest.mark.parametrize("name", ANSWERS)
def test_after_a_wrong_answer_the_right_one_is_shown_and_after_a_right_one_not(drill, name):
    wrong = drill("topic", name, typed=[*WRONG[name], "quit"]).output
    right = drill("topic", name, typed=typed_answer(name)).output

    assert ANSWERS[name] in wrong
    assert ANSWERS[name] not in right


def test_code_may_be_mended_and_then_counts_as_hard(drill, data):
    typed = ["x = 2", ".", "x =", ".", "x = 3", "."]

    said = drill("topic", "some-code", typed=typed).output

    assert "Not yet: Traceback" in said
    assert "Line 1 is not Python" in said
    assert [(r.verdict, r.rating) for r in kept(data).reviews] == [("right", 2)]


@pytest.mark.parametrize("line", ["~nobody/x", "x" * 5000, "a\0b"])
def test_a_line_that_is_no_name_of_a_file_is_code(drill, data, line):
    done = drill("topic", "some-code", typed=[line, ".", "x = 3", "."])

    assert done.exit_code == 0, done.output
    assert kept(data).reviews[0].verdict == "right"


def test_what_python_prints_keeps_its_lines(drill):
    said = drill("topic", "some-code", typed=["1 / 0", ".", "quit"]).output

    assert re.search(r"^ *ZeroDivisionError: division by zero$", said, re.MULTILINE)


def test_a_mended_script_with_a_wrong_cause_is_partly_right(drill, data):
    right = own_answer(draw(BANK["a-bug"], 0))
    wrong = "ab"[1 - right["cause"]]

    drill("topic", "a-bug", typed=[wrong, right["fix"], "."])

    (review,) = kept(data).reviews
    assert (review.verdict, review.rating) == ("partly", 1)


def test_code_is_read_from_a_file(drill, data, tmp_path):
    path = tmp_path / "answer.py"
    path.write_text("x = y + 1\n", encoding="utf-8")

    said = drill("topic", "some-code", typed=[tmp_path / "nowhere.py", path]).output

    assert "nowhere.py cannot be read" in " ".join(said.split())
    assert kept(data).reviews[0].verdict == "right"
