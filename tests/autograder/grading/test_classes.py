"""A class is graded whole, whatever its submissions do."""

from pathlib import Path

import pytest

from autograder.grading import journal
from autograder.grading.workers import UnavailableError
from tests.autograder import tiny_class as tiny
from tests.autograder.grading.courses import BOOK, rows


def test_a_submission_that_ends_its_grader_costs_only_itself(folders):
    tiny.fill(folders, 6)
    for name in ("student-002", "student-005"):
        tiny.hand_in(folders, name, "end this process")
    tiny.hand_in(folders, "student-004", "raise")

    outcomes = tiny.grade(folders, tiny.TinyGrader(), jobs=2)

    by_status = {o.submission[-1]: o.status for o in outcomes}
    assert by_status == {
        "0": "graded", "1": "graded", "2": "crashed", "3": "unreadable", "4": "crashed",
        "5": "crashed",
    }  # fmt: skip
    assert "it ended the process that graded it" in outcomes[2].integrity[0]
    assert "ZeroDivisionError" in outcomes[4].integrity[0]
    waits = {row[1] for row in rows(folders, BOOK) if row[0] == "student-004" and row[5]}
    assert waits == {"tiny-value", "tiny-trained"}


def test_a_class_is_refused_where_nothing_can_be_graded(folders):
    tiny.fill(folders, 3)

    with pytest.raises(UnavailableError, match="the floor is not met"):
        tiny.grade(folders, tiny.TinyGrader(broken=True))

    assert rows(folders, BOOK) == []


def test_every_grader_is_closed(folders, record):
    tiny.fill(folders, 8)

    tiny.grade(folders, tiny.TinyGrader(record=str(record), delay_s=0.1), jobs=2)

    assert Path(f"{record}-closed").read_text().split() == ["closed", "closed"]


def test_a_second_run_at_the_same_time_is_refused(folders):
    tiny.fill(folders, 1)

    with (
        journal.locked(folders.journal("tiny")),
        pytest.raises(journal.BusyError, match="tiny must be graded by one run at a time"),
    ):
        tiny.grade(folders, tiny.TinyGrader())


def test_the_journal_keeps_no_secret(folders):
    from autograder.grading.secret import course_secret

    tiny.fill(folders, 2)
    tiny.grade(folders, tiny.TinyGrader())

    secret = str(course_secret(folders))
    kept = [p for p in folders.course.rglob("*") if p.is_file() and p != folders.secret]
    assert kept
    assert [path for path in kept if secret.encode() in path.read_bytes()] == []
