"""Reads what was handed in, and puts it beside what was given out.

Functions are found by their names, so where a cell stands costs nothing.  Cells that the student
must not change are taken from the assignment; all else is run as it was handed in.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.grading.bounds import too_many_cells, too_much_code
from autograder.grading.marks import UNDECIDED
from autograder.grading.recovery import recovered
from autograder.grading.repair import repaired
from autograder.rubrics import Rubric, rubric

MOST_BYTES = 20 * 2**20
_MOST_NAMED, _LONGEST_NAME = 10, 64
_AN_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class UnreadableError(ValueError):
    """A file that is not a notebook, or none that anyone would write."""


@dataclass(frozen=True)
class Assignment:
    """What was given out, and how it is marked.

    Attributes:
        name: As of its folder.
        template: The released notebook.
        rubric: Which checks make up the mark.
    """

    name: str
    template: NotebookNode
    rubric: Rubric


@dataclass(frozen=True)
class Composed:
    """A submission ready to be run.

    Attributes:
        notebook: The cells in the student's order, without outputs.  Graded cells that were
            removed stand where the assignment has them.
        integrity: What was odd, in sentences.
    """

    notebook: NotebookNode
    integrity: list[str]


def assignment(root: Path, name: str) -> Assignment:
    """The assignment of a course.

    Args:
        root: The course's folder.
        name: As of its folders in ``solutions/`` and ``exercises/``.

    Raises:
        LookupError: If it has no rubric or was not released.
    """
    marked_by = rubric(name)
    path = root / "exercises" / name / f"{name}.ipynb"
    if not path.exists():
        raise LookupError(
            f"{name!r} must have been released, but {path} is not there. "
            f"Hint: autograder release {name}"
        )
    return Assignment(name, nbformat.read(path, as_version=4), marked_by)


def read(raw: bytes) -> NotebookNode:
    """The notebook in a file.

    Raises:
        UnreadableError: If there is none.
    """
    return read_and_repaired(raw)[0]


def read_and_repaired(raw: bytes) -> tuple[NotebookNode, list[str]]:
    """The notebook in a file, and what had to be repaired to read it, in sentences.

    Raises:
        UnreadableError: If there is none.
    """
    if len(raw) > MOST_BYTES:
        raise UnreadableError(
            f"a notebook must be at most {MOST_BYTES >> 20} MB, but this one has "
            f"{len(raw) >> 20} MB. Hint: clear its outputs."
        )
    if not raw.strip():
        raise UnreadableError(
            "the file must be a Jupyter notebook, but is empty. Hint: the upload may have failed; "
            "hand it in again."
        )
    if kind := _other_kind(raw):
        raise UnreadableError(f"the file must be a Jupyter notebook, but is {kind}.")
    try:
        content = json.loads(raw)
        if not isinstance(content, dict) or not {"cells", "worksheets"} & set(content):
            raise ValueError("it has no cells")
        if why_not := too_many_cells(content):
            raise UnreadableError(why_not)
        content, notes = repaired(content)
        _unique_ids(content.get("cells", []))
        notebook = nbformat.reads(json.dumps(content), as_version=4)
        nbformat.validate(notebook)
        if why_not := too_much_code(notebook):
            raise UnreadableError(why_not)
    except UnreadableError:
        raise
    except RecursionError as error:
        raise UnreadableError("a notebook must not be nested without end.") from error
    except json.JSONDecodeError as error:
        raise UnreadableError(
            f"the file must be a Jupyter notebook, but is no JSON from line {error.lineno} on."
        ) from error
    except UnicodeDecodeError as error:
        raise UnreadableError("the file must be a Jupyter notebook, but is no text.") from error
    except Exception as error:  # parsers of nbformat raise errors of many kinds
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        raise UnreadableError(f"the file must be a Jupyter notebook, but: {reason}") from error
    return notebook, notes


def _other_kind(raw: bytes) -> str:
    """What people hand in for a notebook, and what to do; empty if it is none of these."""
    begin = raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:512].lower()
    if begin.startswith((b"<!doctype html", b"<html", b"<?xml")):
        return "a web page. Hint: File > Download in Jupyter gives the notebook, a browser does not"
    known = {b"%pdf": "a PDF", b"pk\x03\x04": "a zip archive", b"\x89png": "a picture"}
    return next(
        (
            f"{name}. Hint: hand in the .ipynb file"
            for sign, name in known.items()
            if begin.startswith(sign)
        ),
        "",
    )


def _unique_ids(cells: list[dict[str, object]]) -> None:
    """Give every cell an id of its own: old ones have none, and copied ones share one."""
    seen: set[object] = set()
    for number, cell in enumerate(cells):
        known = cell.get("id")
        if not isinstance(known, str) or not _AN_ID.fullmatch(known) or known in seen:
            cell["id"] = f"cell-{number}-{len(cells)}"
        seen.add(cell["id"])


def grade_id(cell: NotebookNode) -> str:
    """What nbgrader calls a cell; empty for cells that it does not know."""
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def is_answer(cell: NotebookNode) -> bool:
    """Whether a student writes in this cell of an assignment."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def is_test(cell: NotebookNode) -> bool:
    """Whether the machine marks this cell."""
    mark = cell.metadata.get("nbgrader", {})
    return bool(mark.get("grade")) and not mark.get("solution")


def experiments(template: NotebookNode) -> set[str]:
    """The sources of an assignment's own code that defines nothing a check asks for."""
    return {c.source for c in template.cells if c.cell_type == "code" and not grade_id(c)}


def composed(submitted: NotebookNode, template: NotebookNode) -> Composed:
    """Put locked cells back, keep all that the student wrote, and say what was odd."""
    given = {grade_id(cell): cell for cell in template.cells if grade_id(cell)}
    seen: Counter[str] = Counter()
    cells: list[NotebookNode] = []
    found = recovered(submitted, template)
    integrity = list(found.notes)
    strangers: list[str] = []
    for cell in found.cells:
        name = grade_id(cell)
        original = given.get(name)
        seen[name] += 1
        if original is None:
            strangers += [name] if name else []
            cells.append(_own(cell))
        elif not is_answer(original):
            if seen[name] == 1:
                if cell.source.strip() != original.source.strip():
                    integrity.append(f"The cell {name!r} was changed; the original was used.")
                cells.append(_as_given(original))
        else:
            cells.append(_as_given(original, cell) if seen[name] == 1 else _own(cell))
    integrity += _strangers(strangers)
    integrity += [
        f"The cell {name!r} is there {count} times; all were run, in their order."
        for name, count in seen.items()
        if name in given and count > 1
    ]
    missing = [name for name in given if not seen[name]]
    integrity += [f"The cell {name!r} is missing." for name in missing]
    notebook = nbformat.from_dict({**template, "cells": _with_missing(cells, template, missing)})
    for number, cell in enumerate(notebook.cells):
        cell.id = grade_id(cell) or f"own-{number}"
        if grade_id(cell) in found.undecided:
            cell.metadata[UNDECIDED] = True
    return Composed(notebook, integrity)


def _strangers(names: list[str]) -> list[str]:
    """What is said of cells that the assignment does not have: as much as somebody reads."""
    notes = [
        f"The cell {name[:_LONGEST_NAME]!r} is not in the assignment; it was run as it is."
        for name in names[:_MOST_NAMED]
    ]
    more = len(names) - len(notes)
    if more:
        notes.append(f"{more} more cells are not in the assignment; they were run as they are.")
    return notes


def _as_given(original: NotebookNode, answer: NotebookNode | None = None) -> NotebookNode:
    """A cell of the assignment, with the student's answer if it is one."""
    return _bare(original, {"nbgrader": original.metadata.nbgrader}, answer or original)


def _own(cell: NotebookNode) -> NotebookNode:
    """A cell of the student's own, without what nbgrader could take for a mark."""
    return _bare(cell, {}, cell)


def _bare(cell: NotebookNode, metadata: dict[str, object], content: NotebookNode) -> NotebookNode:
    """A cell's kind with another's text and pasted pictures; without outputs."""
    bare = {"id": "", "cell_type": cell.cell_type, "metadata": metadata, "source": content.source}
    if cell.cell_type == "code":
        bare |= {"outputs": [], "execution_count": None}
    elif "attachments" in content:
        bare["attachments"] = content.attachments
    return nbformat.from_dict(bare)


def _with_missing(
    cells: list[NotebookNode], template: NotebookNode, missing: list[str]
) -> list[NotebookNode]:
    """The cells, and each missing one behind what the assignment has before it."""
    cells = list(cells)
    order = [cell for cell in template.cells if grade_id(cell)]
    for number, original in enumerate(order):
        if grade_id(original) in missing:
            before = {grade_id(cell) for cell in order[:number]}
            places = [at for at, cell in enumerate(cells) if grade_id(cell) in before]
            put_back = _as_given(original)
            if is_answer(original):
                put_back.source = ""
            cells.insert(max(places, default=-1) + 1, put_back)
    return cells
