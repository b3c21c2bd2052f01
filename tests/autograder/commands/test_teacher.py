"""Reports, look-alikes, exports and new courses, as a teacher asks for them."""

import json

import pytest
from typer.testing import CliRunner

from autograder.commands.app import app
from autograder.course.sample_class import answers_in, filled_in
from autograder.grading import journal
from autograder.grading.folders import CourseFolders
from autograder.grading.outcomes import CheckResult, Outcome


@pytest.fixture
def run(monkeypatch, course):
    monkeypatch.setenv("COLUMNS", "100")
    return lambda *words: CliRunner().invoke(app, [*map(str, words), "--root", str(course)])


@pytest.fixture
def graded(course):
    """A course in which two were graded, one with a mistake."""
    path = CourseFolders(course).journal("focal")
    with journal.locked(path):
        for name, points, mistake in (("ada", 3.0, None), ("bob", 0.0, "focal-p-for-p-t")):
            status = "failed" if mistake else "passed"
            check = CheckResult("focal.values", points, 3.0, status, "Look at p_t.", mistake)
            outcome = Outcome(name, "focal", points, 3.0, 0.1, 9.0, "graded", [check])
            journal.note_outcome(path, f"print of {name}", outcome)
    return course


def test_a_report_is_one_page_and_a_few_lines(run, graded):
    said = run("report", "focal")

    assert said.exit_code == 0
    assert "2 graded, mean 1.5 and median 1.5 of 3 points by machine" in said.stdout
    assert "1  p-for-p-t" in said.stdout
    page = (graded / "course" / "report-focal.html").read_text()
    assert "p-for-p-t" in page
    assert "Look at p_t." in page


def test_a_report_is_data_on_request(run, graded):
    found = json.loads(run("report", "focal", "--json").stdout)

    assert found["misconceptions"] == {"p-for-p-t": 1}
    assert not (graded / "course" / "report-focal.html").exists()


def test_a_report_of_nothing_says_what_to_do_first(run):
    said = run("report", "focal")

    assert said.exit_code == 2
    assert "Hint: autograder grade focal" in said.stderr


@pytest.mark.parametrize("command", ["report", "similar"])
def test_an_unknown_assignment_is_refused_with_those_there_are(run, command):
    said = run(command, "focsl")

    assert said.exit_code == 2
    assert "'design', 'focal', 'ranking'" in said.stderr


def hand_in(course, name, source):
    exercise = (course / "exercises" / "focal" / "focal.ipynb").read_text()
    folder = CourseFolders(course).submitted("focal", name)
    folder.mkdir(parents=True)
    (folder / "focal.ipynb").write_text(filled_in(exercise, answers_in(source)))


def test_copies_are_listed_with_their_lines_and_broken_files_are_passed_over(run, course):
    assert run("release", "focal").exit_code == 0
    own = (course / "samples" / "focal" / "right-one-by-one.py").read_text()
    other = (course / "samples" / "focal" / "right-by-transforms.py").read_text()
    hand_in(course, "ada", own)
    hand_in(course, "bob", own.replace("logits", "z"))
    hand_in(course, "eve", other)
    hand_in(course, "mal", other)
    (CourseFolders(course).submitted("focal", "mal") / "focal.ipynb").write_text("{")

    table, data = run("similar", "focal"), run("similar", "focal", "--json")

    (pair,) = json.loads(data.stdout)
    assert (pair["first"], pair["second"], pair["shared"]) == ("ada", "bob", 1.0)
    assert "100 %" in table.stdout


def test_a_class_of_different_minds_has_no_look_alikes(run, course):
    assert run("release", "focal").exit_code == 0
    hand_in(course, "ada", (course / "samples" / "focal" / "right-one-by-one.py").read_text())
    hand_in(course, "eve", (course / "samples" / "focal" / "right-by-transforms.py").read_text())

    assert "No two submissions are much alike." in run("similar", "focal").stdout


def test_an_export_goes_to_the_terminal_or_into_a_file(run, course, tmp_path):
    assert run("release", "focal").exit_code == 0
    target = tmp_path / "marks.csv"

    shown = run("export", "focal", "--for", "moodle")
    run("export", "focal", "--for", "canvas", "--out", target)

    assert shown.stdout.splitlines() == ["username,email,firstname,lastname,focal"]
    assert "Points Possible" in target.read_text()


def test_the_points_of_a_course_are_listed_and_written_to_be_changed(run, course):
    written = run("rubric", "focal", "--edit")
    path = course / "solutions" / "focal" / "rubric.toml"
    path.write_text(path.read_text().replace('"focal.values" = 2', '"focal.values" = 7'))

    listed, again = run("rubric", "focal"), run("rubric", "focal", "--edit")

    assert (written.exit_code, listed.exit_code, again.exit_code) == (0, 0, 2)
    assert "25 points by machine" in listed.stdout
    assert "must not be there to be written" in again.stderr


def test_points_that_differ_from_the_notebooks_are_named_before_anything_is_graded(run, course):
    assert run("release", "focal").exit_code == 0
    hand_in(course, "ada", (course / "samples" / "focal" / "right.py").read_text())
    (course / "solutions" / "focal" / "rubric.toml").write_text('[points]\n"focal.values" = 7\n')

    said = run("grade", "focal")

    assert said.exit_code == 2
    assert "'focal-values' must have the same points in the rubric and in the" in said.stderr
    assert "has 7.0 and 2.0" in said.stderr


def test_a_due_date_is_set_for_all_and_put_off_for_one(run, course):
    assert run("release", "focal").exit_code == 0
    berlin = ("--zone", "Europe/Berlin")

    first = run("due", "focal", "2026-03-01 23:59", *berlin)
    second = run("due", "focal", "2026-03-03 23:59", *berlin, "--student", "eve")
    third = run("due", "focal", "2026-02-01", "--student", "eve")

    assert first.stdout == "due  2026-03-01 22:59 UTC  for all\n"
    assert second.stdout == "due  2026-03-03 22:59 UTC  for eve\n"
    assert "is due at 2026-03-01 22:59 UTC" in third.stderr


def test_an_export_for_an_unknown_platform_says_which_there_are(run):
    said = run("export", "focal", "--for", "paper")

    assert said.exit_code == 2
    assert "--for must be one of 'canvas', 'moodle', but is 'paper'." in said.stderr


def test_an_export_before_the_release_says_what_to_do_first(run):
    said = run("export", "focal", "--for", "moodle")

    assert said.exit_code == 2
    assert "Hint: autograder release focal" in said.stderr


def test_a_new_course_says_what_is_in_it_and_what_comes_next(tmp_path):
    folder = tmp_path / "spring"

    said = CliRunner().invoke(app, ["new-course", str(folder)], env={"COLUMNS": "200"})

    assert said.exit_code == 0
    assert "design, focal, ranking" in said.stdout
    assert "autograder doctor" in said.stdout
    again = CliRunner().invoke(app, ["new-course", str(folder)])
    assert again.exit_code == 2
    assert "folder must be new or empty" in again.stderr
