"""A class that is resumed grades only what is new or changed, whenever it was killed."""

import random
import subprocess
import sys
import time
from collections import Counter

import pytest

from autograder.bridge.gradebook import GradebookStore
from autograder.grading import journal
from tests.autograder import tiny_class as tiny
from tests.autograder.grading.courses import BOOK, book, rows, two_of
from tests.waiting import HANG_S, group_lives, wait_until


def graded(record):
    return record.read_text().split()


def test_a_resumed_class_grades_only_what_is_new_or_changed(folders, record):
    grader = tiny.TinyGrader(record=str(record))
    tiny.fill(folders, 6)
    first = tiny.grade(folders, grader)
    record.write_text("")
    tiny.hand_in(folders, "student-001", tiny.notebook(folders, "answer = 2"))
    tiny.hand_in(folders, "student-100", tiny.notebook(folders, "answer = 1"))

    again = tiny.grade(folders, grader, resume=True)

    assert sorted(graded(record)) == ["student-001", "student-100"]
    assert [a for a, b in zip(again, first, strict=False) if a != b] == [again[1]]
    assert again[1].score == 5.0


def test_a_resumed_class_fills_a_gradebook_that_was_deleted_without_grading_again(folders, record):
    grader = tiny.TinyGrader(record=str(record))
    tiny.fill(folders, 4)
    tiny.grade(folders, grader)
    marks = rows(folders, BOOK)
    folders.root.joinpath("course", "gradebook.db").unlink()
    tiny.release(folders)

    tiny.grade(folders, grader, resume=True)

    assert len(graded(record)) == 4
    assert rows(folders, BOOK) == marks


def test_a_resumed_class_grades_again_whose_notebook_was_deleted(folders, record):
    grader = tiny.TinyGrader(record=str(record))
    tiny.fill(folders, 3)
    tiny.grade(folders, grader)
    record.write_text("")
    folders.autograded("tiny", "student-001").unlink()

    tiny.grade(folders, grader, resume=True)

    assert graded(record) == ["student-001"]
    assert folders.autograded("tiny", "student-001").exists()


def test_another_rubric_grades_all_anew_and_so_does_a_run_that_is_not_resumed(folders, record):
    tiny.fill(folders, 3)
    tiny.grade(folders, tiny.TinyGrader(record=str(record)))
    tiny.grade(folders, tiny.TinyGrader(record=str(record), edition=2), resume=True)
    tiny.grade(folders, tiny.TinyGrader(record=str(record), edition=2))

    assert set(Counter(graded(record)).values()) == {3}


def test_what_could_not_be_graded_is_tried_again_on_resume(folders, record):
    tiny.hand_in(folders, "ann", "raise")
    tiny.grade(folders, tiny.TinyGrader(record=str(record)))

    tiny.grade(folders, tiny.TinyGrader(record=str(record)), resume=True)

    assert graded(record) == ["ann", "ann"]


def run(folders, record, *options, delay=0.05):
    arguments = [str(folders.root), str(record), str(delay), *options]
    return subprocess.Popen(
        [sys.executable, tiny.__file__, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def killed(folders, record, moment):
    """Kill a class when so many were graded, at a random instant."""
    process = run(folders, record, "--resume")
    wait_until(lambda: len(graded(record)) >= moment or process.poll() is not None)
    time.sleep(random.uniform(0, 0.05))
    process.kill()
    process.communicate(timeout=HANG_S)
    wait_until(lambda: not group_lives(process.pid))


def finished(folders, record):
    """Let a class finish."""
    process = run(folders, record, "--resume")
    process.communicate(timeout=HANG_S)
    assert process.returncode == 0
    wait_until(lambda: not group_lives(process.pid))


def killed_and_resumed(folders, record, moments):
    """Kill a class after so many gradings each time, then let it finish.

    Returns:
        What was known before each run, and what that run graded.
    """
    steps = []
    for moment in (*moments, None):
        record.write_text("")
        known = set(journal.entries(folders.journal("tiny")))
        if moment is None:
            finished(folders, record)
        else:
            killed(folders, record, moment)
        steps.append((known, graded(record)))
    return steps


def assert_nothing_was_lost_or_done_twice(released, tmp_path, count, moments):
    whole, broken = two_of(released, tmp_path)
    for folders in (whole, broken):
        tiny.fill(folders, count)
    tiny.grade(whole, tiny.TinyGrader(), jobs=2)
    record = tmp_path / "record"

    steps = killed_and_resumed(broken, record, moments)

    assert book(broken) == book(whole)
    assert len(rows(broken, "SELECT * FROM submitted_assignment")) == count
    for known, after in steps:
        assert known.isdisjoint(after), "what is in the journal is not graded again"
    scores = [
        {o.submission: o.score for o in journal.outcomes(folders.journal("tiny"))}
        for folders in (whole, broken)
    ]
    assert scores[0] == scores[1]
    assert len(scores[0]) == count


@pytest.mark.slow
def test_a_class_that_is_killed_again_and_again_ends_with_the_same_gradebook(tmp_path, released):
    assert_nothing_was_lost_or_done_twice(released, tmp_path, 20, [1, 4, 2, 5])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "step"),
    [(journal, "note_outcome"), (GradebookStore, "store"), (journal, "note_stored")],
    ids=["journal", "gradebook", "receipt"],
)
def test_a_kill_between_two_steps_is_made_good(folders, place, step, monkeypatch):
    """The moments that a random kill seldom meets."""
    tiny.fill(folders, 3)

    class Killed(BaseException):
        pass

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(place, step, killed)
        with pytest.raises(Killed):
            tiny.grade(folders, tiny.TinyGrader())
    tiny.grade(folders, tiny.TinyGrader(), resume=True)

    assert [row[0] for row in rows(folders, "SELECT student_id FROM submitted_assignment")] == [
        "student-000", "student-001", "student-002",
    ]  # fmt: skip
    assert {row[2] for row in rows(folders, BOOK) if row[0] == "student-002"} == {1.0, 2.0, None}


def test_grading_a_part_of_a_class_again_keeps_the_results_of_the_others(folders):
    tiny.fill(folders, 3)
    submissions = tiny.handed_in(folders, "tiny")
    tiny.grade(folders, tiny.TinyGrader())

    tiny.grade(folders, tiny.TinyGrader(), submissions[:1], others_stay=True)

    known = journal.entries(folders.journal("tiny"))
    assert sorted(known) == [submission.name for submission in submissions]
    assert all(entry.stored for entry in known.values())
