"""The command ``autograder`` says in one line what is wrong, and shows what a teacher asks for."""

import json
import os
import re

import pytest
from rich.console import Console
from typer.testing import CliRunner

from autograder.commands import app as cli
from autograder.commands.tables import check_table, class_table
from autograder.course.new_course import new_course
from autograder.grading.outcomes import CheckResult, Outcome


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
