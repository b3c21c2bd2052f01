"""Reading a submission follows no link and nothing else out of its folder."""

import os
from pathlib import Path

import pytest

from autograder.grading.folders import CourseFolders
from autograder.grading.submissions import (
    Submission,
    SubmissionError,
    content,
    handed_in,
    links,
    lone,
    named,
)
from tests.autograder.grading.courses import write


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


LEVELS = {
    "the notebook": "submitted/eve/focal/focal.ipynb",
    "its folder": "submitted/eve/focal",
    "the student's folder": "submitted/eve",
}


@pytest.fixture
def linked(tmp_path):
    """Makes a course in which a link stands for a part of eve's submission."""

    def made(level):
        answers = tmp_path / "solutions" / "focal"
        answers.mkdir(parents=True)
        (answers / "focal.ipynb").write_text("the answer")
        (answers / "timestamp.txt").write_text("2026-01-01 12:00:00 UTC")
        link = tmp_path / "course" / LEVELS[level]
        link.parent.mkdir(parents=True)
        of_level = {"the notebook": answers / "focal.ipynb", "its folder": answers}
        link.symlink_to(of_level.get(level, answers.parent))
        return CourseFolders(tmp_path)

    return made


@pytest.mark.parametrize("level", LEVELS)
def test_no_link_is_followed_out_of_a_submission_at_any_level(linked, level):
    folders = linked(level)
    submitted = folders.course / "submitted"
    path = submitted / "eve" / "focal" / "focal.ipynb"

    ways = {
        "the tree": handed_in(folders, "focal"),
        "a folder": named([submitted], "focal"),
        "a file": named([path], "focal"),
        "a student's folder": named([submitted / "eve"], "focal"),
        "an assignment's folder": named([submitted / "eve" / "focal"], "focal"),
        "one notebook": [lone(path)],
    }

    assert path.read_text() == "the answer", "whoever follows links gets the answer"
    for found in ways.values():
        for one in (found[0], found[0].beside("timestamp.txt")):
            with pytest.raises(SubmissionError, match=r"is a link to|must be (there|called)"):
                content(one)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("start", ["class", "class/eve", "."])
def test_one_notebook_is_not_reached_by_a_link_from_where_one_works(
    linked, level, start, tmp_path, monkeypatch
):
    submitted = linked(level).course / "submitted"
    submitted.rename(tmp_path / "class")  # nbgrader's name of the folder says nothing here
    if level != "the student's folder" or start != "class/eve":
        monkeypatch.chdir(tmp_path / start)
    path = tmp_path / "class" / "eve" / "focal" / "focal.ipynb"

    for way in (path, Path(os.path.relpath(path))):
        assert way.read_text() == "the answer", "whoever follows links gets the answer"
        with pytest.raises(SubmissionError, match="is a link to"):
            content(lone(way))


def test_a_folder_of_students_folders_that_are_links_is_not_followed(tmp_path):
    write(tmp_path, "elsewhere/homework.ipynb", "class/ann/homework.ipynb")
    (tmp_path / "class" / "eve").symlink_to(tmp_path / "elsewhere")

    found = {one.name: one for one in named([tmp_path / "class"], "focal")}

    assert content(found["ann"])
    with pytest.raises(SubmissionError, match="eve must be a folder, but is a link"):
        content(found["eve"])


def test_a_folder_that_is_a_link_is_the_only_link_of_it(tmp_path):
    write(tmp_path, "teachers/notes")
    (tmp_path / "teachers" / "own").symlink_to("/etc")
    (tmp_path / "focal").symlink_to(tmp_path / "teachers")

    assert links(tmp_path / "focal") == [tmp_path / "focal"]
