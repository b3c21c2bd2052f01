"""The file that keeps one person's progress: SQLite, to which records are only ever added.

Each change is one transaction that holds the writer's lock from its beginning, so that two
terminals and an import at the same time wait for one another and lose nothing, and a process that
is killed leaves either the whole of its change or none of it.
"""

import json
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lossedu.practice.progress.reading import date_from, review_from, self_rating_from
from lossedu.practice.progress.records import Progress, ProgressError, Review, SelfRating, in_order
from lossedu.whole_files import create_whole

SCHEMA = 1
FILE_VARIABLE = "LOSSEDU_PRACTICE"
_APPLICATION = 0x6C6F7373  # "loss": what SQLite's header says of whose file this is
_WAIT_S = 60.0
_TABLES = """
CREATE TABLE reviews (
    id TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    family TEXT NOT NULL,
    record TEXT NOT NULL CHECK (json_valid(record))
) WITHOUT ROWID;
CREATE TABLE grid (
    at TEXT NOT NULL, skill TEXT NOT NULL, level INTEGER NOT NULL CHECK (level BETWEEN 1 AND 5),
    PRIMARY KEY (at, skill, level)
) WITHOUT ROWID;
CREATE TABLE mocks (id TEXT PRIMARY KEY, plan TEXT NOT NULL CHECK (json_valid(plan)))
    WITHOUT ROWID;
CREATE TABLE ended_mocks (id TEXT PRIMARY KEY REFERENCES mocks (id)) WITHOUT ROWID;
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""
_ADDED_ONLY = """
CREATE TRIGGER {table}_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, 'records are only ever added'); END;
"""


def default_file() -> Path:
    """Where progress is kept: ``LOSSEDU_PRACTICE``, else below the user's folder for data."""
    import platformdirs

    named = os.environ.get(FILE_VARIABLE)
    if named:
        return Path(named).expanduser()
    return platformdirs.user_data_path("lossedu", appauthor=False) / "practice.sqlite"


class Store:
    """One open file of progress; closed at the end of a ``with`` block."""

    def __init__(self, path: str | Path) -> None:
        """Open a file, which is made if there is none.

        Raises:
            ProgressError: If the file is damaged, is none of ours, or is of a newer version.
            OSError: If it cannot be made.
        """
        self.path = Path(path)
        if not self.path.exists():
            _refuse_orphan(self.path)
            create_whole(self.path, _empty(), mode=0o600)
        self._connection = _opened(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def add(self, review: Review) -> None:
        """Keep a review; it is on the disk when this returns."""
        self.merge(Progress((review,)))

    def rate(self, ratings: Iterable[SelfRating]) -> None:
        """Keep self-ratings."""
        self.merge(Progress(grid=tuple(ratings)))

    def merge(self, progress: Progress) -> int:
        """Add the records that are not there yet, all in one step.

        Returns:
            How many reviews were new.
        """
        with self._writing() as connection:
            before = connection.total_changes
            connection.executemany(
                "INSERT OR IGNORE INTO reviews VALUES (?, ?, ?, ?)",
                [_row(review) for review in progress.reviews],
            )
            new = connection.total_changes - before
            connection.executemany(
                "INSERT OR IGNORE INTO grid VALUES (:at, :skill, :level)",
                [rating.as_json() for rating in progress.grid],
            )
            if progress.exam is not None:
                connection.execute(
                    "INSERT OR IGNORE INTO settings VALUES ('date', ?)",
                    [progress.exam.isoformat()],
                )
        return new

    def progress(self) -> Progress:
        """All that is kept."""
        with self._reading() as connection:
            records = connection.execute("SELECT record FROM reviews").fetchall()
            grid = connection.execute("SELECT * FROM grid ORDER BY at, skill").fetchall()
            exam = connection.execute("SELECT value FROM settings WHERE name = 'date'").fetchone()
        reviews = [review_from(json.loads(text), f"{self.path}, a review") for (text,) in records]
        keys = ("at", "skill", "level")
        ratings = [
            self_rating_from(dict(zip(keys, row, strict=True)), f"{self.path}, a self-rating")
            for row in grid
        ]
        day = date_from(exam[0], f"{self.path}, the date") if exam else None
        return Progress(in_order(reviews), tuple(ratings), day)

    def set_exam(self, day: date | None) -> None:
        """Keep the day of the interview, or that there is none."""
        with self._writing() as connection:
            connection.execute("DELETE FROM settings WHERE name = 'date'")
            if day is not None:
                connection.execute("INSERT INTO settings VALUES ('date', ?)", [day.isoformat()])

    def begin_mock(self, mock: str, plan: Mapping[str, Any]) -> None:
        """Keep the plan of a mock interview, so that it can be resumed."""
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO mocks VALUES (?, ?)", [mock, json.dumps(plan, ensure_ascii=False)]
            )

    def end_mock(self, mock: str) -> None:
        """Keep that a mock interview is over."""
        with self._writing() as connection:
            connection.execute("INSERT OR IGNORE INTO ended_mocks VALUES (?)", [mock])

    def open_mocks(self) -> list[dict[str, Any]]:
        """The plans of mock interviews that were begun and have not ended."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT plan FROM mocks WHERE id NOT IN (SELECT id FROM ended_mocks)"
            ).fetchall()
        return [json.loads(plan) for (plan,) in rows]

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with _said_of(self.path):
            yield self._connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection
        with _said_of(self.path):
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise


def _row(review: Review) -> tuple[str, str, str, str]:
    record = review.as_json()
    text = json.dumps(record, ensure_ascii=False)
    return review.id, record["at"], review.family, text


def _empty() -> bytes:
    """The bytes of a file without records, made elsewhere: it is there whole, or not at all."""
    tables = ("reviews", "grid", "mocks", "ended_mocks")
    walls = [_ADDED_ONLY.format(table=t, verb=v) for t in tables for v in ("UPDATE", "DELETE")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.sqlite"
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.executescript(_TABLES + "".join(walls))
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            connection.execute(f"PRAGMA user_version = {SCHEMA}")
            connection.execute("PRAGMA journal_mode = WAL")
        return path.read_bytes()


def _refuse_orphan(path: Path) -> None:
    """A log without its file would be played back into the new one."""
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and not path.exists():  # another process may have made both meanwhile
        raise ProgressError(
            f"data must be a file together with its log, but {log} lies there without {path.name}. "
            "Hint: bring the file back, or move the log away."
        )


def _opened(path: Path) -> sqlite3.Connection:
    if path.is_dir():
        raise ProgressError(f"data must be a file, but {path} is a folder.")
    with _said_of(path):
        connection = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            _check(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != _APPLICATION:
        raise ProgressError(
            f"data must be a file of lossedu's practice, but {path} is none. "
            "Hint: name a file that does not exist yet."
        )
    if version > SCHEMA:
        raise ProgressError(
            f"{path} must be of version {SCHEMA}, but is of version {version}. "
            "Hint: a newer lossedu has written it; update this one."
        )
    (state,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if state != "ok":
        raise _damaged(path)


@contextmanager
def _said_of(path: Path) -> Iterator[None]:
    """Say of SQLite's errors which file they are about, and that it is left as it is."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise ProgressError(f"{path} must be open to reading and writing, but {error}.") from error
    except sqlite3.DatabaseError as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> ProgressError:
    return ProgressError(
        f"{path} must be a file of lossedu's practice, but is damaged; it is left as it is. "
        "Hint: move it away, and import the last export."
    )
