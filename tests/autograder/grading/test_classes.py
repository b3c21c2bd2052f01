"""A class is graded whole, whatever its submissions do and whenever it is killed."""

import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path

import distributed
import pytest
from sqlalchemy import create_engine, text

from autograder.grading import journal
from autograder.grading.folders import CourseFolders
from tests import needs

HERE = Path(__file__).parents[1]
sys.path.append(str(HERE))  # workers are new processes: they import the tiny class by its name
import tiny_class as tiny  # noqa: E402

from autograder.bridge.gradebook import GradebookStore  # noqa: E402
from autograder.grading.workers import UnavailableError, cluster  # noqa: E402
from tests.waiting import HANG_S, group_lives, wait_until  # noqa: E402

BOOK = """
SELECT s.student_id, c.name, g.auto_score, g.manual_score, g.extra_credit, g.needs_manual_grade
FROM grade g JOIN base_cell c ON c.id = g.cell_id JOIN submitted_notebook n ON n.id = g.notebook_id
JOIN submitted_assignment s ON s.id = n.assignment_id ORDER BY s.student_id, c.name
"""
COMMENTS = """
SELECT s.student_id, c.name, m.auto_comment, m.manual_comment
FROM comment m JOIN base_cell c ON c.id = m.cell_id JOIN submitted_notebook n
ON n.id = m.notebook_id JOIN submitted_assignment s ON s.id = n.assignment_id
ORDER BY s.student_id, c.name
"""


def rows(folders, query, url=None):
    """What the gradebook holds, without its arbitrary keys."""
    engine = create_engine(url or f"sqlite:///{folders.course}/gradebook.db")
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(query))]
    engine.dispose()
    return found


def book(folders, url=None):
    return rows(folders, BOOK, url) + rows(folders, COMMENTS, url)


def change(folders, statement):
    engine = create_engine(f"sqlite:///{folders.course}/gradebook.db")
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """A course that is copied: to release one takes seconds."""
    return tiny.make_course(tmp_path_factory.mktemp("released")).root


@pytest.fixture
def folders(tmp_path, released):
    return CourseFolders(shutil.copytree(released, tmp_path / "course"))


@pytest.fixture
def record(tmp_path):
    """Where the grader writes down whom it grades."""
    path = tmp_path / "record"
    path.touch()
    return path


def graded(record):
    return record.read_text().split()


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
        ("eve", "tiny-essay"): (0.0, 0),
        ("eve", "tiny-trained"): (0.0, 0),
        ("eve", "tiny-value"): (0.0, 0),
    }
    silent = {(student, cell) for student, cell, said, _ in rows(folders, COMMENTS) if said}
    assert silent == {("bob", "tiny-essay"), ("eve", "tiny-answer"), ("eve", "tiny-essay")}


def test_the_graded_notebook_is_kept_where_nbgrader_looks_and_cannot_be_edited(folders):
    tiny.hand_in(folders, "ann", tiny.notebook(folders, "answer = 1.5"))
    tiny.hand_in(folders, "eve", "broken {")

    tiny.grade(folders, tiny.TinyGrader())

    kept = folders.autograded("tiny", "ann")
    assert "answer = 1.5" in kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o444
    assert "not a notebook" in folders.autograded("tiny", "eve").read_text()
    assert [path.name for path in kept.parent.iterdir()] == ["tiny.ipynb"]


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


def test_what_could_not_be_graded_is_tried_again_on_resume(folders, record):
    tiny.hand_in(folders, "ann", "raise")
    tiny.grade(folders, tiny.TinyGrader(record=str(record)))

    tiny.grade(folders, tiny.TinyGrader(record=str(record)), resume=True)

    assert graded(record) == ["ann", "ann"]


def test_a_class_is_refused_where_nothing_can_be_graded(folders):
    tiny.fill(folders, 3)

    with pytest.raises(UnavailableError, match="the floor is not met"):
        tiny.grade(folders, tiny.TinyGrader(broken=True))

    assert rows(folders, BOOK) == []


def test_every_grader_is_closed(folders, record):
    tiny.fill(folders, 8)

    tiny.grade(folders, tiny.TinyGrader(record=str(record), delay_s=0.1), jobs=2)

    assert Path(f"{record}-closed").read_text().split() == ["closed", "closed"]


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


@pytest.mark.parametrize(
    ("handed_in", "penalty"),
    [
        ("2026-03-02 00:00:00.000000 UTC", 5.0),
        ("2026-02-28 00:00:00 UTC", None),
        ("soon", None),
    ],
)
def test_the_courses_plugin_takes_off_for_being_late(folders, handed_in, penalty):
    (folders.root / "nbgrader_config.py").write_text(LATE)
    change(folders, "UPDATE assignment SET duedate = '2026-03-01 00:00:00.000000'")
    submission = tiny.hand_in(folders, "ann", tiny.notebook(folders, "answer = 2"))
    submission.path.with_name("timestamp.txt").write_text(handed_in)

    tiny.grade(folders, tiny.TinyGrader())

    assert rows(folders, "SELECT late_submission_penalty FROM submitted_notebook") == [(penalty,)]
    kept = folders.autograded("tiny", "ann").with_name("timestamp.txt")
    assert kept.read_text() == handed_in, "nbgrader compares it with that of the next submission"


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


# --- killed runs ---------------------------------------------------------------------------------


def run(folders, record, *options, delay=0.05):
    arguments = [str(folders.root), str(record), str(delay), *options]
    return subprocess.Popen(
        [sys.executable, HERE / "tiny_class.py", *arguments],
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


def two_of(released, tmp_path):
    """The same course twice."""
    return [CourseFolders(shutil.copytree(released, tmp_path / name)) for name in ("one", "two")]


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


# --- a cluster, another database ---------------------------------------------------------------


@pytest.fixture
def postgres(tmp_path):
    """The URL of a database in a PostgreSQL server of its own, on loopback."""
    programs = needs.database()
    # The server refuses to be started by root; Debian's package brings a user for it.
    user = {"user": "postgres"} if os.getuid() == 0 else {}
    data = Path(tempfile.mkdtemp(prefix="postgres-", dir="/tmp"))
    if user:
        shutil.chown(data, "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/", **user}
    made = ["--auth=trust", "--username=teacher", "--encoding=UTF8", "--locale=C"]
    subprocess.run([programs / "initdb", "-D", data, *made], check=True, **quiet)
    options = f"-p {port} -k {data} -c listen_addresses=127.0.0.1"
    control = [programs / "pg_ctl", "-D", data, "-w"]
    subprocess.run([*control, "-o", options, "start"], check=True, **quiet)
    yield f"postgresql+psycopg://teacher@127.0.0.1:{port}/postgres"
    subprocess.run([*control, "-m", "immediate", "stop"], check=True, **quiet)
    shutil.rmtree(data)


@pytest.mark.slow
@pytest.mark.server
def test_a_postgresql_server_holds_the_same_gradebook(tmp_path, released, postgres, monkeypatch):
    here, there = two_of(released, tmp_path)
    for folders in (here, there):
        tiny.fill(folders, 8)
    tiny.grade(here, tiny.TinyGrader())

    monkeypatch.setenv("LOSSEDU_GRADEBOOK", postgres)
    tiny.release(there)
    tiny.grade(there, tiny.TinyGrader())
    again = tiny.grade(there, tiny.TinyGrader(edition=2), resume=True)

    assert [(*row[:5], int(row[5])) for row in rows(there, BOOK, postgres)] == rows(here, BOOK)
    assert sorted(rows(there, COMMENTS, postgres)) == sorted(rows(here, COMMENTS))
    assert len(again) == 8


@pytest.mark.slow
@pytest.mark.server
def test_a_cluster_of_two_workers_gives_the_identical_result(tmp_path, released):
    here, there = two_of(released, tmp_path)
    for folders in (here, there):
        tiny.fill(folders, 12)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as workers:
        address = workers.scheduler_address
        assert address.startswith("tcp://127.0.0.1:")
        far = tiny.grade(there, tiny.TinyGrader(), pool=partial(cluster, address))

    near = tiny.grade(here, tiny.TinyGrader(), jobs=2)

    assert far == near
    assert book(there) == book(here)


def test_a_scheduler_that_does_not_answer_is_named():

    with (
        pytest.raises(UnavailableError, match=r"must answer at tcp://127\.0\.0\.1:9"),
        cluster("tcp://127.0.0.1:9", timeout_s=1),
    ):
        pass
