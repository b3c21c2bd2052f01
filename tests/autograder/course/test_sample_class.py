"""Every course can rehearse: with samples of its own, or with those of the package."""

import json

import nbformat
import pytest

from autograder.bridge.course import Course
from autograder.course.new_course import new_course
from autograder.course.sample_class import samples_folder, submit
from autograder.grading.submissions import SubmissionError


@pytest.fixture
def course(tmp_path):
    new_course(tmp_path / "course")
    return tmp_path / "course"


@pytest.mark.slow
def test_a_new_course_hands_in_the_samples_of_the_package(course):
    Course(course).release("focal")

    names = submit(course, "focal")

    assert {"right", "wrong-p-for-p-t", "broken-file"} <= set(names)
    handed_in = course / "course" / "submitted" / "right" / "focal" / "focal.ipynb"
    cells = nbformat.read(handed_in, as_version=4).cells
    (solved,) = [cell.source for cell in cells if cell.id == "focal-loss"]
    assert "def focal_loss" in solved
    assert "NotImplementedError" not in solved
    broken = course / "course" / "submitted" / "broken-file" / "focal" / "focal.ipynb"
    with pytest.raises(json.JSONDecodeError):
        json.loads(broken.read_text())


def test_a_courses_own_samples_come_first(course):
    own = course / "samples" / "focal"
    own.mkdir(parents=True)
    assert samples_folder(course, "focal") != own

    (own / "mine.txt").write_text("mine")
    assert samples_folder(course, "focal") == own


def test_an_assignment_without_samples_says_so(course):
    with pytest.raises(SubmissionError, match=r"samples/new must hold a sample .* has none"):
        samples_folder(course, "new")
