"""Submissions are found by student, and reading one follows nothing out of its folder."""

import os

import pytest

from autograder.grading.folders import CourseFolders
from autograder.grading.submissions import (
    Submission,
    SubmissionError,
    content,
    handed_in,
    links,
    named,
)


@pytest.fixture
def folders(tmp_path):
    folders = CourseFolders(tmp_path)
    for student in ("bob", "ann", ".hidden"):
        place = folders.submitted("focal", student)
        place.mkdir(parents=True)
        (place / "focal.ipynb").write_text(student)
    folders.submitted("ranking", "eve").mkdir(parents=True)
    return folders


def test_the_tree_gives_one_submission_a_student(folders):
    found = handed_in(folders, "focal")

    assert [(s.name, content(s)) for s in found] == [("ann", b"ann"), ("bob", b"bob")]


def test_files_are_named_by_their_student(folders, tmp_path):
    loose = tmp_path / "loose"
    loose.mkdir()
    for name in ("carl", "dora"):
        (loose / f"{name}.ipynb").write_text(name)
    in_tree = folders.submitted("focal", "ann") / "focal.ipynb"

    assert [s.name for s in named([loose, in_tree], "focal")] == ["carl", "dora", "ann"]
    assert [s.name for s in named([folders.course / "submitted"], "focal")] == ["ann", "bob"]


def test_two_files_by_one_name_are_refused(tmp_path):
    for folder in ("monday", "tuesday"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "ann.ipynb").write_text("")

    with pytest.raises(SubmissionError, match="both by 'ann'"):
        named([tmp_path / "monday", tmp_path / "tuesday"], "focal")

    assert len(named([tmp_path / "monday", tmp_path / "monday" / "ann.ipynb"], "focal")) == 1


@pytest.mark.parametrize(
    ("name", "rule"),
    [("nothing", "but is not there"), ("", "has no notebook"), ("..ipynb", "must name its")],
)
def test_what_holds_no_submission_is_refused(tmp_path, name, rule):
    (tmp_path / "..ipynb").write_text("")
    (tmp_path / "empty").mkdir()

    with pytest.raises(SubmissionError, match=rule):
        named([tmp_path / (name or "empty")], "focal")


def a_link(place):
    (place / "focal.ipynb").symlink_to("/etc/hostname")


def a_pipe(place):
    os.mkfifo(place / "focal.ipynb")


def a_folder(place):
    (place / "focal.ipynb").mkdir()


def too_long(place):
    with (place / "focal.ipynb").open("wb") as sparse:
        sparse.truncate(100 * 2**20)


def another_name(place):
    (place / "focal (1).ipynb").write_text("")


def nothing(place):
    pass


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (a_link, "is a link to another"),
        (a_pipe, "is something else"),
        (a_folder, "is something else"),
        (too_long, "must be at most 64 MB, but has 100 MB"),
        (another_name, r"must be called focal.ipynb, but the folder has focal \(1\).ipynb"),
        (nothing, "must be there and readable"),
    ],
)
def test_what_is_no_ordinary_file_is_not_read(tmp_path, make, reason):
    make(tmp_path)

    with pytest.raises(SubmissionError, match=reason):
        content(Submission("eve", tmp_path / "focal.ipynb"))


def test_every_link_is_found(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").symlink_to("/etc/hostname")
    (tmp_path / "folder").symlink_to("/etc")
    (tmp_path / "plain").write_text("")

    assert links(tmp_path) == [tmp_path / "deep" / "file", tmp_path / "folder"]
