"""A class that is graded in no time: a tiny assignment, and a grader that runs nothing.

As a script it grades such a class in a process of its own, which a test may kill.
"""

import hashlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import nbformat

from autograder.grading.classes import ClassWork
from autograder.grading.folders import CourseFolders
from autograder.grading.outcomes import CheckResult, Outcome
from autograder.grading.submissions import Submission, handed_in
from autograder.grading.workers import local

TEXT = """---
jupytext:
  text_representation: {extension: .md, format_name: myst}
---

# Tiny

```{code-cell} ipython3
:nbgrader: {id: tiny-answer, kind: solution}
### BEGIN SOLUTION
answer = 7
### END SOLUTION
```

```{code-cell} ipython3
:nbgrader: {id: tiny-value, kind: test, points: 3}
check("tiny.value")
check("tiny.sign")
```

```{code-cell} ipython3
:nbgrader: {id: tiny-trained, kind: test, points: 2}
check("tiny.trained")
```

+++ {"nbgrader": {"id": "tiny-essay", "kind": "manual", "points": 4}}

The teacher's own words.
"""


@dataclass(frozen=True)
class TinyCheck:
    id: str
    cell: str
    points: float
    costly: bool = False


@dataclass(frozen=True)
class TinyRubric:
    assignment: str
    checks: tuple[TinyCheck, ...]

    def of_cell(self, cell: str) -> list[TinyCheck]:
        return [check for check in self.checks if check.cell == cell]


RUBRIC = TinyRubric(
    "tiny",
    (
        TinyCheck("tiny.value", "tiny-value", 2),
        TinyCheck("tiny.sign", "tiny-value", 1),
        TinyCheck("tiny.trained", "tiny-trained", 2, costly=True),
    ),
)


@dataclass(frozen=True)
class TinyGrader:
    """Gives points by what the answer says: ``answer = 2`` earns two of two, one of one ..."""

    edition: int = 1
    delay_s: float = 0.0
    record: str = ""
    costly: bool = True
    broken: bool = False

    @contextmanager
    def open(self) -> Iterator[object]:
        if self.broken:
            raise RuntimeError("the floor is not met. Hint: mend it")
        yield self._grade
        if self.record:
            with Path(f"{self.record}-closed").open("a") as closed:
                closed.write("closed\n")

    def version(self) -> bytes:
        return hashlib.sha256(str(self.edition).encode()).digest()

    def _grade(self, raw: bytes, submission: str) -> SimpleNamespace:
        if self.record:
            with Path(self.record).open("a") as record:
                record.write(f"{submission}\n")
        time.sleep(self.delay_s)
        if b"end this process" in raw:
            os._exit(1)
        if b"raise" in raw:
            raise ZeroDivisionError("in the grader")
        try:
            notebook = nbformat.reads(raw.decode(), as_version=4)
        except Exception:
            return SimpleNamespace(outcome=self._nothing(submission), notebook=None)
        (source,) = (c.source for c in notebook.cells if c.id == "tiny-answer")
        return SimpleNamespace(outcome=self._outcome(submission, source), notebook=notebook)

    def _asked(self) -> list[TinyCheck]:
        return [check for check in RUBRIC.checks if self.costly or not check.costly]

    def _outcome(self, name: str, source: str) -> Outcome:
        worth = float(source.partition("=")[2] or "0")
        results = []
        for check in self._asked():
            points = min(worth, check.points) if worth >= 0 else worth
            status = "passed" if points == check.points else "failed"
            results.append(CheckResult(check.id, points, check.points, status, f"says {worth}"))
        score = sum(result.points for result in results)
        most = sum(check.points for check in self._asked())
        return Outcome(name, "tiny", score, most, 0.01, 1.0, "graded", results)

    def _nothing(self, name: str) -> Outcome:
        results = [CheckResult(c.id, 0.0, c.points, "missing") for c in self._asked()]
        return Outcome(name, "tiny", 0.0, 5.0, 0.0, 0.0, "unreadable", results, ["not a notebook"])


def make_course(root: Path) -> CourseFolders:
    """A course with the tiny assignment, released."""
    (root / "solutions" / "tiny").mkdir(parents=True)
    (root / "solutions" / "tiny" / "tiny.md").write_text(TEXT)
    folders = CourseFolders(root)
    release(folders)
    return folders


def release(folders: CourseFolders) -> None:
    from autograder.bridge.course import Course, logged_to  # slow, and no worker needs it

    with logged_to(folders.log):
        Course(folders.root).release("tiny")


def notebook(folders: CourseFolders, answer: str, essay: str = "My words.") -> str:
    """The released notebook, filled in."""
    given = nbformat.reads(folders.exercise("tiny").read_text(), as_version=4)
    for cell in given.cells:
        if cell.id == "tiny-answer":
            cell.source = answer
        if cell.id == "tiny-essay" and essay:
            cell.source = essay
    return nbformat.writes(given)


def hand_in(folders: CourseFolders, name: str, text: str) -> Submission:
    path = folders.submitted("tiny", name) / "tiny.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return Submission(name, path)


def fill(folders: CourseFolders, count: int) -> list[Submission]:
    """A class; the answer of one is that of another, and one file is broken."""
    return [
        hand_in(
            folders,
            f"student-{number:03d}",
            "broken {" if number == 3 else notebook(folders, f"answer = {number % 5 / 2}"),
        )
        for number in range(count)
    ]


def grade(
    folders: CourseFolders,
    grader: TinyGrader,
    submissions: list[Submission] | None = None,
    jobs: int = 1,
    pool: object = None,
    only: frozenset[str] = frozenset(),
    **options: object,
) -> list[Outcome]:
    from autograder.bridge.course import Course, logged_to
    from autograder.bridge.gradebook import gradebook_store

    with logged_to(folders.log):
        config = Course(folders.root).config
        with gradebook_store(config, RUBRIC) as store:
            store.agree()
            work = ClassWork(folders, RUBRIC, grader, store, costly=grader.costly, only=only)
            found = submissions or handed_in(folders, "tiny")
            return work.grade(found, pool or partial(local, jobs), **options)


if __name__ == "__main__":
    root, record, delay = sys.argv[1:4]
    resumed = "--resume" in sys.argv
    grade(
        CourseFolders(Path(root)),
        TinyGrader(record=record, delay_s=float(delay)),
        jobs=2,
        resume=resumed,
    )
