"""Finds answers that are not where they were asked for: by their id, by their place, in a copy.

An editor strips metadata, a click turns text into code, a paste makes a second cell.  An answer
that can be told is put where it belongs, and it is said; so it is marked.  Where there is none, and
a text of the student's own stands elsewhere, the place for it waits for the teacher.
"""

import ast
from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode

from autograder.grading.bounds import MOST_CODE


@dataclass(frozen=True)
class Recovered:
    """A submission with every answer in its own cell.

    Attributes:
        cells: In the student's order.
        notes: What was done for that, in sentences.
        undecided: Written answers that are empty while a text of the student's stands elsewhere.
    """

    cells: list[NotebookNode]
    notes: list[str]
    undecided: set[str]


def recovered(submitted: NotebookNode, template: NotebookNode) -> Recovered:
    """Put every answer into its own cell, as far as it can be told.

    Args:
        submitted: Not changed.
        template: What was given out.
    """
    cells = [nbformat.from_dict(cell) for cell in submitted.cells]
    answers = {_name(c): c for c in template.cells if _name(c) and _mark(c).get("solution")}
    given = _Given(
        {cell.source.strip() for cell in template.cells}, {_name(cell) for cell in template.cells}
    )
    notes = _named_by_id(cells, answers, given)
    notes += _named_by_place(cells, template, given)
    notes += _in_their_cells(cells, answers, given)
    undecided = _undecided(cells, answers, given)
    notes += [
        f"The cell {name!r} is empty, but there is text of the author's elsewhere in the notebook; "
        "whether that is the answer is for the teacher to say."
        for name in undecided
    ]
    return Recovered(cells, notes, set(undecided))


@dataclass(frozen=True)
class _Given:
    """What an assignment gives: the texts of its cells, and their names."""

    texts: set[str]
    names: set[str]

    def has(self, cell: NotebookNode) -> bool:
        """Whether a cell is one of the assignment's, as it was or with an answer in it."""
        text = cell.source.strip()
        return _name(cell) in self.names - {""} or bool(text and text in self.texts)


def _in_their_cells(
    cells: list[NotebookNode], answers: dict[str, NotebookNode], given: _Given
) -> list[str]:
    """Put what was written into a copy, or below, into its own cell, as what that cell was."""
    notes = []
    for name, original in answers.items():
        copies = [cell for cell in cells if _name(cell) == name]
        written = [cell for cell in copies if _is_written(cell, original)]
        if written and copies[0] is not written[0]:
            cells.remove(written[0])
            cells.insert(cells.index(copies[0]), written[0])
            notes.append(f"The cell {name!r} was empty at first; a later copy of it was taken.")
        elif copies and not written and original.cell_type == "markdown":
            notes += _taken_from_below(cells, copies[0], given)
        first = written[0] if written else copies[0] if copies else None
        if first is not None and first.cell_type != original.cell_type:
            kind = "code" if original.cell_type == "code" else "text"
            notes.append(
                f"The cell {name!r} is no longer {original.cell_type}; it was read as {kind}."
            )
            first.cell_type = original.cell_type
    return notes


def _mark(cell: NotebookNode) -> NotebookNode:
    return cell.metadata.get("nbgrader", {})


def _name(cell: NotebookNode) -> str:
    return str(_mark(cell).get("grade_id", ""))


def _is_written(cell: NotebookNode, original: NotebookNode) -> bool:
    return bool(cell.source.strip()) and cell.source.strip() != original.source.strip()


def _named_by_id(
    cells: list[NotebookNode], answers: dict[str, NotebookNode], given: _Given
) -> list[str]:
    """Give answers that lost their metadata the name that their id still says."""
    there = {_name(cell) for cell in cells}
    notes = []
    for cell in cells:
        name = cell.get("id", "")
        if _name(cell) not in given.names - {""} and name in answers.keys() - there:
            cell.metadata["nbgrader"] = answers[name].metadata.nbgrader
            there.add(name)
            notes.append(f"The cell {name!r} had lost its name; it was known by its id.")
    return notes


def _named_by_place(cells: list[NotebookNode], template: NotebookNode, given: _Given) -> list[str]:
    """Give answers without metadata and id the name of what stood behind the cell before them.

    A solution in code needs no name: it is run wherever it stands.
    """
    notes = []
    for number, original in enumerate(template.cells):
        name = _name(original)
        if not _mark(original).get("solution") or name in map(_name, cells) or not number:
            continue
        start = _behind(cells, template.cells[number - 1])
        found = next((c for c in _own_from(cells, start, given) if _fits(c, original)), None)
        if found is not None:
            found.metadata["nbgrader"] = original.metadata.nbgrader
            notes.append(f"The cell {name!r} had lost its name; it was known by its place.")
    return notes


def _behind(cells: list[NotebookNode], before: NotebookNode) -> int:
    """The place behind the cell that a cell of the assignment is; the end, if it is gone."""
    name, text = _name(before), before.source.strip()
    places = [
        place
        for place, cell in enumerate(cells)
        if (name and name == _name(cell)) or cell.source.strip() == text
    ]
    return places[-1] + 1 if places else len(cells)


def _own_from(cells: list[NotebookNode], start: int, given: _Given) -> list[NotebookNode]:
    """The cells of the student's own in a row, from a place on; empty ones left out."""
    own = []
    for cell in cells[start:]:
        if given.has(cell):
            break
        own.append(cell)
    return [cell for cell in own if cell.source.strip()]


def _fits(cell: NotebookNode, original: NotebookNode) -> bool:
    """Whether a cell without a name may be an answer: code as text, or a text."""
    if original.cell_type == "code":
        return cell.cell_type != "code" and _defines(cell.source)
    return cell.cell_type != "code" or _says_nothing_to_python(cell.source)


def _defines(source: str) -> bool:
    if len(source) > MOST_CODE:  # pasted pictures, rather than code
        return False
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(not isinstance(part, ast.Expr) for part in body)


def _says_nothing_to_python(source: str) -> bool:
    """Whether a cell of code holds a text: no Python, or comments and strings alone."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return not source.lstrip().startswith(("%", "!", "?"))
    return all(isinstance(part, ast.Expr) and _is_string(part.value) for part in body)


def _is_string(value: ast.expr) -> bool:
    return isinstance(value, ast.JoinedStr) or (
        isinstance(value, ast.Constant) and isinstance(value.value, str)
    )


def _taken_from_below(cells: list[NotebookNode], empty: NotebookNode, given: _Given) -> list[str]:
    """Fill an empty answer with the cells of the student's own that stand right below it."""
    own = _own_from(cells, cells.index(empty) + 1, given)
    if not own:
        return []
    empty.source = "\n\n".join(cell.source for cell in own if cell.cell_type != "code") or (
        "\n\n".join(cell.source for cell in own)
    )
    for cell in own:
        if "attachments" in cell:
            empty.attachments = {**empty.get("attachments", {}), **cell.attachments}
    return [f"The cell {_name(empty)!r} is empty; what stands below it was taken for its answer."]


def _undecided(
    cells: list[NotebookNode], answers: dict[str, NotebookNode], given: _Given
) -> list[str]:
    """The written answers that are empty while a text of the student's own stands elsewhere."""
    if not any(_is_own_text(cell, given) for cell in cells):
        return []
    written = {
        name
        for name, original in answers.items()
        if any(_name(cell) == name and _is_written(cell, original) for cell in cells)
    }
    texts = [name for name, original in answers.items() if original.cell_type != "code"]
    return [name for name in texts if name not in written]


def _is_own_text(cell: NotebookNode, given: _Given) -> bool:
    if not cell.source.strip() or given.has(cell):
        return False
    return cell.cell_type != "code" or _says_nothing_to_python(cell.source)
