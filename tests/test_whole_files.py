"""A file is there as a whole or not at all, whoever writes it and whenever that one is killed."""

import multiprocessing
import os
import signal
import stat
import sys
import time
from pathlib import Path

import pytest

from lossedu.whole_files import create_whole, part_of, put_in_place, replacing, write_whole


def test_a_text_is_written_in_utf_8_and_bytes_as_they_are(tmp_path: Path):
    write_whole(tmp_path / "text", "γ ≥ 1\n")
    write_whole(tmp_path / "bytes", b"\r\n\x00")

    assert (tmp_path / "text").read_bytes() == "γ ≥ 1\n".encode()
    assert (tmp_path / "bytes").read_bytes() == b"\r\n\x00"


def test_folders_are_made_and_nothing_is_left_beside_the_file(tmp_path: Path):
    write_whole(tmp_path / "a" / "b" / "c.txt", "whole")

    assert [p.name for p in (tmp_path / "a" / "b").iterdir()] == ["c.txt"]


def test_an_error_leaves_the_old_file_and_no_part(tmp_path: Path):
    path = tmp_path / "kept.txt"
    write_whole(path, "old")

    def half() -> None:
        with replacing(path) as part:
            part.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_part_may_lie_elsewhere_and_take_a_name_that_is_known_later(tmp_path: Path):
    meanwhile = tmp_path / "meanwhile"
    meanwhile.mkdir()

    with part_of(tmp_path / "out" / "x", meanwhile) as part:
        part.write_text("1")
        seen = list(meanwhile.iterdir())
        put_in_place(part, tmp_path / "out" / "y")

    assert seen == [part]
    assert list(meanwhile.iterdir()) == []
    assert (tmp_path / "out" / "y").read_text() == "1"


@pytest.mark.parametrize("name", ["n" * 250, "損" * 80, "🪜" * 60], ids=[1, 3, 4])
def test_a_long_name_can_be_written(tmp_path: Path, name: str):
    path = tmp_path / name

    write_whole(path, "x")

    assert path.read_text() == "x"


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_a_private_file_is_private_from_its_first_moment_whatever_the_umask_is(tmp_path: Path):
    before = os.umask(0o077)
    try:
        write_whole(tmp_path / "private", "x", mode=0o600)
        write_whole(tmp_path / "open", "x", mode=0o644)
        os.umask(0o022)
        write_whole(tmp_path / "usual", "x")
    finally:
        os.umask(before)

    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()}
    assert modes == {"private": 0o600, "open": 0o644, "usual": 0o644}


def test_of_two_that_create_a_file_the_first_one_wins(tmp_path: Path):
    path = tmp_path / "seed"

    assert create_whole(path, "first") is True
    assert create_whole(path, "second") is False

    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def _write_on_and_on(path: Path, letter: str) -> None:
    while True:
        write_whole(path, letter * 100_000)


@pytest.mark.slow
def test_writers_that_are_killed_at_any_moment_leave_one_whole_text(tmp_path: Path):
    path = tmp_path / "shared.txt"
    write_whole(path, "s" * 100_000)
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_write_on_and_on, args=(path, letter)) for letter in "ab"]
    for writer in writers:
        writer.start()

    seen = set()
    while not seen >= {"a", "b"}:  # both are at work
        text = path.read_text()
        assert len(text) == 100_000
        assert len(set(text)) == 1
        seen.add(text[0])
        time.sleep(0.001)
    for writer in writers:
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()

    text = path.read_text()
    assert (len(text), len(set(text))) == (100_000, 1)
