"""A place that cannot be written to is refused in words, and nothing is made or changed."""

import os
from pathlib import Path

import pytest

from lossedu.destinations import DestinationError, check_file, check_folder


@pytest.fixture
def place(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    return tmp_path


@pytest.mark.parametrize("name", ["file", "new.txt", "folder/new.txt", "a/new/folder/new.txt"])
def test_a_file_that_can_be_written_is_let_pass_and_nothing_is_made(place, name):
    before = sorted(place.rglob("*"))

    check_file("out", place / name)

    assert sorted(place.rglob("*")) == before
    assert (place / "file").read_text() == "mine"


@pytest.mark.parametrize("name", ["folder", "a/new/folder"])
def test_a_folder_that_can_be_filled_is_let_pass_and_nothing_is_made(place, name):
    before = sorted(place.rglob("*"))

    check_folder("out", place / name)

    assert sorted(place.rglob("*")) == before


@pytest.mark.parametrize(
    ("check", "name", "rule"),
    [
        (check_file, "folder", "out must be a file, but .*folder is a folder"),
        (check_file, "file/new.txt", "out must lie in a folder, but .*new.txt lies in a file"),
        (check_file, "file/a/new.txt", "out must lie in a folder"),
        (check_folder, "file", "out must be a folder, but .*file is a file"),
        (check_folder, "file/a", "out must lie in a folder"),
    ],
)
def test_a_place_of_the_wrong_kind_is_refused(place, check, name, rule):
    with pytest.raises(DestinationError, match=rule):
        check("out", place / name)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that takes no files")
def test_where_the_system_refuses_its_reason_is_said():
    with pytest.raises(DestinationError, match="out must lie where files can be written, but /pro"):
        check_file("out", Path(f"/proc/{os.getpid()}/a/b"))
