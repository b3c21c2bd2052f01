"""``lossedu drill`` opens: what comes first, wrong use, damaged files, and an early end."""

import json
from datetime import timedelta

import pytest

from lossedu.commands.drilling import terminal as terminal_module
from tests.commands.drilling.typing_in import kept, typed_answer
from tests.practice.bank import BANK


def test_somebody_new_is_told_in_three_lines_and_gets_two_minutes_of_questions(drill):
    said = drill("today", typed=["quit"]).output.splitlines()

    assert said[2] == "First a set of 3 questions, 2 minutes at most."
    assert said[3].startswith("Enter to begin")
    plan = json.loads(drill("today", "--json").output)
    assert sum(BANK[item["family"]].seconds for item in plan["items"]) <= 120


def test_what_is_due_comes_before_what_is_new(drill, time):
    drill("topic", "several", typed=["b", "quit"])
    time.moment += timedelta(days=2)

    plan = json.loads(drill("today", "--json", "--size", "2").output)

    assert [item["why"] for item in plan["items"]] == ["due", "new"]
    assert (plan["items"][0]["family"], plan["items"][0]["variant"]) == ("several", 1)


def test_the_date_is_remembered_and_forgotten(drill, data):
    drill("today", "--date", "2027-02-01", "--json")
    remembered = kept(data).exam
    drill("today", "--date", "none", "--json")

    assert remembered.isoformat() == "2027-02-01"
    assert kept(data).exam is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["today", "--date", "soon"], "date must be a day such as 2027-01-31, or none, but is"),
        (["topic", "cross-entrpy"], "Hint: did you mean 'cross-entropy'"),
        (["mock", "--role", "ml-enginer"], "Hint: did you mean 'ml-engineer'?"),
        (["mock", "--minutes", "7"], "minutes must be one of 5, 30, 60, but is 7."),
        (["import", "nowhere.json"], "No such file"),
        (["export", "json", "--out", "/dev/null/x"], "out must lie in a folder"),
        (["today", "--data", "/"], "data must be a file, but / is a folder."),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(drill, arguments, says):
    done = drill(*arguments)

    assert done.exit_code == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_damaged_file_is_one_line_and_stays(drill, data):
    data.write_bytes(b"damaged" * 99)

    done = drill("today", typed=[""])

    assert done.exit_code == 2
    assert "is damaged; it is left as it is" in done.stderr
    assert data.read_bytes() == b"damaged" * 99


def test_ctrl_c_keeps_what_was_answered_and_exits_with_130(drill, data, monkeypatch):
    def pressed(self, prompt="> "):
        if kept(data).reviews:
            raise KeyboardInterrupt
        return "b"

    monkeypatch.setattr(terminal_module.Terminal, "ask", pressed)

    done = drill("topic", "a-choice")

    assert done.exit_code == 130
    assert f"1 answer, 0 right. All is kept in {data}" in " ".join(done.output.split())
    assert len(kept(data).reviews) == 1


def test_the_end_of_the_input_keeps_what_was_answered(drill, data):
    done = drill("topic", "cross-entropy", typed=typed_answer("a-choice"))

    assert done.exit_code == 0
    assert len(kept(data).reviews) == 1


def test_topics_are_listed_with_their_counts(drill):
    lines = dict(line.split() for line in drill("topic").output.splitlines())

    assert lines["cross-entropy"] == str(len(BANK))
    assert lines["debugging"] == "2"
    assert json.loads(drill("topic", "--json").output) == {n: int(c) for n, c in lines.items()}
