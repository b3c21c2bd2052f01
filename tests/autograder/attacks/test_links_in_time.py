"""What a submission was when it was listed is not what it must be when it is read."""

import os
import shutil
import socket

import pytest

from autograder.grading.submissions import SubmissionError, content, handed_in
from tests.autograder import tiny_class as tiny
from tests.autograder.attacks.conftest import grade


@pytest.fixture
def listed(folders, tmp_path):
    """Two submissions that are listed, and what somebody else has."""
    tiny.hand_in(folders, "ann", tiny.notebook(folders, "answer = 1"))
    tiny.hand_in(folders, "eve", tiny.notebook(folders, "answer = 0"))
    outside = tmp_path / "outside" / "eve" / "tiny"
    outside.mkdir(parents=True)
    (outside / "tiny.ipynb").write_text(tiny.notebook(folders, "answer = 2"))
    return folders, handed_in(folders, "tiny"), outside


def file_to_link(place, outside):
    (place / "tiny.ipynb").unlink()
    (place / "tiny.ipynb").symlink_to(outside / "tiny.ipynb")


def folder_to_link(place, outside):
    shutil.rmtree(place)
    place.symlink_to(outside)


def student_to_link(place, outside):
    shutil.rmtree(place.parent)
    place.parent.symlink_to(outside.parent)


def to_a_link_to_itself(place, outside):
    (place / "tiny.ipynb").unlink()
    (place / "tiny.ipynb").symlink_to("tiny.ipynb")


def to_an_open_file(place, outside):
    (place / "tiny.ipynb").unlink()
    (place / "tiny.ipynb").symlink_to("/proc/self/fd/0")


def to_a_socket(place, outside):
    (place / "tiny.ipynb").unlink()
    here = os.getcwd()  # noqa: PTH109
    os.chdir(place)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("tiny.ipynb")
    os.chdir(here)


def to_a_device(place, outside):
    (place / "tiny.ipynb").unlink()
    try:
        os.mknod(place / "tiny.ipynb", 0o20666, os.makedev(1, 5))
    except PermissionError:  # who may make none cannot hand one in
        os.mkfifo(place / "tiny.ipynb")


def gone(place, outside):
    shutil.rmtree(place.parent)


SWAPS = [
    *(file_to_link, folder_to_link, student_to_link, to_a_link_to_itself, to_an_open_file),
    *(to_a_socket, to_a_device, gone),
]


@pytest.mark.parametrize("swap", SWAPS)
def test_what_takes_the_place_of_a_file_after_it_was_listed_is_not_read(listed, swap):
    folders, submissions, outside = listed
    swap(folders.submitted("tiny", "eve"), outside)

    outcomes = grade(folders, tiny.TinyGrader(), submissions)

    assert [(o.submission, o.status, o.score) for o in outcomes] == [
        ("ann", "graded", 3.0),
        ("eve", "unreadable", 0.0),
    ]
    assert (outside / "tiny.ipynb").exists()
    assert "answer = 2" not in folders.autograded("tiny", "eve").read_text()
    assert len(" ".join(outcomes[1].integrity)) < 300


@pytest.mark.parametrize("swap", [file_to_link, folder_to_link, student_to_link])
def test_who_follows_them_would_have_read_it(listed, swap):
    folders, _, outside = listed
    swap(folders.submitted("tiny", "eve"), outside)

    assert "answer = 2" in (folders.submitted("tiny", "eve") / "tiny.ipynb").read_text()


def test_a_second_name_of_the_secret_shows_nothing_of_it_and_leaves_it_as_it_is(listed):
    folders, submissions, _ = listed
    folders.secret.write_text("1234567890123456789\n")
    folders.secret.chmod(0o600)
    place = folders.submitted("tiny", "eve") / "tiny.ipynb"
    place.unlink()
    os.link(folders.secret, place)

    outcomes = grade(folders, tiny.TinyGrader(), submissions)

    written = [p for p in folders.course.rglob("*") if p.is_file() and p.name != "gradebook.db"]
    holding = {p for p in written if "1234567890123456789" in p.read_text(errors="replace")}
    assert holding == {folders.secret, place}
    assert folders.secret.stat().st_mode & 0o777 == 0o600
    assert [o.status for o in outcomes] == ["graded", "unreadable"]


def test_a_link_where_a_graded_notebook_is_to_be_written_is_replaced_not_followed(listed, tmp_path):
    folders, submissions, _ = listed
    other = tmp_path / "other"
    other.write_text("somebody's")
    kept = folders.autograded("tiny", "eve")
    kept.parent.mkdir(parents=True)
    kept.symlink_to(other)

    grade(folders, tiny.TinyGrader(), submissions)

    assert other.read_text() == "somebody's"
    assert not kept.is_symlink()
    assert "answer = 0" in kept.read_text()


def test_a_file_that_grows_while_it_is_read_is_read_up_to_its_bound(tmp_path, monkeypatch):
    path = tmp_path / "tiny.ipynb"
    path.write_bytes(b"x" * 100)
    monkeypatch.setattr("autograder.grading.submissions.MOST_BYTES", 100)
    one = tiny.Submission("ann", path)
    assert content(one) == b"x" * 100
    seen = os.fstat

    def grows(handle):
        about = seen(handle)
        with path.open("ab") as file:
            file.write(b"y" * 1000)
        return about

    monkeypatch.setattr("autograder.grading.submissions.os.fstat", grows)
    with pytest.raises(SubmissionError, match="grew"):
        content(one)
