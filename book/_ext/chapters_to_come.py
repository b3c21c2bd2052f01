"""The role ``{chapter}``: a chapter by its page, before and after it is written.

``{chapter}`landscapes/curvature` `` links the page under its title.  As long as there is no such
page it is named in plain words instead, with a note that it is in preparation, so a reference page
can point to the whole course and needs no change when a chapter comes.
"""

from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxRole

TO_COME = {
    "landscapes/your-own-model": "the landscape of your own model",
    "landscapes/slices": "slices of a landscape",
    "landscapes/curvature": "curvature",
    "landscapes/flat-sharp-meaningless": "flat, sharp, and meaningless",
    "landscapes/dynamics": "training dynamics",
    "landscapes/connected-minima": "connected minima",
    "landscapes/averaging": "averaging weights",
    "landscapes/how-losses-shape-landscapes": "how losses shape landscapes",
    "landscapes/moving-through": "pruning, quantisation and forgetting",
    "design/designing-a-loss": "designing a loss",
    "design/alignment": "surrogate, metric and cost",
    "design/bug-zoo": "a zoo of bugs",
    "operations/telemetry": "telemetry",
    "operations/slos-and-alerts": "objectives and alerts",
    "operations/delayed-labels-and-drift": "late labels and drift",
    "operations/gates-and-rollouts": "gates and rollouts",
    "operations/scenarios": "scenarios",
    "operations/runbooks": "runbooks",
    "teach/assignments": "assignments",
    "teach/syllabus": "a syllabus",
}
"""Page -> what it is called until it has a title of its own."""


class ChapterRole(SphinxRole):
    """A link that Sphinx resolves when all pages are known, or leaves as the words inside it."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Put the link with the words that stand in its place while there is no page."""
        if self.text not in TO_COME:
            fault = f"chapter must be one of those to come, but is {self.text!r}."
            return [], [self.inliner.reporter.error(fault, line=self.lineno)]
        # A new page changes the table of contents, and with it the words of this one.
        self.env.note_dependency(str(self.env.srcdir / "_toc.yml"))
        words = f"{TO_COME[self.text]} (in preparation)"
        link = pending_xref(
            "",
            nodes.inline("", words, classes=["chapter-to-come"]),
            refdomain="std",
            reftype="doc",
            refdoc=self.env.docname,
            reftarget=f"/{self.text}",
            refexplicit=False,
            refwarn=False,
        )
        return [link], []


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_role("chapter", ChapterRole())
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
