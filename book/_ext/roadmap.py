"""Every part of the course at a glance: ``{roadmap}``, filled from the table of contents.

````
:::{roadmap}
foundations: Foundations | What a loss asks, and what the model hears.
regression: Regression | Numbers: which one, and how sure.
:::
````

A line names the folder of a part, its title, and what it settles.  The pages of a part are those of
the table of contents that lie in its folder; a part without a page says that it is in preparation.
A page whose folder no line names stops the build, so the map cannot fall behind the course.
A map is written again when the title or the place of another page has changed.
"""

import html
from dataclasses import dataclass
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """One part of the course."""

    folder: str
    title: str
    settles: str


class roadmap(nodes.General, nodes.Element):  # noqa: N801  docutils nodes are lower case
    """Where the map goes; ``parts`` holds its lines."""


class Roadmap(SphinxDirective):
    """``{roadmap}`` with a line a part."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Leave a mark: titles are known when all pages are read."""
        self.assert_has_content()
        _maps(self.env).add(self.env.docname)
        return [roadmap("", parts=[self._part(line) for line in self.content if line.strip()])]

    def _part(self, line: str) -> Part:
        folder, colon, rest = (piece.strip() for piece in line.partition(":"))
        title, bar, settles = (piece.strip() for piece in rest.partition("|"))
        if not (colon and bar and folder and title and settles):
            raise self.error(f"a line must be 'folder: title | what it settles', but is {line!r}.")
        return Part(folder, title, settles)


def _maps(env: BuildEnvironment) -> set[str]:
    """The pages with a map."""
    if not hasattr(env, "lossedu_roadmaps"):
        env.lossedu_roadmaps = set()  # type: ignore[attr-defined]
    return env.lossedu_roadmaps  # type: ignore[attr-defined,no-any-return]


def purge(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Forget a page that is about to be read again."""
    _maps(env).discard(docname)


def merge(app: Sphinx, env: BuildEnvironment, docnames: set[str], other: BuildEnvironment) -> None:
    """Take over what a parallel reader met."""
    _maps(env).update(_maps(other) & docnames)


def refresh(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The maps to write again: all of them if what they show has changed since the last time."""
    shown = [
        (page, env.titles[page].astext())
        for pages in pages_by_folder(env).values()
        for page in pages
    ]
    before = getattr(env, "lossedu_roadmap_shown", None)
    env.lossedu_roadmap_shown = shown  # type: ignore[attr-defined]
    return [] if shown == before else sorted(_maps(env))


def draw(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the map in the place of the mark."""
    for mark in list(doctree.findall(roadmap)):
        pages = pages_by_folder(app.env)
        unnamed = set(pages) - {part.folder for part in mark["parts"]}
        if unnamed:
            logger.warning("roadmap must name each part, but not %s", ", ".join(sorted(unnamed)))
        cards = "".join(
            _card(app, docname, part, pages.get(part.folder, [])) for part in mark["parts"]
        )
        mark.replace_self(nodes.raw("", f'<div class="roadmap">{cards}</div>', format="html"))


def pages_by_folder(env: BuildEnvironment) -> dict[str, list[str]]:
    """The pages of the table of contents, in reading order, by the folder they lie in."""
    found: dict[str, list[str]] = {}
    for page in _walk(env, env.config.root_doc):
        folder, slash, name = page.partition("/")
        if slash and "/" not in name:  # what lies deeper is listed by its own page
            found.setdefault(folder, []).append(page)
    return found


def _walk(env: BuildEnvironment, docname: str) -> list[str]:
    children = env.toctree_includes.get(docname, [])
    return [docname, *(page for child in children for page in _walk(env, child))]


def _card(app: Sphinx, docname: str, part: Part, pages: list[str]) -> str:
    """One part: what it settles, and its pages."""
    links = "".join(
        f'<li><a href="{app.builder.get_relative_uri(docname, page)}">'
        f"{html.escape(app.env.titles[page].astext())}</a></li>"
        for page in pages
        if page not in (docname, app.config.root_doc)
    )
    body = f"<ul>{links}</ul>" if links else '<p class="later">In preparation</p>'
    kind = "part" if links else "part later"
    return (
        f'<section class="{kind}" id="part-{part.folder}"><h2>{html.escape(part.title)}</h2>'
        f"<p>{html.escape(part.settles)}</p>{body}</section>"
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_node(roadmap)
    app.add_directive("roadmap", Roadmap)
    app.connect("env-purge-doc", purge)
    app.connect("env-merge-info", merge)
    app.connect("env-updated", refresh)
    app.connect("doctree-resolved", draw)
    return {"version": "2", "parallel_read_safe": True, "parallel_write_safe": True}
