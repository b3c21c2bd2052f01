"""The gradebook holds what a class earned, and keeps what the teacher gave."""

import os
from datetime import UTC, datetime

import nbformat
import pytest

from autograder.grading.marks import UNDECIDED
from tests.autograder import tiny_class as tiny
from tests.autograder.grading.courses import BOOK, COMMENTS, change, rows


def test_marks_go_into_the_gradebook_and_what_is_marked_by_hand_waits(folders):
    tiny.hand_in(folders, "ann", tiny.notebook(folders, "answer = 1.5"))
    tiny.hand_in(folders, "bob", tiny.notebook(folders, "answer = 2", essay=""))
    tiny.hand_in(folders, "eve", "broken {")

    outcomes = tiny.grade(folders, tiny.TinyGrader())

    assert [(o.submission, o.status, o.score) for o in outcomes] == [
        ("ann", "graded", 4.0),
        ("bob", "graded", 5.0),
        ("eve", "unreadable", 0.0),
    ]
    marks = {
        (student, cell): (auto, wait) for student, cell, auto, _, _, wait in rows(folders, BOOK)
    }
    assert marks == {
        ("ann", "tiny-essay"): (None, 1),
        ("ann", "tiny-trained"): (1.5, 0),
        ("ann", "tiny-value"): (2.5, 0),
        ("bob", "tiny-essay"): (0.0, 0),
        ("bob", "tiny-trained"): (2.0, 0),
        ("bob", "tiny-value"): (3.0, 0),
        ("eve", "tiny-essay"): (0.0, 1),
        ("eve", "tiny-trained"): (0.0, 1),
        ("eve", "tiny-value"): (0.0, 1),
    }
    silent = {(student, cell) for student, cell, said, _ in rows(folders, COMMENTS) if said}
    assert silent == {("bob", "tiny-essay"), ("eve", "tiny-answer"), ("eve", "tiny-essay")}


def test_an_empty_answer_that_may_stand_elsewhere_waits_for_the_teacher(folders):
    for name, undecided in (("ann", True), ("bob", False)):
        notebook = nbformat.reads(tiny.notebook(folders, "answer = 2", essay=""), as_version=4)
        (essay,) = (cell for cell in notebook.cells if cell.id == "tiny-essay")
        if undecided:  # as `composed` has it, which keeps nothing of the kind from a student
            essay.metadata[UNDECIDED] = True
        tiny.hand_in(folders, name, nbformat.writes(notebook))

    tiny.grade(folders, tiny.TinyGrader())

    essays = {row[0]: (row[2], row[5]) for row in rows(folders, BOOK) if row[1] == "tiny-essay"}
    assert essays == {"ann": (None, 1), "bob": (0.0, 0)}


def test_the_graded_notebook_is_kept_where_nbgrader_looks_and_cannot_be_edited(folders):
    tiny.hand_in(folders, "ann", tiny.notebook(folders, "answer = 1.5"))
    tiny.hand_in(folders, "eve", "broken {")

    tiny.grade(folders, tiny.TinyGrader())

    kept = folders.autograded("tiny", "ann")
    assert "answer = 1.5" in kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o444
    assert "not a notebook" in folders.autograded("tiny", "eve").read_text()
    assert [path.name for path in kept.parent.iterdir()] == ["tiny.ipynb"]


def test_a_score_that_is_none_is_no_mark_and_calls_the_teacher(folders):
    for name, answer in (("nan", "nan"), ("minus", "-1")):
        tiny.hand_in(folders, name, tiny.notebook(folders, f"answer = {answer}"))

    outcomes = tiny.grade(folders, tiny.TinyGrader())

    assert [(o.score, {c.status for c in o.checks}) for o in outcomes] == [(0.0, {"error"})] * 2
    machine = [row for row in rows(folders, BOOK) if row[1] != "tiny-essay"]
    assert {(auto, bool(wait)) for _, _, auto, _, _, wait in machine} == {(0.0, True)}


def test_a_check_that_was_left_out_leaves_its_cell_to_the_teacher(folders):
    tiny.hand_in(folders, "ann", tiny.notebook(folders, "answer = 2"))

    (outcome,) = tiny.grade(folders, tiny.TinyGrader(costly=False))

    assert (outcome.score, outcome.max_score) == (3.0, 3.0)
    marks = {cell: (auto, bool(wait)) for _, cell, auto, _, _, wait in rows(folders, BOOK)}
    assert marks["tiny-trained"] == (None, True)
    assert marks["tiny-value"] == (3.0, False)


def test_regrading_keeps_what_the_teacher_gave_and_asks_her_to_look_again(folders):
    tiny.hand_in(folders, "ann", tiny.notebook(folders, "answer = 1"))
    tiny.grade(folders, tiny.TinyGrader())
    change(folders, "UPDATE grade SET manual_score = 2.5, extra_credit = 1, needs_manual_grade = 0")
    change(folders, "UPDATE comment SET manual_comment = 'Well argued.'")
    tiny.hand_in(folders, "ann", tiny.notebook(folders, "answer = 2"))

    tiny.grade(folders, tiny.TinyGrader())

    assert {row[3:] for row in rows(folders, BOOK)} == {(2.5, 1.0, 1)}
    assert dict(row[1:3] for row in rows(folders, BOOK))["tiny-value"] == 3.0
    assert {row[3] for row in rows(folders, COMMENTS)} == {"Well argued."}


LATE = """
from pathlib import Path
from autograder.bridge.configuration import configure
c = get_config()
configure(c, Path(__file__).resolve().parent)
c.AssignLatePenalties.plugin_class = "nbgrader.plugins.LateSubmissionPlugin"
c.LateSubmissionPlugin.penalty_method = "zero"
"""

LATER = datetime(2026, 3, 2, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("handed_in", "penalty"),
    [
        ("2026-03-02 00:00:00.000000 UTC", 5.0),
        ("2026-02-28 00:00:00 UTC", None),
        ("soon", 5.0),
        ("", 5.0),
        ("\ufeff2026-02-28 00:00:00 UTC", None),
    ],
)
def test_the_courses_plugin_takes_off_for_being_late(folders, handed_in, penalty):
    (folders.root / "nbgrader_config.py").write_text(LATE)
    change(folders, "UPDATE assignment SET duedate = '2026-03-01 00:00:00.000000'")
    submission = tiny.hand_in(folders, "ann", tiny.notebook(folders, "answer = 2"))
    written = submission.path.with_name("timestamp.txt")
    written.write_text(handed_in, encoding="utf-8")
    os.utime(written, (LATER, LATER))  # counts where the text holds no date

    tiny.grade(folders, tiny.TinyGrader())

    assert rows(folders, "SELECT late_submission_penalty FROM submitted_notebook") == [(penalty,)]
    kept = folders.autograded("tiny", "ann").with_name("timestamp.txt")
    said = kept.read_text(encoding="utf-8")
    assert said == handed_in.lstrip("\ufeff"), "nbgrader compares it with the next one"
