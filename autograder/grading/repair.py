"""Gives a notebook back what its format asks for and an editor, a tool or a hand has left out.

Grading needs a cell's kind, its text, its pictures and its place in the assignment.  Where these
are there, nobody loses points because outputs, metadata or names are not.
"""

from collections.abc import Mapping
from typing import Any

VERSION, REVISION = 4, 5
_KINDS = ("code", "markdown", "raw")
_ASKED = {
    "stream": {"name", "text"},
    "display_data": {"data", "metadata"},
    "execute_result": {"data", "metadata", "execution_count"},
    "error": {"ename", "evalue", "traceback"},
}


def repaired(content: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A notebook of version 4 with all that its format asks for, and what was done, in sentences.

    Args:
        content: What the file holds, with a list of cells; one of another version is left as it is,
            and so are cells that hold no text.
    """
    cells = content.get("cells")
    if not isinstance(cells, list) or content.get("nbformat", VERSION) != VERSION:
        return content, []
    lacking = _lacking_names(content)
    whole = {
        "nbformat": VERSION,
        "nbformat_minor": REVISION,
        "metadata": {},  # an assignment's own counts
        "cells": [_cell(cell, lacking) for cell in cells],
    }
    if "nbformat" not in content:
        lacking.add("its version")
    named = ", ".join(sorted(lacking))
    return whole, [f"The file was no valid notebook, and was repaired: {named}."] * bool(lacking)


def _lacking_names(content: Mapping[str, Any]) -> set[str]:
    """What the notebook's own metadata lacks."""
    about = content.get("metadata")
    if not isinstance(about, dict):
        return {"metadata"}
    parts = [about[part] for part in ("kernelspec", "language_info") if part in about]
    complete = all(isinstance(part, dict) and isinstance(part.get("name"), str) for part in parts)
    return set() if complete else {"name"}


def _cell(cell: Any, lacking: set[str]) -> Any:
    """A cell with what its kind asks for; what holds no text is left to whoever refuses it."""
    if not isinstance(cell, dict) or not {"source", "input"} & set(cell):
        return cell
    kind = cell.get("cell_type")
    if kind not in _KINDS:
        lacking.add("cell_type")
        kind = "code" if {"outputs", "execution_count", "input"} & set(cell) else "markdown"
    whole = {
        "cell_type": kind,
        "metadata": _metadata(cell, lacking),
        "source": _text(cell, lacking),
    }
    if "id" in cell:
        whole["id"] = cell["id"]
    if kind == "code":
        if not _are_outputs(cell.get("outputs")):
            lacking.add("outputs")
        whole |= {"outputs": [], "execution_count": None}  # what was printed is no answer
    elif pictures := _pictures(cell.get("attachments")):
        whole["attachments"] = pictures
    return whole


def _metadata(cell: Mapping[str, Any], lacking: set[str]) -> dict[str, Any]:
    """What nbgrader knows of a cell; nothing else of its metadata counts."""
    about = cell.get("metadata")
    if not isinstance(about, dict):
        lacking.add("metadata")
        return {}
    mark = about.get("nbgrader", {})
    if not isinstance(mark, dict):
        lacking.add("metadata")
        return {}
    return {"nbgrader": mark} if mark else {}


def _text(cell: Mapping[str, Any], lacking: set[str]) -> str:
    source = cell.get("source", cell.get("input"))
    lines = source if isinstance(source, list) else [source]
    if not all(isinstance(line, str) for line in lines):
        lacking.add("source")
    text = "".join(line for line in lines if isinstance(line, str))
    # Half of a pair of UTF-16 is no character, and can be written into no file.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _are_outputs(outputs: Any) -> bool:
    return isinstance(outputs, list) and all(
        isinstance(one, dict) and _ASKED.get(one.get("output_type", ""), {""}) <= set(one)
        for one in outputs
    )


def _pictures(attachments: Any) -> dict[str, Any]:
    """The pictures that were pasted into a text, as far as they are pictures."""
    if not isinstance(attachments, dict):
        return {}
    return {
        name: bundle
        for name, bundle in attachments.items()
        if isinstance(bundle, dict) and all(isinstance(data, str) for data in bundle.values())
    }
