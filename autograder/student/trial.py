"""Grades one notebook as its writer can: by the public inputs alone, without the course."""

from collections import Counter
from pathlib import Path

import nbformat

from autograder.grading.engine import Engine
from autograder.grading.notebooks import UnreadableError, grade_id, read
from autograder.grading.outcomes import Outcome
from autograder.grading.submissions import SubmissionError, content, is_named_for, lone
from autograder.grading.workers import UnavailableError
from autograder.rubrics import names, rubric
from lossedu.names import suggestion


def tried(path: Path, assignment: str = "", *, costly: bool = True, trust: bool = False) -> Outcome:
    """Ask the public checks of an assignment about a notebook.

    Args:
        path: The notebook, whatever it is called.
        assignment: Which; empty: the notebook says it.
        costly: Whether the checks that train models are asked.
        trust: Whether to run without a sandbox.

    Raises:
        LookupError: If the assignment has no rubric.
        SubmissionError: If there is no notebook, or it does not say whose assignment it is.
        UnavailableError: If nothing can be run here.
    """
    if assignment:
        rubric(assignment)  # a wrong name is found before anything slow starts
    raw = _content(path)
    try:
        notebook = read(raw)
    except UnreadableError as error:
        raise SubmissionError(str(error)) from error
    assignment = assignment or assignment_of(notebook, path)
    # A student may have nothing else than this file, so it stands for what was given out.
    alone = Engine(assignment, nbformat.writes(notebook), None, costly, trust)
    try:
        with alone.open() as grade:
            return grade(raw, path.stem).outcome
    except (RuntimeError, OSError) as error:
        raise UnavailableError(str(error)) from error


def assignment_of(notebook: nbformat.NotebookNode, path: Path) -> str:
    """The assignment that a notebook is: its cells say so, or else the name of its file.

    Raises:
        SubmissionError: If neither does.
    """
    ids = [grade_id(cell) for cell in notebook.cells]
    cells = Counter({name: sum(i.startswith(f"{name}-") for i in ids) for name in names()})
    by_name = [name for name in names() if is_named_for(path, name)]
    # Of two whose names begin alike the longer one is meant: its cells count for both.
    for name, count in sorted(cells.items(), key=lambda item: (item[1], len(item[0])))[::-1]:
        if count:
            return name
    if by_name:
        return by_name[0]
    raise SubmissionError(
        f"{path.name} must be of an assignment, one of {', '.join(map(repr, names()))}, but says "
        f"of none. Hint: --assignment {names()[0]}"
    )


def _content(path: Path) -> bytes:
    if path.is_dir():
        raise SubmissionError(f"{path} must be a notebook, but is a folder.")
    if not path.exists() and not path.is_symlink():
        beside = [other.name for other in path.parent.glob("*.ipynb")]
        hint = suggestion(path.name, beside)
        raise SubmissionError(f"{path} must be a notebook, but is not there.{hint}")
    return content(lone(path))
