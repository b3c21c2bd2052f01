"""What a notebook holds at most: reading one that holds more would take minutes, or all memory.

Parts of a notebook are read outside of the sandbox, by parsers whose time grows faster than what
they read.  Nobody writes a notebook that comes near these bounds.
"""

import ast
import re
from typing import Any

from nbformat import NotebookNode

MOST_CELLS = 2_000
MOST_CODE = 500_000
# IPython looks for its commands from the top of a cell anew after each that it has replaced.
MOST_SEARCHED = 1_000_000
_COMMAND = re.compile(r"^\s*[%!?,;/]|=\s*[%!]|\?\s*$", re.MULTILINE)


def too_many_cells(content: dict[str, Any]) -> str:
    """Why a file is no notebook that anyone would write, before it is parsed; empty if it may be.

    Args:
        content: What the file holds, of whatever version.
    """
    sheets = content.get("worksheets")
    parts = [content, *(sheets if isinstance(sheets, list) else [])]
    listed = [part.get("cells") for part in parts if isinstance(part, dict)]
    count = sum(len(cells) for cells in listed if isinstance(cells, list))
    return _must("cells", MOST_CELLS, count)


def too_much_code(notebook: NotebookNode) -> str:
    """Why a notebook is none that anyone would write; empty if it is one."""
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    characters = sum(map(len, sources))
    if characters > MOST_CODE:
        return _must("characters of code", MOST_CODE, characters)
    if sum(map(_searched, sources)) > MOST_SEARCHED:
        return "a notebook must hold few commands of IPython, but this one holds too many."
    return ""


def _must(what: str, most: int, count: int) -> str:
    rule = f"a notebook must have at most {most} {what}"
    return f"{rule}, but this one has {count}." if count > most else ""


def _searched(source: str) -> int:
    """The characters that IPython reads to replace the commands of a cell; 0 for plain Python."""
    searched = len(source) * len(_COMMAND.findall(source))
    if searched <= MOST_SEARCHED // 100:
        return searched
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return searched
    return 0
