"""What a journal says survives every crash, and nothing else is read out of it."""

import dataclasses
import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.grading import journal
from autograder.grading.outcomes import CheckResult, Outcome


def outcome(name, score=1.0):
    check = CheckResult("a.b", score, 2.0, "failed", "Not – quite.\nAlmost.", "p for p_t")
    return Outcome(name, "a", score, 2.0, 0.1, 3.5, "graded", [check], ["odd"])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal" / "a.jsonl"


def test_what_is_noted_is_read(path):
    journal.note_outcome(path, "print", outcome("ann"))
    journal.note_stored(path, "ann", "print")
    journal.note_outcome(path, "other", outcome("bob"))

    assert journal.entries(path) == {
        "ann": journal.Entry("print", outcome("ann"), stored=True),
        "bob": journal.Entry("other", outcome("bob"), stored=False),
    }


def test_the_latest_outcome_counts_and_an_older_one_in_the_gradebook_is_not_it(path):
    journal.note_outcome(path, "old", outcome("ann", 1.0))
    journal.note_stored(path, "ann", "old")
    journal.note_outcome(path, "new", outcome("ann", 2.0))
    journal.note_stored(path, "ann", "old")

    assert journal.entries(path) == {"ann": journal.Entry("new", outcome("ann", 2.0))}


@given(cut=st.integers(0, 2000), after=st.integers(1, 3))
def test_a_crash_within_a_line_costs_that_line_alone(cut, after):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        for number in range(5):
            journal.note_outcome(path, f"print-{number}", outcome(f"s{number}"))
        whole = path.read_bytes()
        cut = min(cut, len(whole))
        path.write_bytes(whole[:cut])
        # A line that lacks but its end of line is all there.
        complete = sum(
            cut >= end for end in (i for i, byte in enumerate(whole) if byte == ord("\n"))
        )

        for number in range(after):
            journal.note_outcome(path, "late", outcome(f"late{number}"))

        assert sorted(journal.entries(path)) == [f"late{n}" for n in range(after)] + [
            f"s{n}" for n in range(complete)
        ]


def test_lines_of_another_kind_count_for_nothing(path):
    journal.note_outcome(path, "print", outcome("ann"))
    records = [[], {"fingerprint": 1}, {"fingerprint": "x", "outcome": {"submission": "bob"}}, 7]
    with path.open("a") as lines:
        lines.writelines(f"{json.dumps(record)}\n" for record in records)
        lines.write("\xff\n")

    assert list(journal.entries(path)) == ["ann"]


def test_two_runs_do_not_write_at_the_same_time(path):
    with (
        journal.locked(path),
        pytest.raises(journal.BusyError, match="a must be graded by one run at a time"),
        journal.locked(path),
    ):
        pass

    with journal.locked(path):
        journal.note_outcome(path, "print", outcome("ann"))
    assert list(journal.entries(path)) == ["ann"]


@pytest.mark.slow
def test_a_run_that_is_killed_keeps_nobody_away(path):
    program = (
        "import os, pathlib, signal, sys; from autograder.grading import journal\n"
        "with journal.locked(pathlib.Path(sys.argv[1])):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert killed.returncode == -signal.SIGKILL

    with journal.locked(path):
        journal.note_outcome(path, "print", outcome("ann"))

    assert list(journal.entries(path)) == ["ann"]


def test_beginning_anew_forgets(path):
    journal.begin_anew(path)
    journal.note_outcome(path, "print", outcome("ann"))
    journal.begin_anew(path)

    assert journal.entries(path) == {}


def test_outcomes_come_by_name(path):
    for name in ("bob", "ann"):
        journal.note_outcome(path, "print", outcome(name))

    assert journal.outcomes(path) == [outcome("ann"), outcome("bob")]
    assert dataclasses.asdict(outcome("ann")) == journal.outcomes(path)[0].as_record()
