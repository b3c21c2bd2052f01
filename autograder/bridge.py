"""The only module that knows nbgrader: its configuration, its commands, its gradebook."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets.config import Config

from autograder.outcomes import Outcome, TaskMark
from autograder.sources import refresh

DATABASE_VARIABLE = "LOSSEDU_GRADEBOOK"
_STUB = "raise NotImplementedError()"
_BEFORE_RELEASE = (
    "IncludeHeaderFooter",
    "LockCells",
    "ClearSolutions",
    "ClearOutput",
    "CheckCellMetadata",
    "ComputeChecksums",
    "SaveCells",
    "ClearHiddenTests",
    "ClearMarkScheme",
    "ComputeChecksums",
    "CheckCellMetadata",
)


class NameTheTask(NbGraderPreprocessor):
    """Puts the task's name into the error that an unsolved cell raises."""

    def preprocess_cell(
        self, cell: nbformat.NotebookNode, resources: dict[str, Any], cell_index: int
    ) -> tuple[nbformat.NotebookNode, dict[str, Any]]:
        """Name the task, if nbgrader has just emptied the cell."""
        task = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        cell.source = cell.source.replace(_STUB, f'raise NotImplementedError("{task}")')
        return cell, resources


def configure(config: Config, root: Path) -> None:
    """Fill nbgrader's configuration for the course at ``root``; bring its sources up to date."""
    import nbgrader.preprocessors as steps

    # Assignments train small models: a second thread gains nothing and loses much on shared cores.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    (root / "course").mkdir(exist_ok=True)
    refresh(root / "solutions")
    course = config.CourseDirectory
    course.root = str(root)
    course.course_id = "lossedu"
    course.source_directory = "solutions"
    course.release_directory = "exercises"
    course.submitted_directory = "course/submitted"
    course.autograded_directory = "course/autograded"
    course.feedback_directory = "course/feedback"
    course.db_url = os.environ.get(DATABASE_VARIABLE, f"sqlite:///{root}/course/gradebook.db")
    # nbgrader copies neighbours into a release unless told not to: the text has the answers.
    course.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "*.md", "*.bak"]
    config.ClearSolutions.code_stub = {"python": f"# your code here\n{_STUB}"}
    config.ClearSolutions.text_stub = "*Your answer here.*"
    config.ExecutePreprocessor.timeout = 120
    named = [getattr(steps, name) for name in _BEFORE_RELEASE]
    named.insert(_BEFORE_RELEASE.index("ClearSolutions") + 1, NameTheTask)
    config.GenerateAssignment.preprocessors = named


def course_config(root: Path) -> Config:
    """The configuration, for use without nbgrader's command line."""
    config = Config()
    configure(config, root)
    return config


@contextmanager
def logged_to(path: Path) -> Iterator[None]:
    """Send what nbgrader and the kernels say to a file: they warn of things that are no fault.

    Kernels are processes of their own that inherit the standard error stream, so the stream itself
    is moved, not only Python's loggers.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stderr.flush()
    kept = os.dup(2)
    with path.open("a", encoding="utf-8") as log:
        os.dup2(log.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)


class Course:
    """The course of one repository, as nbgrader sees it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.config = course_config(root)
        self.api = NbGraderAPI(config=self.config)

    def release(self, assignment: str) -> None:
        """Make what students get.

        Raises:
            RuntimeError: If nbgrader could not.
        """
        self._checked(self.api.generate_assignment(assignment, force=True), assignment)

    def register(self, assignment: str, submissions: list[str]) -> None:
        """Make sure that the gradebook knows the assignment and the submitters."""
        with Gradebook(self.config.CourseDirectory.db_url, "lossedu") as gradebook:
            try:
                gradebook.find_assignment(assignment)
            except MissingEntry:  # a new gradebook learns of an assignment when it is released
                self.release(assignment)
            for name in submissions:
                gradebook.update_or_create_student(name)

    def grade(self, assignment: str, submission: str) -> Outcome:
        """Run a submission, mark it, write its feedback."""
        done = self.api.autograde(assignment, submission, force=True)
        if not done["success"]:
            return self._refused(assignment, submission, done)
        self._checked(self.api.generate_feedback(assignment, submission, force=True), submission)
        return self.outcome(assignment, submission)

    def outcome(self, assignment: str, submission: str) -> Outcome:
        """Read a graded submission's marks and its first fault."""
        with Gradebook(self.config.CourseDirectory.db_url, "lossedu") as gradebook:
            graded = gradebook.find_submission(assignment, submission)
            marks = [
                TaskMark(
                    mark.name,
                    mark.auto_score or 0.0,
                    mark.max_score,
                    mark.cell.cell_type == "markdown",
                )
                for notebook in graded.notebooks
                for mark in notebook.grades
            ]
        return Outcome(submission, "graded", marks, self._first_fault(assignment, submission))

    def _refused(self, assignment: str, submission: str, done: dict[str, Any]) -> Outcome:
        """Why nbgrader gave up: because the file is not a notebook, or for another reason."""
        folder = self.root / "course" / "submitted" / submission / assignment
        try:
            for path in folder.glob("*.ipynb"):
                nbformat.read(path, as_version=4)
        except (ValueError, nbformat.ValidationError, nbformat.reader.NotJSONError) as error:
            return Outcome(submission, "unreadable", first_fault=str(error).splitlines()[0][:120])
        return Outcome(submission, "failed", first_fault=_last_line(done))

    def _first_fault(self, assignment: str, submission: str) -> str:
        folder = self.root / "course" / "autograded" / submission / assignment
        for path in sorted(folder.glob("*.ipynb")):
            notebook = nbformat.read(path, as_version=4)
            for cell in notebook.cells:
                graded = cell.metadata.get("nbgrader", {}).get("grade")
                for output in cell.get("outputs", []) if graded else []:
                    if output.output_type == "error":
                        first = str(output.evalue).splitlines() or [""]
                        return first[0] or str(output.ename)
        return ""

    @staticmethod
    def _checked(done: dict[str, Any], what: str) -> None:
        if not done["success"]:
            raise RuntimeError(f"nbgrader must finish with {what!r}, but says: {_last_line(done)}")


def _last_line(done: dict[str, Any]) -> str:
    text = str(done.get("error") or done.get("log") or "").strip()
    return text.splitlines()[-1] if text else "it gave no reason"
