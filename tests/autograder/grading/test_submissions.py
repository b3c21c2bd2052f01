"""Submissions are found by student, wherever they lie and however their files are named."""

import os
from pathlib import Path

import pytest

from autograder.grading.folders import CourseFolders
from autograder.grading.submissions import (
    SubmissionError,
    content,
    handed_in,
    is_named_for,
    lone,
    named,
)
from tests.autograder.grading.courses import write


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


def owners(submissions):
    return {s.name: s.path.name for s in submissions}


def test_where_files_have_the_assignments_name_the_folder_is_the_student(tmp_path):
    write(tmp_path, "ann/focal.ipynb", "bob/focal (1).ipynb", "eve/homework.ipynb")
    files = [tmp_path / "ann" / "focal.ipynb", tmp_path / "bob" / "focal (1).ipynb"]

    assert owners(named(files, "focal")) == {"ann": "focal.ipynb", "bob": "focal (1).ipynb"}
    assert owners(named([tmp_path / "ann", tmp_path / "bob"], "focal")) == {
        "ann": "focal.ipynb",
        "bob": "focal (1).ipynb",
    }


def test_a_folder_of_students_folders_has_one_notebook_of_each(tmp_path):
    write(
        tmp_path,
        "ann/focal.ipynb",
        "ann/focal (1).ipynb",
        "bob/focal (1).ipynb",
        "eve/homework.ipynb",
        "dan/one.ipynb",
        "dan/two.ipynb",
        ".hidden/focal.ipynb",
        "nobody/readme.txt",
    )

    found = named([tmp_path], "focal")

    assert owners(found) == {
        "ann": "focal.ipynb",
        "bob": "focal (1).ipynb",
        "eve": "homework.ipynb",
        "dan": "focal.ipynb",
    }
    with pytest.raises(SubmissionError, match=r"called focal.ipynb, but .* has one.ipynb, two"):
        content(found[1] if found[1].name == "dan" else found[2])


def test_among_copies_in_one_folder_the_files_keep_their_names(tmp_path):
    write(tmp_path, "inbox/focal.ipynb", "inbox/focal (1).ipynb", "inbox/focal (2).ipynb")

    assert set(owners(named([tmp_path / "inbox"], "focal"))) == {"focal", "focal (1)", "focal (2)"}


@pytest.mark.parametrize(
    "name",
    [
        "focal",
        "focal (1)",
        "focal(2)",
        "focal-Copy1",
        "focal_copy",
        "focal - Copy",
        "focal - Copy (2)",
        "Copy of focal",
        "focal - Kopie",
        "focal copy 3",
    ],
)
def test_copies_of_a_file_are_known_by_their_names(name):
    assert is_named_for(Path(f"{name}.ipynb"), "focal")


@pytest.mark.parametrize("name", ["ann", "focal-ann", "focal final", "bifocal", "copy", "1", ""])
def test_other_files_are_not(name):
    assert not is_named_for(Path(f"{name}.ipynb"), "focal")


def test_an_assignment_of_two_words_is_known_in_a_copys_name():
    assert is_named_for(Path("hard-focal (1).ipynb"), "hard-focal")
    assert not is_named_for(Path("hard-focal (1).ipynb"), "focal")


def test_a_slip_in_a_files_name_is_answered_with_the_nearest(tmp_path):
    write(tmp_path, "anna.ipynb")

    with pytest.raises(SubmissionError, match=r"did you mean 'anna\.ipynb'\?"):
        named([tmp_path / "ana.ipynb"], "focal")


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


@pytest.mark.parametrize("start", ["a/b", "a", "elsewhere"])
def test_one_notebook_is_read_wherever_it_is(tmp_path, monkeypatch, start):
    write(tmp_path, "a/b/focal.ipynb", "elsewhere/other")
    monkeypatch.chdir(tmp_path / start)
    path = tmp_path / "a" / "b" / "focal.ipynb"

    for way in (path, Path(os.path.relpath(path))):
        assert content(lone(way)) == b"a/b/focal.ipynb"


def test_a_students_folder_by_itself_is_hers(folders, monkeypatch):
    monkeypatch.chdir(folders.submitted("focal", "ann").parent)

    for way in (folders.course / "submitted" / "ann", Path()):
        (one,) = named([way], "focal")
        assert (one.name, content(one)) == ("ann", b"ann")


def test_a_name_that_is_no_text_is_written_out(tmp_path):
    name = os.fsdecode(b"ann\xff")
    for path in (tmp_path / name / "focal" / "focal.ipynb", tmp_path / "loose" / f"{name}.ipynb"):
        path.parent.mkdir(parents=True)
        path.write_text("hers")

    in_tree, loose = named([tmp_path], "focal"), named([tmp_path / "loose"], "focal")

    assert [one.name for one in (*in_tree, *loose)] == ["ann\\xff"] * 2
    assert [content(one) for one in (*in_tree, *loose)] == [b"hers"] * 2


def test_a_course_that_is_reached_by_a_link_of_the_teachers_is_read(folders, tmp_path):
    other = tmp_path / "by-link"
    other.symlink_to(folders.course)

    found = named([other / "submitted"], "focal")

    assert [content(one) for one in found] == [b"ann", b"bob"]
