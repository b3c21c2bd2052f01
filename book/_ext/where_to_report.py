"""The directive ``{where-to-report}``: where a mistake of the book is reported.

The address comes from ``repository_address``, which is that of the sources in pyproject.toml
(`notebooks`).  While there is none the page says so, and invents none.
"""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class WhereToReport(SphinxDirective):
    """``{where-to-report}`` without arguments: one paragraph."""

    def run(self) -> list[nodes.Node]:
        """A link to the repository's list of issues, or who else can pass a report on."""
        address = self.config.repository_address.rstrip("/").removesuffix(".git")
        if not address:
            return [
                nodes.paragraph(
                    "",
                    "This copy of the book names no public address of its sources. Tell whoever "
                    "gave it to you, or mend the page and pass the change on.",
                )
            ]
        link = nodes.reference("", "the repository's list of issues", refuri=f"{address}/issues")
        return [nodes.paragraph("", "", nodes.Text("Open an entry in "), link, nodes.Text("."))]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.setup_extension("notebooks")
    app.add_directive("where-to-report", WhereToReport)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
