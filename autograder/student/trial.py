"""Grades one notebook as its writer can: by the public inputs alone, without the course."""

from pathlib import Path

from autograder.grading.engine import Engine
from autograder.grading.notebooks import UnreadableError, read
from autograder.grading.outcomes import Outcome
from autograder.grading.submissions import Submission, SubmissionError, content
from autograder.grading.workers import UnavailableError
from autograder.rubrics import rubric


def tried(path: Path, assignment: str, *, costly: bool = True, trust: bool = False) -> Outcome:
    """Ask the public checks of an assignment about a notebook.

    Raises:
        LookupError: If the assignment has no rubric.
        SubmissionError: If there is no notebook.
        UnavailableError: If nothing can be run here.
    """
    rubric(assignment)  # a wrong name is found before anything slow starts
    raw = content(Submission("you", path))
    try:
        read(raw)
    except UnreadableError as error:
        raise SubmissionError(str(error)) from error
    # A student may have nothing else than this file, so it stands for what was given out.
    alone = Engine(assignment, raw.decode("utf-8"), None, costly, trust)
    try:
        with alone.open() as grade:
            return grade(raw, path.stem).outcome
    except (RuntimeError, OSError) as error:
        raise UnavailableError(str(error)) from error
