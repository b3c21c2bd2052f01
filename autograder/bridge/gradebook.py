"""Writes marks into nbgrader's gradebook: one submission, one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbgrader.api import (
    Assignment,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    MissingEntry,
    SolutionCell,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import compute_checksum
from sqlalchemy.exc import SQLAlchemyError
from traitlets.config import Config

from autograder.bridge.configuration import GradebookError, open_gradebook
from autograder.bridge.timestamps import timestamp
from autograder.grading.folders import CourseFolders
from autograder.grading.marks import UNDECIDED, CellMark, DisagreementError, cell_marks
from autograder.grading.outcomes import Outcome, StudentMark
from autograder.grading.submissions import Submission

if TYPE_CHECKING:
    from autograder.rubrics import Rubric

NO_RESPONSE = "No response."


@dataclass(frozen=True)
class GradebookStore:
    """The open gradebook of a course, for one assignment.

    Attributes:
        gradebook: nbgrader's.
        rubric: Says which check counts for which cell.
        late: nbgrader's step that asks the course's plugin for penalties.
        released: The notebook that was given out.
    """

    gradebook: Gradebook
    rubric: "Rubric"
    late: AssignLatePenalties
    released: Path

    def notebook(self, outcome: Outcome, graded: str | None) -> str:
        """What is kept of a submission: what was run, or a page that says why nothing was."""
        if graded is not None:
            return graded
        reason = " ".join(outcome.integrity)
        said = f"**This submission was not graded.** {reason}"
        cells = [nbformat.v4.new_markdown_cell(said, id="reason"), *self._to_mark()]
        return f"{nbformat.writes(nbformat.v4.new_notebook(cells=cells))}\n"

    def _to_mark(self) -> list[nbformat.NotebookNode]:
        """The graded cells as they were given out: where a teacher enters marks of her own."""
        if not self.released.exists():
            return []
        cells = nbformat.read(self.released, as_version=4).cells
        return [cell for cell in cells if cell.metadata.get("nbgrader", {}).get("grade")]

    def held(self) -> set[str]:
        """Whose marks the gradebook has: those with a score by the machine."""
        rows = (
            self.gradebook.db.query(SubmittedAssignment.student_id)
            .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
            .filter(Assignment.name == self.rubric.assignment, Grade.auto_score.isnot(None))
        )
        return {name for (name,) in rows.distinct()}

    def store(self, submission: Submission, outcome: Outcome, notebook: str) -> None:
        """Write the marks of one submission, all or none; again changes nothing.

        What a teacher gave by hand stays: scores, extra credit, comments.
        """
        cells = {
            cell.metadata.nbgrader.grade_id: cell
            for cell in nbformat.reads(notebook, as_version=4).cells
            if "nbgrader" in cell.metadata
        }
        marks = cell_marks(outcome, self.rubric)
        when = timestamp(submission)
        with _taken(submission.name), self._transaction() as session:
            self.gradebook.update_or_create_student(outcome.submission)
            # Half-made rows must not be flushed while nbgrader still fills them in.
            with session.no_autoflush:
                handed_in = self.gradebook.update_or_create_submission(
                    outcome.assignment, outcome.submission, **({"timestamp": when} if when else {})
                )
            (kept,) = [nb for nb in handed_in.notebooks if nb.name == outcome.assignment]
            by_hand = _comment(session, kept, cells)
            _mark(session, kept, marks, by_hand, read=outcome.status != "unreadable")
            session.flush()
            kept.late_submission_penalty = self._penalty(handed_in, kept)

    def agree(self) -> None:
        """Make sure that the rubric marks what the gradebook expects.

        Raises:
            DisagreementError: If a cell that the machine marks has other points in one of them.
        """
        notebook = self.gradebook.find_notebook(self.rubric.assignment, self.rubric.assignment)
        by_hand = {cell.name for cell in notebook.solution_cells}
        expected = {c.name: c.max_score for c in notebook.grade_cells if c.name not in by_hand}
        given = {
            cell: sum(check.points for check in self.rubric.of_cell(cell))
            for cell in {check.cell for check in self.rubric.checks}
        }
        differ = sorted(
            cell
            for cell in expected.keys() | given.keys()
            if abs(expected.get(cell, -1.0) - given.get(cell, -1.0)) > 1e-9
        )
        if differ:
            cell = differ[0]
            raise DisagreementError(
                f"{cell!r} must have the same points in the rubric and in the gradebook, but has "
                f"{given.get(cell)} and {expected.get(cell)}. Hint: give them the same points in "
                f"solutions/{self.rubric.assignment} (its text, and rubric.toml if there is one), "
                f"then autograder release {self.rubric.assignment}"
            )

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        """One transaction around all that nbgrader's methods do, though each of them commits."""
        sessions = self.gradebook.db
        sessions.remove()
        with self.gradebook.engine.begin() as connection:
            session = sessions(
                bind=connection, join_transaction_mode="rollback_only", expire_on_commit=False
            )
            try:
                yield session
                session.commit()
            finally:
                sessions.remove()

    def _penalty(self, handed_in: Any, kept: SubmittedNotebook) -> float | None:
        """What the course's plugin takes off for being late: at most all of it."""
        if handed_in.total_seconds_late <= 0:
            return None
        penalty = self.late.plugin_inst.late_submission_penalty(
            handed_in.student.id, kept.score, handed_in.total_seconds_late
        )
        return None if penalty is None else min(max(float(penalty), 0.0), kept.score)


@contextmanager
def gradebook_store(config: Config, rubric: "Rubric") -> Iterator[GradebookStore]:
    """Open the gradebook of a course for one assignment."""
    late = AssignLatePenalties(config=config)
    late.init_plugin()
    released = CourseFolders(Path(config.CourseDirectory.root)).exercise(rubric.assignment)
    with open_gradebook(config) as gradebook:
        yield GradebookStore(gradebook, rubric, late, released)


def student_marks(config: Config, assignment: str) -> list[StudentMark]:
    """What each student got, by machine, by hand, and less any penalty.

    Raises:
        LookupError: If the gradebook does not know the assignment.
    """
    with open_gradebook(config) as gradebook:
        try:
            gradebook.find_assignment(assignment)
        except MissingEntry as error:
            raise LookupError(
                f"{assignment!r} must be in the gradebook, but is not. "
                f"Hint: autograder release {assignment}"
            ) from error
        found = gradebook.assignment_submissions(assignment)
        return sorted((_student_mark(one) for one in found), key=lambda mark: mark.student)


@contextmanager
def _taken(student: str) -> Iterator[None]:
    """Say in a line why a gradebook does not take a student's marks.

    Raises:
        GradebookError: If it does not: another program holds it, or the disk is full.
    """
    try:
        yield
    except SQLAlchemyError as error:
        told = " ".join(str(getattr(error, "orig", None) or error).split())[:120]
        raise GradebookError(
            f"the gradebook must take the marks of {student!r}, but does not: {told}. "
            "Hint: when that is mended, go on with --resume"
        ) from error


def _mark(
    session: Any,
    kept: SubmittedNotebook,
    marks: dict[str, CellMark],
    by_hand: dict[str, bool],
    *,
    read: bool,
) -> None:
    """Set the machine's scores.

    Args:
        session: Of the transaction.
        kept: Whose scores.
        marks: Of the cells that the machine marks.
        by_hand: The cells in which the student writes, and whether she wrote something.
        read: Whether there was a notebook at all; without one, nobody knows what was answered, and
            every cell waits for the teacher.
    """
    rows = session.query(Grade, GradeCell).join(GradeCell, GradeCell.id == Grade.cell_id)
    for grade, cell in rows.filter(Grade.notebook_id == kept.id):
        if cell.name in marks:
            mark = marks[cell.name]
        elif by_hand.get(cell.name) and read:
            mark = CellMark(None, needs_teacher=True)
        else:
            mark = CellMark(0.0, needs_teacher=not read)
        grade.auto_score = mark.points
        # As nbgrader has it: what was marked by hand before is to be looked at again.
        grade.needs_manual_grade = mark.needs_teacher or grade.manual_score is not None


def _comment(
    session: Any, kept: SubmittedNotebook, cells: dict[str, nbformat.NotebookNode]
) -> dict[str, bool]:
    """Note where there is no answer; say of each place for one whether it has one."""
    rows = session.query(Comment, SolutionCell).join(
        SolutionCell, SolutionCell.id == Comment.cell_id
    )
    answered = {}
    for comment, place in rows.filter(Comment.notebook_id == kept.id):
        answered[place.name] = _is_answered(cells.get(place.name))
        comment.auto_comment = None if answered[place.name] else NO_RESPONSE
    return answered


def _is_answered(cell: nbformat.NotebookNode | None) -> bool:
    """Whether a cell holds something else than was given out, or that may stand elsewhere."""
    if cell is None:
        return False
    if cell.metadata.get(UNDECIDED):
        return True
    if not cell.source.strip():
        return False
    return bool(cell.metadata.nbgrader.get("checksum") != compute_checksum(cell))


def _student_mark(handed_in: Any) -> StudentMark:
    student = handed_in.student
    return StudentMark(
        student=student.id,
        last_name=student.last_name or "",
        first_name=student.first_name or "",
        email=student.email or "",
        lms_id=student.lms_user_id or "",
        score=handed_in.score - handed_in.late_submission_penalty,
        max_score=handed_in.max_score,
        complete=not handed_in.needs_manual_grade,
        questions={
            grade.cell.name: (grade.score, grade.max_score)
            for kept in handed_in.notebooks
            for grade in sorted(kept.grades, key=lambda grade: str(grade.cell.name))
        },
    )
