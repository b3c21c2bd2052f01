"""What a reader opens with a click: a question with its answer folded, ``{checkpoint}``.

````
:::{checkpoint} At $p_t = 0.9$ the loss falls a hundredfold. Does the gradient?
No: about thirty-five-fold, for the factor shrinks while you climb.
:::
````

A fold is a ``details`` element of HTML: it opens with the keyboard, without a script, and when the
reader searches the page for a word in it.
"""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator


class fold(nodes.General, nodes.Element):  # noqa: N801  docutils nodes are lower case
    """A ``fold_title``, and below it what opens."""


class fold_title(nodes.General, nodes.TextElement):  # noqa: N801
    """The line that stays in sight."""


class Checkpoint(SphinxDirective):
    """``{checkpoint} QUESTION`` with the answer as its content."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        """The question in sight, the answer folded."""
        self.assert_has_content()
        question, messages = self.state.inline_text(self.arguments[0], self.lineno)
        mark = [nodes.strong("", "Checkpoint"), nodes.Text(" ")]
        answer = fold("", fold_title("", "", *mark, *question))
        answer["classes"] += ["checkpoint"]
        self.set_source_info(answer)
        self.state.nested_parse(self.content, self.content_offset, answer)
        return [answer, *messages]


def open_fold(self: HTML5Translator, node: fold) -> None:
    """Begin a fold."""
    self.body.append(self.starttag(node, "details"))


def close_fold(self: HTML5Translator, node: fold) -> None:
    """End a fold."""
    self.body.append("</details>\n")


def open_title(self: HTML5Translator, node: fold_title) -> None:
    """Begin the line in sight."""
    self.body.append(self.starttag(node, "summary", ""))


def close_title(self: HTML5Translator, node: fold_title) -> None:
    """End the line in sight."""
    self.body.append("</summary>\n")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_node(fold, html=(open_fold, close_fold))
    app.add_node(fold_title, html=(open_title, close_title))
    app.add_directive("checkpoint", Checkpoint)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
