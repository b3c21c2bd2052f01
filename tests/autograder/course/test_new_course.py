"""A new course has all that a class needs, and never overwrites one."""

import pytest

from autograder.bridge.course import Course
from autograder.course.new_course import assignments_folder, new_course


def test_a_new_course_has_every_assignment_and_can_release_them(tmp_path):
    folder = tmp_path / "spring"

    names = new_course(folder)
    Course(folder).release("focal")

    assert names == sorted(path.parent.name for path in assignments_folder().glob("*/*.md"))
    released = (folder / "exercises" / "focal" / "focal.ipynb").read_text()
    assert "NotImplementedError" in released
    assert "BEGIN SOLUTION" not in released


@pytest.mark.parametrize("what", ["a file in it", "a file"])
def test_what_is_there_already_is_not_touched(tmp_path, what):
    folder = tmp_path / "spring"
    if what == "a file":
        folder.write_text("mine")
    else:
        folder.mkdir()
        (folder / "mine.txt").write_text("mine")
    before = sorted(tmp_path.rglob("*"))

    with pytest.raises(FileExistsError, match="folder must be new or empty"):
        new_course(folder)
    assert sorted(tmp_path.rglob("*")) == before
