"""Whatever a student's folder is called and whatever lies in it, she gets her feedback."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from autograder.bridge.course import Course, logged_to
from autograder.grading.folders import CourseFolders
from tests.autograder import tiny_class as tiny

NAMES = ["plain", "ann[1]", "[a-z]", "what?", "star*", "*", "two\nlines", "=1+1", "(?P<x>.)", "ß ü"]


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> CourseFolders:
    """A class of odd names, and the feedback that all of them got."""
    folders = tiny.make_course(tmp_path_factory.mktemp("course"))
    for name in NAMES:
        tiny.hand_in(folders, name, tiny.notebook(folders, "answer = 2"))
    tiny.grade(folders, tiny.TinyGrader())
    with logged_to(folders.log):
        Course(folders.root).feedback("tiny")
    return folders


@pytest.mark.parametrize("name", NAMES)
def test_every_name_gets_feedback(graded, name):
    page = graded.course / "feedback" / name / "tiny" / "tiny.html"

    assert "answer = 2" in BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").text


def test_a_bracket_in_a_pattern_is_no_bracket_in_a_name(graded):
    folder = graded.autograded("tiny", "ann[1]").parent

    assert [path.name for path in folder.iterdir()] == ["tiny.ipynb"]
    assert list(Path("/").glob(f"{str(folder)[1:]}/*.ipynb")) == [], "as a pattern it has nothing"


@pytest.mark.parametrize("name", ["ann[1]", "two\nlines", "plain"])
def test_one_student_gets_feedback_by_her_name_alone(graded, name):
    course = Course(graded.root)
    page = graded.course / "feedback" / name / "tiny" / "tiny.html"
    page.unlink()

    with logged_to(graded.log):
        done = course.api.generate_feedback("tiny", student_id=name, force=True)

    assert done["success"], done
    assert page.exists()


def test_the_list_of_submissions_has_every_name(graded):
    course = Course(graded.root)

    assert course.api.get_submitted_students("tiny") == set(NAMES)


LATER = datetime(2026, 3, 2, 12, tzinfo=UTC)


def timestamp_of(folders, name):
    """The file that nbgrader puts beside a submission."""
    return folders.submitted("tiny", name) / "timestamp.txt"


@pytest.mark.parametrize("written", ["soon", "", "2026-99-99", "\ufeff\x00", "9" * 400])
def test_a_timestamp_without_a_date_ends_no_list(graded, written):
    course = Course(graded.root)
    when = timestamp_of(graded, "plain")
    when.write_text(written, encoding="utf-8")
    os.utime(when, (LATER.timestamp(),) * 2)

    shown = course.api.get_submitted_timestamp("tiny", "plain")
    existing = course.api.coursedir.get_existing_timestamp(str(when.parent))

    assert shown == existing == LATER.replace(tzinfo=None)


def test_a_timestamp_that_is_a_link_is_not_read(graded, tmp_path):
    course = Course(graded.root)
    secret = tmp_path / "secret"
    secret.write_text("2001-01-01 00:00:00 UTC")
    link = timestamp_of(graded, "ann[1]")
    link.symlink_to(secret)

    shown = course.api.get_submitted_timestamp("tiny", "ann[1]")

    assert link.read_text().startswith("2001"), "whoever follows links has its date"
    assert shown is not None
    assert shown.year > 2001
