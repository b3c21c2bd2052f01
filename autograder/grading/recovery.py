"""Finds answers that are not where they were asked for: by their id, by their place, in a copy.

An editor strips metadata, a click turns text into code, a paste makes a second cell.  An answer
that can be told is put where it belongs, and it is said; so it is marked, or waits for the teacher.
"""

import nbformat
from nbformat import NotebookNode


def recovered(
    submitted: NotebookNode, template: NotebookNode
) -> tuple[list[NotebookNode], list[str]]:
    """The cells of a submission with every answer in its own cell, and what was done for that.

    Args:
        submitted: Not changed.
        template: What was given out.
    """
    cells = [nbformat.from_dict(cell) for cell in submitted.cells]
    answers = {_name(c): c for c in template.cells if _name(c) and _mark(c).get("solution")}
    notes = _named_by_id(cells, answers)
    for name, original in answers.items():
        copies = [cell for cell in cells if _name(cell) == name]
        written = [cell for cell in copies if _is_written(cell, original)]
        if written and copies[0] is not written[0]:
            cells.remove(written[0])
            cells.insert(cells.index(copies[0]), written[0])
            notes.append(f"The cell {name!r} was empty at first; a later copy of it was taken.")
        elif copies and not written and original.cell_type == "markdown":
            notes += _taken_from_below(cells, copies[0], template)
        first = written[0] if written else copies[0] if copies else None
        if first is not None and first.cell_type != original.cell_type:
            kind = "code" if original.cell_type == "code" else "text"
            notes.append(
                f"The cell {name!r} is no longer {original.cell_type}; it was read as {kind}."
            )
            first.cell_type = original.cell_type
    return cells, notes


def _mark(cell: NotebookNode) -> NotebookNode:
    return cell.metadata.get("nbgrader", {})


def _name(cell: NotebookNode) -> str:
    return str(_mark(cell).get("grade_id", ""))


def _is_written(cell: NotebookNode, original: NotebookNode) -> bool:
    return bool(cell.source.strip()) and cell.source.strip() != original.source.strip()


def _named_by_id(cells: list[NotebookNode], answers: dict[str, NotebookNode]) -> list[str]:
    """Give answers that lost their metadata the name that their id still says."""
    there = {_name(cell) for cell in cells}
    notes = []
    for cell in cells:
        name = cell.get("id", "")
        if not _name(cell) and name in answers.keys() - there:
            cell.metadata["nbgrader"] = answers[name].metadata.nbgrader
            there.add(name)
            notes.append(f"The cell {name!r} had lost its metadata; it was known by its id.")
    return notes


def _taken_from_below(
    cells: list[NotebookNode], empty: NotebookNode, template: NotebookNode
) -> list[str]:
    """Fill an empty answer with the cells of the student's own that stand right below it."""
    given = {cell.source.strip() for cell in template.cells}
    start = stop = cells.index(empty) + 1
    while stop < len(cells) and not _name(cells[stop]) and cells[stop].source.strip() not in given:
        stop += 1
    own = [cell for cell in cells[start:stop] if cell.source.strip()]
    if not own:
        return []
    empty.source = "\n\n".join(cell.source for cell in own if cell.cell_type != "code") or (
        "\n\n".join(cell.source for cell in own)
    )
    for cell in own:
        if "attachments" in cell:
            empty.attachments = {**empty.get("attachments", {}), **cell.attachments}
    return [f"The cell {_name(empty)!r} is empty; what stands below it was taken for its answer."]
