"""Plain Markdown from a page as Sphinx has resolved it, for notebooks.

Sphinx has read every directive and role by then: numbers stand in sentences, citations have their
authors, links their targets.  What is left is a small set of nodes; one that has no Markdown is an
error that names it.
"""
# ruff: noqa: D102, N802, N815  a method is named after the node that it writes

import base64
import html
import re
from collections.abc import Callable, Iterable

from docutils import nodes

Link = Callable[[nodes.reference], str | None]

_SPECIAL = re.compile(r"[\\`*<$]|(?<!\w)_|_(?!\w)|\[(?=[^\]]*\][(:])")
_LINE_START = re.compile(r"^(\s*)(\d*)([#>+-](?=\s)|>|(?<=\d)[.)](?=\s))", re.MULTILINE)


class NoMarkdownError(ValueError):
    """A page holds something that plain Markdown cannot say."""


class Markdown:
    """Writes nodes as Markdown.

    Args:
        link: The address of a reference outside the page, or None if only its text is to stay.
    """

    def __init__(self, link: Link) -> None:
        self.link = link

    def blocks(self, children: Iterable[nodes.Node]) -> str:
        """Some blocks, a blank line between them."""
        return "\n\n".join(filter(None, map(self.block, children)))

    def block(self, node: nodes.Node) -> str:
        """A paragraph, list, table, fold ...; nothing for what only Sphinx needs."""
        return self._written(node, "block")

    def inline(self, node: nodes.Element) -> str:
        """The text of a paragraph or title."""
        return "".join(self._written(child, "inline") for child in node.children)

    def _written(self, node: nodes.Node, how: str) -> str:
        for kind in type(node).__mro__:
            if method := getattr(self, f"{how}_{kind.__name__}", None):
                return str(method(node))
        raise NoMarkdownError(
            f"a chapter must be made of what a notebook can show, but has the node "
            f"{type(node).__name__!r}: {node.astext()[:60]!r}. "
            "Hint: teach book/_ext/markdown_text.py to write it."
        )

    # --- blocks ---

    def block_paragraph(self, node: nodes.paragraph) -> str:
        return _LINE_START.sub(r"\1\2\\\3", self.inline(node))

    def block_rubric(self, node: nodes.rubric) -> str:
        return f"**{self.inline(node)}**"

    def block_container(self, node: nodes.container) -> str:
        if node.get("nb_element") == "cell_code":  # it would not run as text
            raise NoMarkdownError(
                "a code cell must stand by itself for a notebook to run it, but one stands in a "
                f"{type(node.parent).__name__}: {node.astext()[:60]!r}."
            )
        return self.blocks(node.children)

    block_compound = block_container

    def block_bullet_list(self, node: nodes.bullet_list) -> str:
        return "\n".join(_hanging("- ", self.blocks(item.children)) for item in node.children)

    def block_enumerated_list(self, node: nodes.enumerated_list) -> str:
        first = node.get("start", 1)
        return "\n".join(
            _hanging(f"{number}. ", self.blocks(item.children))
            for number, item in enumerate(node.children, first)
        )

    def block_definition_list(self, node: nodes.definition_list) -> str:
        return self.blocks(node.children)

    def block_definition_list_item(self, node: nodes.definition_list_item) -> str:
        term, *rest = node.children
        return f"**{self.inline(term)}**\n\n{self.blocks(rest)}"

    block_definition = block_container

    def block_block_quote(self, node: nodes.block_quote) -> str:
        return _quoted(self.blocks(node.children))

    def block_Admonition(self, node: nodes.Admonition) -> str:
        title, *rest = node.children
        if not isinstance(title, nodes.title):  # a note or warning has none of its own
            return _quoted(f"**{type(node).__name__.capitalize()}**\n\n{self.blocks(node)}")
        return _quoted(f"**{self.inline(title)}**\n\n{self.blocks(rest)}")

    def block_literal_block(self, node: nodes.literal_block) -> str:
        language = {"ipython3": "python", "none": "", "default": ""}
        name = node.get("language", "")
        return fenced(node.astext(), language.get(name, name))

    def block_math_block(self, node: nodes.math_block) -> str:
        return f"$$\n{node.astext().strip()}\n$$"

    def block_table(self, node: nodes.table) -> str:
        cell = _MarkdownOfACell(self.link)
        rows = [[cell.cell(entry) for entry in row] for row in node.findall(nodes.row)]
        lines = [f"| {' | '.join(row)} |" for row in rows]
        return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])

    def block_fold(self, node: nodes.Element) -> str:
        title, *body = node.children
        summary = "".join(_as_html(child) for child in title.children)
        return f"<details>\n<summary>{summary}</summary>\n\n{self.blocks(body)}\n\n</details>"

    block_dropdown_main = block_fold

    def block_transition(self, node: nodes.transition) -> str:
        return "---"

    def block_picture(self, node: nodes.Element) -> str:
        """As an image: Jupyter removes drawings that stand in the text."""
        data = base64.b64encode(node["svg"].encode()).decode()
        alt = html.escape(node["alt"])
        return f'<img alt="{alt}" src="data:image/svg+xml;base64,{data}">'

    def block_raw(self, node: nodes.raw) -> str:
        return node.astext().strip() if "html" in node.get("format", "") else ""

    def block_Invisible(self, node: nodes.Invisible) -> str:
        return ""

    block_index = block_toctree = block_target = block_Invisible

    def block_PassthroughTextElement(self, node: nodes.Element) -> str:
        text = self.inline(node)
        return f"**{text}**" if "sd-card-title" in node["classes"] else text

    # --- inside a paragraph ---

    def inline_Text(self, node: nodes.Text) -> str:
        return escaped(node.astext())

    def inline_inline(self, node: nodes.Element) -> str:
        return self.inline(node)

    inline_abbreviation = inline_pending_xref = inline_PassthroughTextElement = inline_inline

    def inline_emphasis(self, node: nodes.emphasis) -> str:
        return f"*{self.inline(node)}*"

    inline_title_reference = inline_emphasis

    def inline_strong(self, node: nodes.strong) -> str:
        return f"**{self.inline(node)}**"

    def inline_literal(self, node: nodes.literal) -> str:
        text = node.astext()
        ticks = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
        space = " " if text.startswith("`") or text.endswith("`") else ""
        return f"{ticks}{space}{text}{space}{ticks}"

    def inline_math(self, node: nodes.math) -> str:
        return f"${node.astext()}$"

    def inline_subscript(self, node: nodes.subscript) -> str:
        return f"<sub>{self.inline(node)}</sub>"

    def inline_superscript(self, node: nodes.superscript) -> str:
        return f"<sup>{self.inline(node)}</sup>"

    def inline_reference(self, node: nodes.reference) -> str:
        address = self.link(node)
        return f"[{self.inline(node)}]({address})" if address else self.inline(node)

    def inline_raw(self, node: nodes.raw) -> str:
        return node.astext() if "html" in node.get("format", "") else ""

    def inline_target(self, node: nodes.target) -> str:
        return ""


class _MarkdownOfACell(Markdown):
    """In a table a bar ends the cell, in code too, and a line the row."""

    def cell(self, entry: nodes.entry) -> str:
        return self.blocks(entry.children).replace("|", r"\|").replace("\n", " ")

    def inline_math(self, node: nodes.math) -> str:
        return super().inline_math(node).replace(r"\|", r"\Vert ").replace("|", r"\vert ")


def escaped(text: str) -> str:
    """Text in which Markdown sees no markup."""
    return _SPECIAL.sub(r"\\\g<0>", text)


def fenced(code: str, language: str) -> str:
    """A block of code."""
    longest = max((len(run) for run in re.findall("^`{3,}", code, re.MULTILINE)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{code.rstrip()}\n{fence}"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _hanging(mark: str, text: str) -> str:
    first, *rest = text.splitlines() or [""]
    return "\n".join([mark + first, *(" " * len(mark) + line if line else "" for line in rest)])


def _as_html(node: nodes.Node) -> str:
    """The summary of a fold is HTML: Markdown would leave it as it is."""
    if isinstance(node, nodes.math):  # Jupyter escapes it once more: no character may need it
        formula = node.astext().replace("<", r"\lt ").replace(">", r"\gt ")
        return f"${formula}$"
    if isinstance(node, nodes.raw):
        return ""  # the icon of a dropdown
    if isinstance(node, nodes.Text):
        return html.escape(node.astext(), quote=False)
    tags = {nodes.strong: "strong", nodes.emphasis: "em", nodes.literal: "code"}
    inner = "".join(_as_html(child) for child in node.children)
    tag = next((tag for kind, tag in tags.items() if isinstance(node, kind)), None)
    return f"<{tag}>{inner}</{tag}>" if tag else inner
