"""A course changes what checks are worth in a file of its own; a broken file says so."""

import tomllib

import pytest

from autograder.grading.course_rubric import (
    CourseRubricError,
    as_text,
    changed_points,
    course_rubric,
    revised,
)
from autograder.grading.engine import Engine
from autograder.grading.folders import CourseFolders
from autograder.rubrics import names, rubric


@pytest.fixture
def folders(tmp_path):
    (tmp_path / "solutions" / "focal").mkdir(parents=True)
    return CourseFolders(tmp_path)


@pytest.mark.parametrize("name", names())
def test_a_rubric_that_is_written_down_and_read_again_is_the_same(name):
    text = as_text(rubric(name))

    points = tomllib.loads(text)["points"]

    assert points == {check.id: check.points for check in rubric(name).checks}
    assert revised(rubric(name), points) == rubric(name)


def test_a_course_says_what_its_checks_are_worth(folders):
    folders.rubric("focal").write_text('[points]\n"focal.values" = 5\n"focal.shapes" = 0\n')

    worth = {check.id: check.points for check in course_rubric(folders, "focal").checks}

    usual = {check.id: check.points for check in rubric("focal").checks}
    assert worth == usual | {"focal.values": 5.0, "focal.shapes": 0.0}


def test_without_a_file_nothing_changes(folders):
    assert course_rubric(folders, "focal") is not None
    assert changed_points(folders, "focal") == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[points", "must be a TOML file, but is not"),
        ("points = 3", "must be a table"),
        ('[points]\n"focal.values" = -1', "must be worth a number from 0 upwards, but is -1"),
        ('[points]\n"focal.values" = nan', "must be worth a number"),
        ('[points]\n"focal.values" = true', "must be worth a number"),
        ('[points]\n"focal.value" = 1', "did you mean 'focal.values'"),
    ],
)
def test_a_file_that_is_wrong_says_where(folders, text, words):
    folders.rubric("focal").write_text(text)

    with pytest.raises(CourseRubricError, match=words):
        course_rubric(folders, "focal")


def test_results_of_another_rubric_do_not_count_when_a_run_is_resumed():
    usual, changed = (
        Engine("focal", "{}", 7, points=points) for points in ((), (("focal.values", 5.0),))
    )

    assert usual.version() != changed.version()
