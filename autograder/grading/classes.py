"""Grades a class: every result is written down when it is known, so that a killed run resumes.

For each submission, in this order: its notebook is written, its outcome goes into the journal, its
marks go into the gradebook in one transaction, and the journal says so.  A run that is killed
between two of these steps leaves nothing that a resumed one cannot finish.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from autograder.grading import journal
from autograder.grading.folders import READ_ONLY, CourseFolders
from autograder.grading.marks import WorkerError, received, ungraded, unreadable
from autograder.grading.outcomes import Outcome
from autograder.grading.refusals import RefusalError
from autograder.grading.regrading import merged, merged_notebook
from autograder.grading.submissions import WHEN, Submission, SubmissionError, content
from autograder.grading.workers import Grader, Marked, Pool, Task, results, work

if TYPE_CHECKING:  # a rubric brings torch; a queue needs only its names
    from autograder.rubrics import Rubric


class StoppedError(RefusalError, RuntimeError):
    """What is known cannot be written down; a run that is resumed loses nothing."""


class VersionedGrader(Grader, Protocol):
    """A grader that says what else its outcomes depend on."""

    def version(self) -> bytes:
        """A digest that changes whenever an outcome could."""
        ...


class Store(Protocol):
    """Where marks go: the gradebook."""

    def notebook(self, outcome: Outcome, graded: str | None) -> str:
        """What is kept of a submission: what was run, or a page that says why nothing was."""
        ...

    def held(self) -> set[str]:
        """Whose marks it has."""
        ...

    def store(self, submission: Submission, outcome: Outcome, notebook: str) -> None:
        """Write the marks of one submission, all or none; again changes nothing."""
        ...


@dataclass(frozen=True)
class ClassWork:
    """A class to be graded.

    Attributes:
        folders: Of the course.
        rubric: Of the assignment.
        grader: Sent to the workers.
        store: Gets the marks.
        costly: Whether the checks that train models are asked.
        only: The checks whose results are taken, where there are earlier ones; empty for all.
    """

    folders: CourseFolders
    rubric: "Rubric"
    grader: VersionedGrader
    store: Store
    costly: bool = True
    only: frozenset[str] = frozenset()

    def grade(
        self,
        submissions: Sequence[Submission],
        pool: Pool,
        *,
        resume: bool = False,
        others_stay: bool = False,
        known: Callable[[Outcome], None] = lambda outcome: None,
    ) -> list[Outcome]:
        """Grade all, and write down each result.

        Args:
            submissions: Each by a name of its own.
            pool: Makes the workers.
            resume: Whether results of an earlier run count, where nothing has changed since.
            others_stay: Whether these are a part of a class, whose other results stay.
            known: Called with each outcome, in the order in which they become known.

        Returns:
            The outcomes, in the order of the submissions.

        Raises:
            BusyError: If another run is grading this assignment.
            UnavailableError: If no worker can grade anything.
        """
        with journal.locked(self._journal):
            self.folders.clear_scratch()
            earlier = journal.entries(self._journal) if self.only else {}
            if not resume:
                names = {submission.name for submission in submissions}
                journal.begin_anew(self._journal, names if others_stay else None)
            found: dict[str, Outcome] = {}
            for outcome in self._outcomes(submissions, pool, earlier):
                found[outcome.submission] = outcome
                known(outcome)
        return [found[submission.name] for submission in submissions]

    def grade_here(self, submission: Submission) -> tuple[Outcome, str]:
        """Grade one submission in this process.

        Returns:
            Its outcome, and the notebook to be kept: the caller writes it.
        """
        read = self._read(submission, self.grader.version())
        marked = None if read.reason else work(self.grader, read.task)
        outcome, notebook = self._decided(read, marked)
        self._note(read, outcome, notebook)
        return outcome, notebook

    def _outcomes(
        self, submissions: Sequence[Submission], pool: Pool, earlier: dict[str, journal.Entry]
    ) -> Iterator[Outcome]:
        version = self.grader.version()
        before = journal.entries(self._journal)
        held = self.store.held() if before else set()
        reads: dict[str, _Read] = {}
        settled: list[Outcome] = []  # without a worker, while looking for work for one

        def to_do() -> Iterator[Task]:
            for submission in submissions:
                read = self._read(submission, version)
                entry = before.get(submission.name)
                if entry is not None and self._counts(entry, read):
                    settled.append(self._finished(read, entry, held))
                elif read.reason:
                    settled.append(self._keep(read, None, earlier.get(submission.name)))
                else:
                    reads[submission.name] = read
                    yield read.task

        for task, marked in results(to_do(), self.grader, pool):
            yield self._keep(reads.pop(task.submission), marked, earlier.get(task.submission))
            yield from _drained(settled)
        yield from _drained(settled)

    def _read(self, submission: Submission, version: bytes) -> "_Read":
        try:
            raw, reason = content(submission), ""
        except SubmissionError as error:
            raw, reason = b"", str(error)
        digest = hashlib.blake2b(version, digest_size=32)
        digest.update(f"{submission.name}\n{reason}\n".encode())
        digest.update(raw)
        return _Read(submission, digest.hexdigest(), Task(submission.name, raw), reason)

    def _decided(self, read: "_Read", marked: Marked | None) -> tuple[Outcome, str]:
        """The outcome, and the notebook to be kept."""
        name, text = read.submission.name, None
        if marked is None:
            outcome = unreadable(name, self.rubric, read.reason, costly=self.costly)
        elif marked.outcome is None:
            outcome = ungraded(name, self.rubric, marked.error)
        else:
            try:
                outcome = received(marked.outcome, name, self.rubric)
                text = _sent_notebook(marked.notebook)
            except WorkerError as error:
                outcome = ungraded(name, self.rubric, str(error))
        odd = read.submission.oddities(self.rubric.assignment)
        outcome = replace(outcome, integrity=[*outcome.integrity, *odd])
        return outcome, self.store.notebook(outcome, text)

    def _keep(self, read: "_Read", marked: Marked | None, earlier: journal.Entry | None) -> Outcome:
        """Write down a new result, everywhere."""
        outcome, notebook = self._decided(read, marked)
        kept = self._kept(read.submission)
        if earlier is not None and kept.exists():
            outcome, notebook = self._among(earlier.outcome, kept, outcome, notebook)
        with _writing_down(read.submission.name):
            # nbgrader grades anew what was handed in later than what it finds here.
            with suppress(SubmissionError):
                when = content(read.submission.beside(WHEN)).decode("utf-8-sig", "replace")
                self.folders.write(kept.with_name(WHEN), when, READ_ONLY)
            self.folders.write(kept, notebook, READ_ONLY)
            self._note(read, outcome, notebook)
        return outcome

    def _among(
        self, earlier: Outcome, kept: Path, new: Outcome, notebook: str
    ) -> tuple[Outcome, str]:
        """The new results of the checks that are asked for, among the earlier ones of the rest."""
        cells = {check.cell for check in self.rubric.checks if check.id in self.only}
        text = kept.read_text(encoding="utf-8")
        return merged(earlier, new, self.only), merged_notebook(text, notebook, cells)

    def _note(self, read: "_Read", outcome: Outcome, notebook: str) -> None:
        # A resumed run tries again where grading itself broke: no submission has this print.
        fingerprint = read.fingerprint if outcome.checks else ""
        journal.note_outcome(self._journal, fingerprint, outcome)
        self.store.store(read.submission, outcome, notebook)
        journal.note_stored(self._journal, outcome.submission, fingerprint)

    def _counts(self, entry: journal.Entry, read: "_Read") -> bool:
        """Whether a result of an earlier run is still that of this submission, and all there."""
        return entry.fingerprint == read.fingerprint and self._kept(read.submission).exists()

    def _finished(self, read: "_Read", entry: journal.Entry, held: set[str]) -> Outcome:
        """Take a result of an earlier run; finish what it had begun, and what was lost since."""
        if not entry.stored or read.submission.name not in held:
            notebook = self._kept(read.submission).read_text(encoding="utf-8")
            self.store.store(read.submission, entry.outcome, notebook)
            journal.note_stored(self._journal, read.submission.name, entry.fingerprint)
        return entry.outcome

    @property
    def _journal(self) -> Path:
        return self.folders.journal(self.rubric.assignment)

    def _kept(self, submission: Submission) -> Path:
        return self.folders.autograded(self.rubric.assignment, submission.name)


@dataclass(frozen=True)
class _Read:
    """A submission that was read.

    Attributes:
        submission: Which.
        fingerprint: Of all that its outcome depends on.
        task: What a worker gets.
        reason: Why there is nothing to be graded; empty if there is.
    """

    submission: Submission
    fingerprint: str
    task: Task
    reason: str


@contextmanager
def _writing_down(student: str) -> Iterator[None]:
    """Say in a line why what is known of a student cannot be written down.

    Raises:
        StoppedError: If it cannot: the disk is full, or may not be written to.
    """
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise StoppedError(
            f"what was found out about {student!r} must be written down, but is not: "
            f"{error.strerror or error}{where}. Hint: when that is mended, go on with --resume"
        ) from error


def _sent_notebook(text: str | None) -> str | None:
    """The notebook that a worker has sent.

    Raises:
        WorkerError: If it is none.
    """
    if text is None:
        return None
    try:
        sent = json.loads(text)
        if sent["nbformat"] == 4 and all(
            isinstance(cell["metadata"], dict) for cell in sent["cells"]
        ):
            return text
    except (ValueError, TypeError, KeyError):
        pass
    raise WorkerError("its worker sent what is no notebook")


def _drained(outcomes: list[Outcome]) -> Iterator[Outcome]:
    while outcomes:
        yield outcomes.pop(0)
