"""Drills of the bank that are answered in the page, without a server and without a network.

The directive ``{drill} ID`` (`drills`) puts a question on a page.  This extension draws the
questions when the book is built, writes a script a family which the page loads when it is asked
for, and adds the scripts that ask and grade.  ``{practice-app} today`` is where the practice page,
the self-assessment and the readiness report go.
"""

from pathlib import Path
from typing import Any

from chapters import one_page
from chapters.closure import Packages
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

from lossedu.practice.families import families
from lossedu.whole_files import write_whole

from . import box, index, scripts
from .drawn import Drawn

logger = logging.getLogger(__name__)


class PracticeApp(SphinxDirective):
    """``{practice-app} NAME`` with what readers without scripts see."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """A place for the script, which takes away what stands there without it."""
        name = directives.choice(self.arguments[0], tuple(scripts.APPS))
        self.env.metadata[self.env.docname]["practice-app"] = name
        place = nodes.container("", ids=[f"practice-{name}"], classes=["practice-app"])
        self.state.nested_parse(self.content, self.content_offset, place)
        return [place]


def write_bank(app: Sphinx, exception: Exception | None) -> None:
    """Write the scripts of the families, and the list of them, beside the site's own."""
    if exception is not None or app.builder.name != "html":
        return
    scripts.copy_scripts(app)
    wanted = _wanted(app)
    if wanted == []:
        return
    packages = Packages(app.config.chapter_packages, app.config.chapter_lookups)
    # Beside the cache of chapters: both outlive the site, which may be removed.
    drawn = Drawn(Path(app.outdir).parent / ".practice", packages)
    fresh = drawn.bring_up_to_date(wanted)
    if fresh:
        logger.info("practice: %d families drawn", len(fresh))
    folder = Path(app.outdir) / "_static" / scripts.FOLDER
    names = list(families()) if wanted is None else wanted
    for name in names:
        _copy(drawn.path(name), folder / "bank" / f"{name}.js")
    if wanted is not None:
        return
    for path in (folder / "bank").glob("*.js"):
        if path.stem not in families():
            path.unlink()
    titles = {name: title.astext() for name, title in app.env.titles.items()}
    counts = {name: drawn.count(name) for name in names}
    _put(folder / "index.js", index.script(families(), counts, titles))


def _wanted(app: Sphinx) -> list[str] | None:
    """The families that the pages of this build show; None for all."""
    page = one_page.asked_for()
    if not page or "practice-app" in app.env.metadata.get(page, {}):
        return None
    return list(app.env.metadata.get(page, {}).get("drills", []))


def _copy(source: Path, target: Path) -> None:
    _put(target, source.read_text(encoding="utf-8"))


def _put(target: Path, text: str) -> None:
    """Write what is not there yet, or has changed."""
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        write_whole(target, text)


def skip(self: HTML5Translator, node: nodes.Element) -> None:
    """Nothing more to write."""


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.setup_extension("chapters")  # knows what families depend on
    app.setup_extension("drills")
    app.add_node(box.picture, html=(box.open_picture, skip))
    app.add_directive("practice-app", PracticeApp)
    app.connect("config-inited", scripts.leave_to_pages)
    app.connect("html-page-context", scripts.add_scripts)
    app.connect("build-finished", write_bank)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
