"""``{decision-tree}``: the questions of ``lossedu.choosing``, walked by clicking.

Every question and every leaf is a card with an address of its own, and every answer is a link to
the next card: the page works without a script, from a folder, with the back button.  The script
shows one card at a time.  Below stands the whole tree as an outline, which is what is printed.
"""

from importlib.resources import files
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

from lossedu import catalog
from lossedu.choosing import Answer, Leaf, Question, tree
from lossedu.losses import LossSpec

ATLAS = "reference/loss-atlas"
SCRIPT, STYLE = "decision-tree.js", "decision-tree.css"
Steps = tuple[tuple[Question, Answer], ...]


class card_title(nodes.General, nodes.TextElement):  # noqa: N801  docutils nodes are lower case
    """The heading of a card, which is in no table of contents."""


class DecisionTree(SphinxDirective):
    """``{decision-tree}``: the cards; with ``:outline:`` or ``:left-out:`` those instead."""

    option_spec = {  # noqa: RUF012  docutils' own way
        "outline": directives.flag,
        "left-out": directives.flag,
    }

    def run(self) -> list[nodes.Node]:
        """All cards, the first question first; or the outline."""
        self.env.metadata[self.env.docname]["decision-tree"] = True
        for name in ("questions.toml", "leaves.toml"):
            self.env.note_dependency(str(files("lossedu.choosing") / name))
        self.env.note_dependency(str(Path(self.env.srcdir) / "_toc.yml"))  # a new chapter is linked
        if "outline" in self.options:
            return [_outline(tree().first)]
        if "left-out" in self.options:
            return [_left_out()]
        cards = nodes.container("", classes=["decision-tree"])
        for path, reached in _cards(tree().first, ()):
            cards += self._card(path, reached)
        return [cards]

    def _card(self, path: Steps, reached: Question | Leaf) -> nodes.container:
        name = address(reached)
        card = nodes.container("", ids=[name], names=[], classes=["decision-card"])
        if path:
            card += _path(path)
        words = reached.text if isinstance(reached, Question) else reached.title
        card += card_title("", words)
        card += self._leaf(reached) if isinstance(reached, Leaf) else _question(reached)
        return card

    def _leaf(self, leaf: Leaf) -> list[nodes.Node]:
        source = leaf.code.rstrip("\n")
        code = nodes.literal_block(source, source, language="python")
        facts = nodes.bullet_list("", classes=["decision-losses"])
        for name in leaf.losses:
            facts += nodes.list_item("", self._facts(catalog.spec(name)))
        unless = nodes.paragraph("", "", nodes.strong("", "When not. "), nodes.Text(leaf.unless))
        return [nodes.paragraph("", leaf.why), unless, facts, code]

    def _facts(self, spec: LossSpec) -> nodes.paragraph:
        """What a loss is called, what it estimates, and where to read on."""
        words = nodes.paragraph("", "", nodes.literal("", spec.name))
        words += nodes.Text(f" estimates: {spec.estimand}. ")
        page = spec.chapter if self._exists(spec.chapter) else ATLAS
        address_of = self.env.app.builder.get_relative_uri(self.env.docname, page)
        if page == ATLAS:
            link = nodes.reference(
                "", "In the loss atlas", refuri=f"{address_of}#{nodes.make_id(spec.title)}"
            )
        else:
            link = nodes.reference("", "Its chapter", refuri=address_of)
        link["internal"] = True
        words += [link, nodes.Text(".")]
        return words

    def _exists(self, page: str) -> bool:
        return (Path(self.env.srcdir) / f"{page}.md").is_file()


def address(reached: Question | Leaf) -> str:
    """Where a card stands in its page."""
    return f"{'take' if isinstance(reached, Leaf) else 'ask'}-{reached.name}"


def _cards(question: Question, path: Steps) -> list[tuple[Steps, Question | Leaf]]:
    """The question, and what lies below it, each after the way to it."""
    below: list[tuple[Steps, Question | Leaf]] = [(path, question)]
    for answer in question.answers:
        reached = tree().after(answer)
        onwards = (*path, (question, answer))
        below += [(onwards, reached)] if isinstance(reached, Leaf) else _cards(reached, onwards)
    return below


def _link(words: str, reached: Question | Leaf) -> nodes.reference:
    return nodes.reference("", words, refid=address(reached), internal=True)


def _question(question: Question) -> list[nodes.Node]:
    answers = nodes.enumerated_list("", classes=["decision-answers"], enumtype="arabic")
    for answer in question.answers:
        link = _link(answer.text, tree().after(answer))
        answers += nodes.list_item("", nodes.paragraph("", "", link))
    hint = [nodes.paragraph("", question.hint)] if question.hint else []
    return [*hint, answers]


def _path(path: Steps) -> nodes.bullet_list:
    """The answers so far; each leads back to its question."""
    steps = nodes.bullet_list("", classes=["decision-path"])
    for question, answer in path:
        link = _link(answer.text, question)
        link["reftitle"] = question.text
        steps += nodes.list_item("", nodes.paragraph("", "", link))
    return steps


def _outline(question: Question) -> nodes.bullet_list:
    """A question's answers, each with what it leads to below it."""
    items = nodes.bullet_list("", classes=["decision-outline"])
    for answer in question.answers:
        reached = tree().after(answer)
        item = nodes.list_item("", nodes.paragraph("", answer.text))
        if isinstance(reached, Leaf):
            line = nodes.paragraph("", "", _link(reached.title, reached), classes=["decision-end"])
            for name in reached.losses:
                line += [nodes.Text(" "), nodes.literal("", name)]
            item += [line, nodes.paragraph("", reached.why, classes=["only-on-paper"])]
        else:
            asked = nodes.paragraph("", "", nodes.emphasis("", "", _link(reached.text, reached)))
            item += [asked, _outline(reached)]
        items += item
    return items


def _left_out() -> nodes.bullet_list:
    """The losses that no leaf names, and why."""
    items = nodes.bullet_list("", classes=["decision-left-out"])
    for name, reason in tree().left_out.items():
        words = nodes.paragraph("", "", nodes.literal("", name), nodes.Text(f" {reason}"))
        items += nodes.list_item("", words)
    return items


def leave_to_pages(app: Sphinx, config: Any) -> None:
    """Take script and style from the lists of what every page loads."""
    for name in ("html_js_files", "html_css_files"):
        config[name] = [file for file in config[name] if str(file) not in (SCRIPT, STYLE)]


def add_script(
    app: Sphinx,
    docname: str,
    template: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Put script and style on a page with the tree."""
    if doctree is not None and app.env.metadata.get(docname, {}).get("decision-tree"):
        app.add_js_file(SCRIPT, loading_method="defer")
        app.add_css_file(STYLE)


def open_title(self: HTML5Translator, node: card_title) -> None:
    """Begin a heading."""
    self.body.append(self.starttag(node, "h2", "", CLASS="decision-title"))


def close_title(self: HTML5Translator, node: card_title) -> None:
    """End a heading."""
    self.body.append("</h2>\n")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_node(card_title, html=(open_title, close_title))
    app.add_directive("decision-tree", DecisionTree)
    app.connect("config-inited", leave_to_pages)
    app.connect("html-page-context", add_script)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
