"""Folded code is a word at the edge of what it made, not a line of its own.

The code behind an equation folds into a mark beside the equation, "proved" where a proof made it
and "tested" where only a grid of points did; that behind a figure, a table or a claim into a mark
at its foot.  Cells that only prepare a page, such as its imports, go to the end of the box that
says what to know before you start; where several follow one another they share a fold.
"""

import html
import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.writers.html5 import HTML5Translator

_TESTED = r"\text{tested at }"  # as `lossedu.proofs` writes it
_PROOF = re.compile(r"^prove\(|[^\w.]prove\(", re.MULTILINE)


class code_fold(nodes.General, nodes.Element):  # noqa: N801  docutils nodes are lower case
    """Code out of sight; ``word`` is what stays in sight."""


class FoldCode(SphinxPostTransform):
    """Fold the code of the cells tagged ``hide-input``, before myst-nb would."""

    default_priority = 198  # myst-nb folds at 199, and only what still asks for it
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Fold the code of each cell that asks for it."""
        for cell in [c for c in self.document.findall(nodes.container) if _is_folded(c)]:
            _fold(cell)


def _is_folded(cell: nodes.container) -> bool:
    return (
        cell.get("nb_element") == "cell_code"
        and cell.get("hide_mode") == "input"
        and bool(cell.children)
        and cell[0].get("nb_element") == "cell_code_source"
    )


def _fold(cell: nodes.container) -> None:
    """Put the code of a cell into a fold, and the fold where it belongs."""
    code, *rest = cell.children
    outputs = [output for part in rest for output in part.children]
    equations = bool(outputs) and all(isinstance(o, nodes.math_block) for o in outputs)
    proved = equations and _PROOF.search(code.astext())
    tested = proved and any(_TESTED in output.astext() for output in outputs)
    word = "tested" if tested else "proved" if proved else "code" if outputs else "setup"
    fold = code_fold("", code, word=word)
    if equations:
        cell["classes"].append("fold-at-edge")
        cell.children = [fold, *rest]
    elif outputs:
        cell["classes"].append("fold-at-foot")
        cell.children = [*rest, fold]
    else:
        cell["classes"].append("fold-alone")
        cell.children = [fold, *rest]
    fold.parent = cell
    cell["hide_mode"] = ""


def gather_preparations(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Fold cells without output that follow one another together, and move those of the start."""
    if app.builder.format != "html":
        return
    for cell in [c for c in doctree.findall(nodes.container) if _only_prepares(c)]:
        place = cell.parent.index(cell)
        before = cell.parent[place - 1] if place else None
        if _only_prepares(before):
            cell.parent.remove(cell)
            before[0] += cell[0].children
    _move_to_first_box(doctree)


def _move_to_first_box(doctree: nodes.document) -> None:
    """Move what only prepares and stands right behind a page's first box to the end of that."""
    box = next(iter(doctree.findall(nodes.admonition)), None)
    behind = box and box.next_node(descend=False, siblings=True)
    if box and _only_prepares(behind):
        behind.parent.remove(behind)
        box += nodes.container("", behind, classes=["before-you-start-code"])


def _only_prepares(node: nodes.Node | None) -> bool:
    return isinstance(node, nodes.container) and "fold-alone" in node["classes"]


def open_fold(self: HTML5Translator, node: code_fold) -> None:
    """Begin a fold; its name for those who do not see it begins with the word in sight."""
    word = html.escape(node["word"])
    name = f"{word}: the code behind it"
    self.body.append(
        f'<details class="code-fold {word}"><summary aria-label="{name}">{word}</summary>\n'
    )


def close_fold(self: HTML5Translator, node: code_fold) -> None:
    """End a fold."""
    self.body.append("</details>\n")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_node(code_fold, html=(open_fold, close_fold))
    app.add_post_transform(FoldCode)
    # After a page's notebook has been written, in which cells stay where they are.
    app.connect("doctree-resolved", gather_preparations, priority=950)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
