"""What the student sees: each graded cell's points, what went wrong, and where to read on."""

import html
import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import nbformat
from nbformat import NotebookNode

from autograder.checks.check import Check, Finding
from autograder.grading.curve_svg import drawn
from autograder.grading.notebooks import grade_id, is_test
from autograder.sandbox.session import CellRun

BOOK_VARIABLE = "LOSSEDU_BOOK"
_LOCAL_BOOK = "http://127.0.0.1:8000"
_MARKS = {"passed": ("✓", "#1a7f37"), "failed": ("✗", "#b42318")}

Judged = Sequence[tuple[Check, Finding]]


def show(notebook: NotebookNode, runs: Sequence[CellRun], judged: Judged) -> NotebookNode:
    """The notebook that was run, with what it printed and what the checks found.

    Args:
        notebook: As composed; it is not changed.
        runs: Of its cells.
        judged: Every check that was asked, and its finding.
    """
    shown = nbformat.from_dict(notebook)
    outputs = {run.id: run.outputs for run in runs}
    of_cell = defaultdict(list)
    seen: set[str] = set()  # one mistake fails many checks; one picture of it is enough
    for check, finding in judged:
        once = replace(finding, curve=None) if finding.message in seen else finding
        of_cell[check.cell].append((check, once))
        if finding.curve is not None:
            seen.add(finding.message)
    for cell in shown.cells:
        if cell.cell_type != "code":
            continue
        if is_test(cell):
            cell.outputs = [_output(of_cell[grade_id(cell)])]
        else:
            cell.outputs = [nbformat.from_dict(output) for output in outputs.get(cell.id, [])]
    return shown


def line(check: Check, finding: Finding) -> str:
    """A finding in one line of plain text."""
    mark = _MARKS.get(finding.status, _MARKS["failed"])[0]
    points = f"{earned(check, finding):g}/{check.points:g}"
    return f"{mark} {check.id} {points} {finding.message}".rstrip()


def earned(check: Check, finding: Finding) -> float:
    """The points that a finding is worth."""
    return check.points if finding.status == "passed" else round(finding.share * check.points, 2)


def _output(judged: Judged) -> NotebookNode:
    """One output that holds all findings of a cell."""
    if not judged:
        text = "This cell was not checked by the machine."
        return nbformat.v4.new_output("stream", name="stdout", text=text)
    data = {
        "text/plain": "\n".join(line(check, finding) for check, finding in judged),
        "text/html": "".join(_block(check, finding) for check, finding in judged),
    }
    return nbformat.v4.new_output("display_data", data=data)


def _block(check: Check, finding: Finding) -> str:
    """A finding as a piece of a page that needs no style sheet."""
    mark, colour = _MARKS.get(finding.status, _MARKS["failed"])
    parts = [
        f'<p style="margin:0"><strong style="color:{colour}">{mark} {html.escape(check.id)}'
        "</strong>"
        f" &nbsp;{earned(check, finding):g} of {check.points:g} points</p>"
    ]
    if finding.message:
        parts.append(f'<p style="margin:.25em 0 0">{html.escape(finding.message)}</p>')
    if finding.link and finding.status != "passed":
        book = os.environ.get(BOOK_VARIABLE, _LOCAL_BOOK).rstrip("/")
        address = html.escape(f"{book}/{finding.link}", quote=True)
        parts.append(f'<p style="margin:.25em 0 0"><a href="{address}">Read on in the book</a></p>')
    if finding.curve is not None:
        parts.append(drawn(finding.curve))
    style = f"border-left:3px solid {colour};padding-left:.75em;margin:.5em 0"
    return f'<div style="{style}">{"".join(parts)}</div>'
