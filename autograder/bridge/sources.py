"""Assignments are written as text notebooks; nbgrader reads ``.ipynb`` files.

A cell of the text says what it is in one line, ``nbgrader: {id: ..., kind: test, points: 3}``, and
becomes a cell with nbgrader's full metadata and a fixed id, so that the same text always gives the
same bytes.
"""

from pathlib import Path
from typing import Any

import jupytext
import nbformat

from autograder.grading.refusals import RefusalError
from lossedu.whole_files import write_whole

# kind -> (is graded, is a place for the student's answer, is locked)
KINDS = {
    "solution": (False, True, False),
    "test": (True, False, True),
    "manual": (True, True, False),
    "readonly": (False, False, True),
}


class SourceError(RefusalError, ValueError):
    """A text notebook that says something nbgrader could not use."""


def nbgrader_metadata(mark: dict[str, Any], cell_type: str) -> dict[str, Any]:
    """The metadata that nbgrader wants, from the one line of a text notebook."""
    kind, identity = mark.get("kind"), mark.get("id")
    if kind not in KINDS or not identity:
        raise SourceError(
            f"a cell's mark must have an id and a kind of {list(KINDS)}, but is {mark}."
        )
    grade, solution, locked = KINDS[kind]
    if grade != ("points" in mark):
        rule = "must" if grade else "must not"
        raise SourceError(f"a {kind} cell {rule} have points, but its mark is {mark}.")
    metadata = {
        "cell_type": cell_type,
        "grade": grade,
        "grade_id": identity,
        "locked": locked,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    return metadata | ({"points": mark["points"]} if grade else {})


def notebook_of(text: str) -> nbformat.NotebookNode:
    """The notebook that a text notebook stands for, with fixed ids."""
    notebook = jupytext.reads(text, fmt="md:myst")
    seen: set[str] = set()
    for number, cell in enumerate(notebook.cells, 1):
        mark = cell.metadata.pop("nbgrader", None)
        cell.id = f"text-{number:02d}"
        if mark is not None:
            cell.id = mark.get("id", "")
            cell.metadata["nbgrader"] = nbgrader_metadata(mark, cell.cell_type)
        if cell.id in seen:
            raise SourceError(f"a cell's id must be used once, but {cell.id!r} is used again.")
        seen.add(cell.id)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": kernel, "language_info": {"name": "python"}}
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    nbformat.validate(notebook)
    return notebook


def refresh(folder: Path) -> list[Path]:
    """Convert every text notebook below a folder whose ``.ipynb`` is missing or says otherwise.

    Args:
        folder: The folder of assignments: ``<folder>/<assignment>/<notebook>.md``.

    Returns:
        The notebooks that were written.

    Raises:
        SourceError: If a text notebook cannot be read; the message names it.
    """
    written = []
    for source in sorted(folder.glob("*/*.md")):
        target = source.with_suffix(".ipynb")
        text = nbformat.writes(_converted(source)) + "\n"
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            write_whole(target, text)
            written.append(target)
    return written


def _converted(source: Path) -> nbformat.NotebookNode:
    try:
        return notebook_of(source.read_text(encoding="utf-8"))
    except SourceError as error:
        raise SourceError(f"{error} Hint: look into {source}") from error
    except Exception as error:  # the parsers of YAML and of notebooks raise errors of many kinds
        told = " ".join(str(error).split())[:120]
        raise SourceError(f"{source} must be a text notebook, but is not: {told}") from error
