"""The code of a class, laid side by side."""

from pathlib import Path

from nbformat import NotebookNode

from autograder.course.similar import Pair, similar
from autograder.grading.folders import CourseFolders
from autograder.grading.notebooks import UnreadableError, assignment, read
from autograder.grading.submissions import SubmissionError, content, handed_in


def look_alikes(root: Path, name: str, *, least: float) -> list[Pair]:
    """Pairs of a course's submissions that share much code, the most alike first.

    Args:
        root: The course's folder.
        name: Of the assignment.
        least: The smallest part that is listed, from 0 to 1.

    Raises:
        LookupError: If the assignment was not released.
    """
    given = code(assignment(root, name).template)
    sources = {}
    for submission in handed_in(CourseFolders(root), name):
        try:
            sources[submission.name] = code(read(content(submission)))
        except (SubmissionError, UnreadableError):
            continue  # grading says why
    return similar(sources, given, least=least)


def code(notebook: NotebookNode) -> str:
    """All code of a notebook, one cell after the other."""
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
