"""The command ``autograder`` says in one line what is wrong, and shows what a teacher asks for."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from autograder.commands import app as cli
from autograder.commands.tables import check_table, class_table
from autograder.course.new_course import new_course
from autograder.grading.folders import CourseFolders
from autograder.grading.journal import outcomes
from autograder.grading.outcomes import CheckResult, Outcome
from tests.waiting import HANG_S, group_lives, wait_until

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    return lambda *arguments: CliRunner().invoke(cli.app, list(map(str, arguments)))


EMPTY = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def shown(table):
    console = Console(width=80, record=True, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    console.print(table)
    console.file.close()
    return re.sub(r"[ \N{NO-BREAK SPACE}]+", " ", console.export_text())


def outcome(name, *points, status="graded", misconception=None):
    checks = [
        CheckResult(f"a.part-{n}", p, 2.0, "passed" if p == 2 else "failed", "", misconception)
        for n, p in enumerate(points)
    ]
    return Outcome(name, "a", sum(points), 2.0 * len(points), 0.1, 1.0, status, checks)


def test_the_class_table_has_a_row_a_student_and_explains_its_letters():
    ann = outcome("a-student-with-a-long-name", *[2.0] * 17)
    bob = outcome("bob", *[2.0, 0.5, 0.0] * 5, 2.0, 2.0, misconception="a-p-for-p-t")
    eve = outcome("eve", *[0.0] * 17, status="unreadable")

    said = shown(class_table([ann, bob, eve]))

    assert " a-student-with-a-long-name ●●●●●●●●●●●●●●●●● 34/34" in said
    assert "●◐○●◐○●◐○●◐○●◐○●●" in said
    assert "16.5/34 p-for-p-t" in said
    assert "0/34 unreadable" in said
    assert "a part-0 2" in said
    assert "q part-16 2" in said


def test_a_class_with_one_check_left_out_shows_a_gap():
    said = shown(class_table([outcome("ann", 2.0, 2.0), outcome("bob", 2.0)]))

    assert "ann ●● 4/4" in said
    assert "bob ● 2/2" in said


def test_one_notebooks_table_says_what_was_found():
    done = outcome("ann", 2.0, 0.0, misconception="a-sum")

    said = shown(check_table(done))

    assert "a: 2 of 4 points" in said
    assert "✓ a.part-0" in said
    assert "✗ a.part-1" in said
    assert "0/2 failed (a-sum)" in said


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["release", "nothing"], "assignment must be one of 'focal', but is 'nothing'."),
        (["sample-class", "nothing"], "assignment must be one of 'focal'"),
        (["release", "focl"], "Hint: did you mean 'focal'?"),
        (["grade", "--assignment", "focal", "x", "--json", "/"], "--json must be a file, but / is"),
        (["report", "focal", "--html", "/"], "--html must be a file, but / is a folder"),
        (["export", "focal", "--for", "moodle", "--out", "/"], "--out must be a file, but / is"),
        (["new-course", "/dev/null/x"], "folder must lie in a folder"),
        (["grade", "--assignment", "nothing"], "assignment must be one of 'focal'"),
        (["grade", "--assignment", "focal"], "course/submitted must hold focal of somebody"),
        (["grade", "--assignment", "focal", "nowhere.ipynb"], "nowhere.ipynb must be a notebook"),
        (["grade", "focal", "nowhere.ipynb"], "nowhere.ipynb must be a notebook"),
        (["grade", "focal"], "course/submitted must hold focal of somebody"),
        (["grade"], "an assignment must be named, but none is. Hint: autograder grade NAME"),
        (["grade", "focl"], "Hint: did you mean 'focal'?"),
        (["due", "focal", "soon"], "a due date must be a date"),
        (["due", "focal", "2026-03-01", "--zone", "Mars"], "--zone must be a time zone"),
    ],
)
def test_wrong_use_is_answered_in_one_line_with_exit_code_2(run, tmp_path, arguments, line):
    (tmp_path / "solutions" / "focal").mkdir(parents=True)
    (tmp_path / "solutions" / "focal" / "focal.md").write_text("")

    root = () if arguments[0] == "new-course" else ("--root", tmp_path)
    done = run(*arguments, *root)

    assert done.exit_code == 2
    assert line in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_outside_a_course_the_command_says_where_it_is(run, tmp_path):
    done = run("release", "focal", "--root", tmp_path)

    assert done.exit_code == 2
    assert f"root must be a course's folder, but {tmp_path} holds no assignments" in done.stderr


def broken_mark(course):
    path = course / "solutions" / "focal" / "focal.md"
    path.write_text(path.read_text().replace("kind: test", "kind: tset"))


def no_text(course):
    (course / "solutions" / "focal" / "focal.md").write_bytes(b"\xff\xfe")


def no_gradebook(course):
    (course / "course").mkdir()
    (course / "course" / "gradebook.db").write_text("nonsense")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (broken_mark, "must have an id and a kind of"),
        (no_text, "focal.md must be a text notebook, but is not"),
        (no_gradebook, "the gradebook must be a database that can be opened, but sqlite:///"),
    ],
)
def test_a_course_that_is_damaged_says_where_in_one_line(run, tmp_path, harm, words):
    new_course(tmp_path / "course")
    harm(tmp_path / "course")

    done = run("export", "focal", "--for", "moodle", "--root", tmp_path / "course")

    assert done.exit_code == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("fokal.ipynb", "{}", "the file must be a Jupyter notebook, but: it has no cells"),
        ("focal.ipynb", "[]", "the file must be a Jupyter notebook, but: it has no cells"),
        ("focal.ipynb", "{", "the file must be a Jupyter notebook, but is no JSON from line 1"),
        ("focal.ipynb", "", "the file must be a Jupyter notebook, but is empty. Hint: the upload"),
        ("focal.ipynb", "\n<!DOCTYPE html><p>", "but is a web page. Hint: File > Download in"),
        ("focal.ipynb", "<html lang=en>", "but is a web page"),
        ("focal.ipynb", "%PDF-1.7", "but is a PDF. Hint: hand in the .ipynb file"),
        ("focal.ipynb", "PK\x03\x04", "but is a zip archive"),
        ("focal.ipynb", None, "focal.ipynb must be a notebook, but is not there."),
        ("", None, "must be a notebook, but is a folder"),
        ("ann.ipynb", EMPTY, "ann.ipynb must be of an assignment, one of 'design', 'focal'"),
    ],
)
def test_trying_what_is_no_notebook_says_so(run, tmp_path, name, text, line):
    if text is not None:
        (tmp_path / name).write_text(text)

    done = run("try", tmp_path / name)

    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert line in done.stderr


# --- the commands at work ------------------------------------------------------------------------


def command(course, *arguments, code=0):
    done = subprocess.run(
        [BIN / "autograder", *arguments],
        cwd=course,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "100"},
    )
    assert done.returncode == code, f"{arguments}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory):
    """A course whose sample class was graded, and what the command said."""
    root = tmp_path_factory.mktemp("course")
    for name in ("solutions", "samples"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("*.ipynb"))
    for sample in (root / "samples" / "focal").iterdir():
        if sample.stem not in ("right", "wrong-alpha-for-all", "broken-file"):
            sample.unlink()
    shutil.copy(ROOT / "nbgrader_config.py", root)
    said = command(root, "sample-class", "focal", "--without-training", "--json")
    return root, json.loads(said)


@pytest.fixture
def course(rehearsed, tmp_path):
    return shutil.copytree(rehearsed[0], tmp_path / "course")


@pytest.mark.slow
def test_the_sample_class_is_graded_and_a_broken_file_costs_only_itself(rehearsed):
    root, records = rehearsed

    found = {r["submission"]: (r["status"], r["score"] == r["max_score"]) for r in records}
    assert found == {
        "broken-file": ("unreadable", False),
        "right": ("graded", True),
        "wrong-alpha-for-all": ("graded", False),
    }
    feedback = root / "course" / "feedback" / "broken-file" / "focal" / "focal.html"
    assert "This submission was not graded." in feedback.read_text()


@pytest.mark.slow
def test_grading_prints_a_table_and_first_faults_and_writes_json(course, tmp_path):
    said = command(
        course, "grade", "--assignment", "focal", "--resume", "--without-training",
        "--json", str(tmp_path / "outcomes.json"),
    )  # fmt: skip

    assert "wrong-alpha-for-all" in said
    assert "broken-file: the file must be a Jupyter notebook" in said
    records = json.loads((tmp_path / "outcomes.json").read_text())
    kept = outcomes(CourseFolders(course).journal("focal"))
    assert [Outcome.from_record(record) for record in records] == kept


@pytest.mark.slow
def test_one_student_and_one_question_are_graded_again_and_the_rest_stays(course, tmp_path):
    journal = CourseFolders(course).journal("focal")
    before = {outcome.submission: outcome for outcome in outcomes(journal)}
    shutil.copy(
        CourseFolders(course).submitted("focal", "right") / "focal.ipynb",
        CourseFolders(course).submitted("focal", "wrong-alpha-for-all") / "focal.ipynb",
    )

    command(
        course, "grade", "focal", "--student", "wrong-alpha-for-all", "--question", "focal.alpha",
        "--json", str(tmp_path / "outcomes.json"),
    )  # fmt: skip

    (record,) = json.loads((tmp_path / "outcomes.json").read_text())
    after = {outcome.submission: outcome for outcome in outcomes(journal)}
    new, old = Outcome.from_record(record), before["wrong-alpha-for-all"]
    lost = [
        {check.id for check in one.checks if check.points < check.max_points} for one in (old, new)
    ]
    assert lost[0] - lost[1] == {"focal.alpha"}
    assert lost[1], "what else was lost stays lost"
    assert after == before | {"wrong-alpha-for-all": new}


@pytest.mark.slow
def test_trying_a_notebook_says_what_check_would_say_and_exits_with_1_where_points_are_lost(course):
    folders = CourseFolders(course)
    path = [
        str(folders.submitted("focal", n) / "focal.ipynb") for n in ("right", "wrong-alpha-for-all")
    ]

    right = command(course, "try", path[0], "--without-training")
    wrong = command(course, "try", path[1], "--without-training", code=1)

    assert "✗" not in right
    assert "✗ focal.alpha" in wrong


@pytest.mark.slow
def test_the_doctor_lists_the_layers(course):
    layers = json.loads(command(course, "doctor", "--json"))

    assert {"namespaces", "seccomp", "Landlock"} <= {layer["name"] for layer in layers}
    assert "Submissions can be graded." in command(course, "doctor")


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on_and_leaves_no_process(course):
    right = CourseFolders(course).submitted("focal", "right")
    for number in range(60):
        shutil.copytree(right, course / "course" / "submitted" / f"copy-{number}" / "focal")
    journal = CourseFolders(course).journal("focal")
    journal.unlink()
    arguments = [BIN / "autograder", "grade", "--assignment", "focal", "--without-training"]
    process = subprocess.Popen(
        arguments, cwd=course, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    wait_until(lambda: process.poll() is not None or (journal.exists() and outcomes(journal)))

    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all at once
    _, said = process.communicate(timeout=HANG_S)

    assert process.returncode == cli.INTERRUPTED
    assert "of 63 are graded. Hint: go on with --resume" in said
    wait_until(lambda: not group_lives(process.pid))
    assert 0 < len(outcomes(journal)) < 63
