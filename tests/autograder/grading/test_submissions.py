"""Submissions are found by student, and reading one follows nothing out of its folder."""

import os
from pathlib import Path

import pytest

from autograder.grading.folders import CourseFolders
from autograder.grading.submissions import (
    Submission,
    SubmissionError,
    content,
    handed_in,
    is_named_for,
    links,
    lone,
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


def write(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


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


def test_a_folder_of_students_folders_that_are_links_is_not_followed(tmp_path):
    write(tmp_path, "elsewhere/homework.ipynb", "class/ann/homework.ipynb")
    (tmp_path / "class" / "eve").symlink_to(tmp_path / "elsewhere")

    found = {one.name: one for one in named([tmp_path / "class"], "focal")}

    assert content(found["ann"])
    with pytest.raises(SubmissionError, match="eve must be a folder, but is a link"):
        content(found["eve"])


def test_a_course_that_is_reached_by_a_link_of_the_teachers_is_read(folders, tmp_path):
    other = tmp_path / "by-link"
    other.symlink_to(folders.course)

    found = named([other / "submitted"], "focal")

    assert [content(one) for one in found] == [b"ann", b"bob"]


def test_a_folder_that_is_a_link_is_the_only_link_of_it(tmp_path):
    write(tmp_path, "teachers/notes")
    (tmp_path / "teachers" / "own").symlink_to("/etc")
    (tmp_path / "focal").symlink_to(tmp_path / "teachers")

    assert links(tmp_path / "focal") == [tmp_path / "focal"]
