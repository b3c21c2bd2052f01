"""What is known survives: a file that grows by one line a result, and is read after a crash.

A line is written by one call and reaches the disk before anything else happens.  The last line may
be torn by a crash; it is then as if it had not been written.
"""

import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

from autograder.grading.marks import is_mark
from autograder.grading.outcomes import Outcome
from autograder.grading.refusals import RefusalError
from lossedu.whole_files import write_whole


class BusyError(RefusalError, RuntimeError):
    """Somebody else is writing the journal."""


@dataclass(frozen=True)
class Entry:
    """The latest that a journal says of one submission.

    Attributes:
        fingerprint: Of all that the outcome depends on.
        outcome: What came of it.
        stored: Whether the gradebook has it.
    """

    fingerprint: str
    outcome: Outcome
    stored: bool = False


def entries(path: Path) -> dict[str, Entry]:
    """The latest entry of each submission; a line that cannot be read counts for nothing."""
    found: dict[str, Entry] = {}
    for record in _records(path):
        try:
            _take(record, found)
        except (KeyError, TypeError, AttributeError):
            continue  # written by another version
    return found


def outcomes(path: Path) -> list[Outcome]:
    """The latest outcome of each submission, by name."""
    return [entry.outcome for _, entry in sorted(entries(path).items())]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep every other run away from a journal.

    Raises:
        BusyError: If another run has it.
    """
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_suffix(".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise BusyError(
            f"{path.stem} must be graded by one run at a time, but another is at it."
        ) from error
    try:
        yield
    finally:
        lock.release()


def begin_anew(path: Path, graded: Collection[str] | None = None) -> None:
    """Forget the results of those who are graded again; of all, if nobody is named."""
    if not path.exists():
        return
    if graded is None:
        os.truncate(path, 0)
        return
    kept = [record for record in _records(path) if _name_in(record) not in graded]
    write_whole(path, "".join(f"{json.dumps(record)}\n" for record in kept))


def note_outcome(path: Path, fingerprint: str, outcome: Outcome) -> None:
    """Write down what came of a submission."""
    _append(path, {"fingerprint": fingerprint, "outcome": outcome.as_record()})


def note_stored(path: Path, submission: str, fingerprint: str) -> None:
    """Write down that the gradebook has it."""
    _append(path, {"fingerprint": fingerprint, "stored": submission})


def _take(record: dict[str, Any], found: dict[str, Entry]) -> None:
    fingerprint = record["fingerprint"]
    if "outcome" in record:
        outcome = Outcome.from_record(record["outcome"])
        if not (isinstance(outcome.submission, str) and all(map(is_mark, outcome.checks))):
            raise TypeError("no outcome that a run has written")
        found[outcome.submission] = Entry(fingerprint, outcome)
        return
    known = found.get(record["stored"])
    if known is not None and known.fingerprint == fingerprint:
        found[record["stored"]] = Entry(fingerprint, known.outcome, stored=True)


def _name_in(record: dict[str, Any]) -> object:
    outcome = record.get("outcome")
    name = outcome.get("submission") if isinstance(outcome, dict) else record.get("stored")
    return name if isinstance(name, str) else None


def _records(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    for line in path.read_bytes().splitlines():
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record


def _append(path: Path, record: dict[str, Any]) -> None:
    """One line, in one call; after a torn line, on a line of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b", buffering=0) as file:
        torn = bool(file.seek(0, os.SEEK_END)) and _last_byte(file) != b"\n"
        line = json.dumps(record, ensure_ascii=True).encode()
        left = memoryview((b"\n" if torn else b"") + line + b"\n")
        while left:  # a disk that is nearly full takes a part, and refuses the rest
            left = left[file.write(left) :]
        os.fsync(file.fileno())


def _last_byte(file: FileIO) -> bytes:
    file.seek(-1, os.SEEK_END)
    return file.read(1)
