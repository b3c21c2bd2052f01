"""How long a chapter takes, computed from what it holds, in sittings of at most twenty minutes.

``{pause}`` marks where a reader may stop; the page says there how much is left.  The box "Before
you start" gets a line with all times.  Change `MINUTES` and every chapter says so.
"""

import re
from collections.abc import Iterator
from math import ceil
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)

BOX = "Before you start"
SITTING = 20
MINUTES = {
    "word": 1 / 180,
    "equation": 0.4,
    "line of code": 0.05,
    "figure": 0.5,
    "explorable": 2.0,
    "table": 0.3,
}
"""What one of each costs a reader who follows."""

_EFFORT = re.compile(r"(\d+) minutes?")


class Pause(SphinxDirective):
    """``{pause}``: a place to stop."""

    def run(self) -> list[nodes.Node]:
        """A paragraph whose words come when all of the page is known."""
        return [nodes.paragraph("", classes=["pause"])]


def _parts(node: nodes.Element) -> Iterator[nodes.Element]:
    """The blocks of a page in reading order; sections are looked into."""
    for child in node.children:
        if isinstance(child, nodes.section):
            yield from _parts(child)
        elif isinstance(child, nodes.Element):
            yield child


def _holds(node: nodes.Element, css: str) -> bool:
    return css in node.get("classes", [])


def _code_lines(node: nodes.Element) -> int:
    """Lines of code in sight."""
    folded = _holds(node, "tag_hide-input") or _holds(node, "tag_remove-cell")
    return (
        0 if folded else sum(b.astext().count("\n") + 1 for b in node.findall(nodes.literal_block))
    )


def _words(node: nodes.Element) -> int:
    shown = (part for part in node.findall(nodes.Text) if not _is_code(part.parent))
    return sum(len(part.astext().split()) for part in shown)


def _is_code(node: nodes.Node | None) -> bool:
    kinds = (nodes.literal_block, nodes.math_block, nodes.math, nodes.raw)
    return isinstance(node, kinds)


def minutes_of(node: nodes.Element) -> float:
    """How long a block of a page takes to read.

    Example:
        >>> minutes_of(nodes.paragraph("", "word " * 90))
        0.5
    """
    if node.__class__.__name__ in ("drill", "target", "comment"):
        return 0.0
    pictures = "".join(raw.astext() for raw in node.findall(nodes.raw))
    counts = {
        "word": _words(node),
        "equation": len(list(node.findall(nodes.math_block))),
        "line of code": _code_lines(node),
        "figure": pictures.count("<figure"),
        "explorable": pictures.count('class="explorable"'),
        "table": pictures.count("<table") + len(list(node.findall(nodes.table))),
    }
    claims = re.findall(r"<article class=\"claim.*?</article>", pictures, re.DOTALL)
    counts["word"] += sum(len(re.sub("<[^>]+>", " ", claim).split()) for claim in claims)
    return sum(MINUTES[kind] * number for kind, number in counts.items())


def sittings_of(doctree: nodes.document) -> list[float]:
    """The minutes before, between and after the pauses of a page; drills are not counted."""
    sittings = [0.0]
    for part in _parts(doctree):
        if _holds(part, "pause"):
            sittings.append(0.0)
        else:
            sittings[-1] += minutes_of(part)
    return sittings


def tell(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Write the times into the box and at the pauses; a sitting that is too long is a warning."""
    box = _box(doctree)
    if box is None:
        return
    sittings = [ceil(minutes) for minutes in sittings_of(doctree)]
    for number, minutes in enumerate(sittings, 1):
        if minutes > SITTING:
            logger.warning(
                "a sitting must take at most %d minutes, but sitting %d of this chapter takes %d. "
                "Hint: mark where to stop with {pause}.",
                *(SITTING, number, minutes),
                location=docname,
            )
    drills = sum(
        int(minutes)
        for node in doctree.findall(nodes.Admonition)
        if node.__class__.__name__ == "drill"
        for minutes in _EFFORT.findall(node.children[0].astext())[:1]
    )
    told = f" {sum(sittings)} minutes to read"
    if len(sittings) > 1:
        told += f", in {len(sittings)} sittings ({' + '.join(map(str, sittings))})"
    told += f"; {drills} more for the drills." if drills else "."
    box += nodes.paragraph("", "", nodes.strong("", "Time"), nodes.Text(told))
    pauses = (node for node in doctree.findall(nodes.paragraph) if _holds(node, "pause"))
    for done, node in enumerate(list(pauses), 1):
        left = sum(sittings[done:])
        node += nodes.emphasis("", f"A good place to pause: {left} minutes are left.")


def _box(doctree: nodes.document) -> nodes.admonition | None:
    for node in doctree.findall(nodes.admonition):
        if node.children and node.children[0].astext() == BOX:
            return node
    return None


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_directive("pause", Pause)
    app.connect("doctree-resolved", tell, priority=800)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
