"""What `nbgrader autograde` and the formgrader's button run: the sandbox, and nothing else."""

import logging
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbgrader.converters.base import NbGraderException

from autograder.bridge.gradebook import gradebook_store
from autograder.grading.classes import ClassWork
from autograder.grading.course_rubric import course_rubric
from autograder.grading.engine import engine
from autograder.grading.folders import CourseFolders
from autograder.grading.plain import printable
from autograder.grading.submissions import Submission, links

_log = logging.getLogger(__name__)


class SandboxExporter(NotebookExporter):
    """Gives the graded notebook of a submission, and puts its marks into the gradebook."""

    def from_filename(
        self, filename: str, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Grade a submitted notebook; pass a graded one through.

        nbgrader calls this twice, for the submitted file and for what came of it.
        """
        converter: Any = self.parent
        if not converter._sanitizing:
            return super().from_filename(filename, resources, **kw)
        assert resources is not None
        names = resources["nbgrader"]
        assignment, notebook = names["assignment"], names["notebook"]
        if notebook != assignment:
            raise NbGraderException(
                f"the notebook must be called {assignment}.ipynb, but is {notebook}.ipynb."
            )
        folders = CourseFolders(Path(converter.coursedir.root))
        grader = engine(folders, assignment)
        with gradebook_store(self.config, course_rubric(folders, assignment)) as store:
            work = ClassWork(folders, store.rubric, grader, store)
            path = Path(filename).absolute()
            submitted = path.parents[2] if len(path.parents) > 3 else None
            outcome, text = work.grade_here(Submission(names["student"], path, submitted))
        for oddity in outcome.integrity:
            _log.warning("%s", printable(f"{names['student']}: {oddity}"))
        graded = nbformat.reads(text, as_version=4)
        return self.from_notebook_node(graded, resources, **kw)


def drop_links(*, assignment: str, student: str, notebooks: list[str]) -> None:
    """Remove symbolic links from a submission before nbgrader copies what they point at.

    A link to the teacher's notebook would otherwise come back with the feedback.  A submission that
    is a link itself, or whose student's folder is one, is removed as a whole, never what it points
    at.
    """
    for folder in {Path(notebook).parent for notebook in notebooks}:
        for link in links(folder.parent) if folder.parent.is_symlink() else links(folder):
            removed = f"{folder.parent.name}: the link {link.name} is removed."
            _log.warning("%s", printable(removed))
            link.unlink()
