"""A full disk, a gradebook in other hands, a journal of anything: nothing is lost or forged."""

import errno
import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.bridge.configuration import GradebookError
from autograder.grading import folders as folders_module
from autograder.grading import journal
from autograder.grading.classes import StoppedError
from autograder.grading.outcomes import CheckResult, Outcome
from tests.autograder import tiny_class as tiny
from tests.autograder.attacks.conftest import grade
from tests.autograder.grading.courses import book, two_of


@pytest.fixture
def twins(released, tmp_path):
    """The same class twice: one is graded in peace."""
    both = two_of(released, tmp_path)
    for course in both:
        for name, answer in (("ann", 1), ("bob", 2), ("eve", 0.5)):
            tiny.hand_in(course, name, tiny.notebook(course, f"answer = {answer}"))
    return both


def full(left):
    """Write files until so many are written, then none."""
    written = []

    def write(path, text, **more):
        if len(written) == left:
            Path(more["folder"], "half.part").write_text(text[: len(text) // 2])
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        written.append(path)
        whole(path, text, **more)

    whole = folders_module.write_whole
    return write


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_full_disk_stops_a_class_in_a_line_and_it_goes_on_where_it_was(twins, monkeypatch, left):
    course, peaceful = twins
    with monkeypatch.context() as patch:
        patch.setattr(folders_module, "write_whole", full(left))
        with pytest.raises(StoppedError, match=r"No space left on device .*--resume") as stopped:
            grade(course, tiny.TinyGrader())

    assert "\n" not in str(stopped.value)
    kept = list(course.course.glob("autograded/*/tiny/tiny.ipynb"))
    assert len(kept) == left
    assert all(json.loads(path.read_text())["cells"] for path in kept)
    outcomes = grade(course, tiny.TinyGrader(), resume=True)
    grade(peaceful, tiny.TinyGrader())
    assert [one.score for one in outcomes] == [3.0, 5.0, 1.5]
    assert book(course) == book(peaceful)


class Sparing:
    """A file of which a disk takes a few bytes at a time, and then no more."""

    def __init__(self, file, room):
        self._file, self._room = file, room

    def write(self, data):
        if self._room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        few = bytes(data[: min(7, self._room)])
        self._room -= len(few)
        return self._file.write(few)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()

    def __getattr__(self, name):
        return getattr(self._file, name)


def sparingly(monkeypatch, room):
    opened = Path.open
    monkeypatch.setattr(Path, "open", lambda self, *a, **k: Sparing(opened(self, *a, **k), room))


def outcome(name, points=1.0):
    checks = [CheckResult("tiny.value", points, 2.0, "passed")]
    return Outcome(name, "tiny", points, 2.0, 0.1, 1.0, "graded", checks)


def test_a_line_that_a_disk_takes_in_parts_is_written_whole(tmp_path, monkeypatch):
    path = tmp_path / "tiny.jsonl"
    with monkeypatch.context() as patch:
        sparingly(patch, 10**6)
        journal.note_outcome(path, "print", outcome("ann"))

    assert [one.submission for one in journal.outcomes(path)] == ["ann"]


def test_a_line_for_which_there_was_no_room_costs_no_other(tmp_path, monkeypatch):
    path = tmp_path / "tiny.jsonl"
    journal.note_outcome(path, "print", outcome("ann"))
    with monkeypatch.context() as patch:
        sparingly(patch, 50)
        with pytest.raises(OSError, match="No space left"):
            journal.note_outcome(path, "print", outcome("bob"))
    journal.note_outcome(path, "print", outcome("eve"))

    assert [one.submission for one in journal.outcomes(path)] == ["ann", "eve"]


def test_a_gradebook_that_another_program_holds_is_named_and_nothing_is_lost(twins, monkeypatch):
    course, peaceful = twins
    file = course.course / "gradebook.db"
    holder = sqlite3.connect(file, isolation_level=None)
    monkeypatch.setenv("LOSSEDU_GRADEBOOK", f"sqlite:///{file}?timeout=0.01")

    class HeldFrom(tiny.TinyGrader):
        """Another program takes the gradebook while the class is being graded."""

        def version(self):
            holder.execute("BEGIN EXCLUSIVE")
            return super().version()

    with pytest.raises(GradebookError, match=r"take the marks of '\w+'.* is locked.*--resume"):
        grade(course, HeldFrom())
    holder.close()

    grade(course, tiny.TinyGrader(), resume=True)
    monkeypatch.delenv("LOSSEDU_GRADEBOOK")
    grade(peaceful, tiny.TinyGrader())
    assert book(course) == book(peaceful)


def entry(fingerprint, done):
    return json.dumps({"fingerprint": fingerprint, "outcome": done.as_record()})


STRANGE = {
    "lists in lists": "[" * 200_000,
    "objects in objects": '{"outcome":' * 100_000,
    "a number of megabytes": '{"fingerprint": %s}' % ("9" * 10_000),
    "points that are no number": entry("x", outcome("bob", float("nan"))),
    "points without end": entry("x", outcome("bob", float("inf"))),
    "more points than there are": entry("x", outcome("bob", 3.0)),
    "a name that is a number": entry("x", replace(outcome("bob"), submission=7)),
    "a name that is a list": entry("x", replace(outcome("bob"), submission=["bob"])),
    "the zeros of a power cut": "\0" * 100_000,
    "another's stored line": json.dumps({"fingerprint": "x", "stored": ["ann"]}),
}


@pytest.mark.parametrize("line", STRANGE.values(), ids=STRANGE.keys())
def test_a_line_that_no_run_has_written_counts_for_nothing(tmp_path, line):
    path = tmp_path / "tiny.jsonl"
    lines = [entry("one", outcome("ann")), line, entry("two", outcome("eve"))]
    path.write_text("\n".join(lines) + "\n")

    assert [one.submission for one in journal.outcomes(path)] == ["ann", "eve"]
    assert journal.entries(path)["ann"].stored is False
    journal.begin_anew(path, {"ann"})
    assert "eve" in journal.entries(path)


def test_the_journal_of_another_course_gives_no_marks(twins):
    course, other = twins
    tiny.hand_in(other, "eve", tiny.notebook(other, "answer = 2"))
    grade(other, tiny.TinyGrader(edition=2))
    target = course.journal("tiny")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(other.journal("tiny").read_bytes())

    outcomes = grade(course, tiny.TinyGrader(edition=1), resume=True)

    assert {one.submission: one.score for one in journal.outcomes(other.journal("tiny"))}[
        "eve"
    ] == 5
    assert [one.score for one in outcomes] == [3.0, 5.0, 1.5]


def test_an_earlier_entry_that_is_written_once_more_brings_no_marks_back(twins):
    course, _ = twins
    tiny.hand_in(course, "eve", tiny.notebook(course, "answer = 2"))
    grade(course, tiny.TinyGrader())
    better = course.journal("tiny").read_bytes()
    tiny.hand_in(course, "eve", tiny.notebook(course, "answer = 0"))
    grade(course, tiny.TinyGrader())
    with course.journal("tiny").open("ab") as file:
        file.write(better)

    outcomes = grade(course, tiny.TinyGrader(), resume=True)

    assert [one.score for one in outcomes] == [3.0, 5.0, 0.0]
