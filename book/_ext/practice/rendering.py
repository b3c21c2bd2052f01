"""Markdown of the bank as HTML of a page: rendered once, when the book is built.

The page typesets formulas where Sphinx would put them, in spans of the class ``math``; raw HTML is
text.  A link to ``part/page`` leads to that page from any other page of the book.
"""

import html
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

_PAGE = re.compile(r"([a-z-]+/[a-z0-9-]+)(#[\w-]+)?")
_MATH = '<span class="math notranslate nohighlight">\\({}\\)</span>'
_DISPLAY = '<div class="math notranslate nohighlight">\\[{}\\]</div>\n'


@lru_cache(maxsize=4096)
def block(text: str) -> str:
    """Paragraphs, lists, code.

    Example:
        >>> block("At $p = 0$.").startswith('<p>At <span class="math ')
        True
    """
    return str(_markdown().render(text)).strip()


@lru_cache(maxsize=4096)
def inline(text: str) -> str:
    """What stands within a line.

    Example:
        >>> inline("**a** < b")
        '<strong>a</strong> &lt; b'
    """
    return str(_markdown().renderInline(text)).strip()


def formula(latex: str) -> str:
    """A formula by its TeX."""
    return _MATH.format(html.escape(latex, quote=False))


def code(source: str) -> str:
    """Python, highlighted as in the book's own cells."""
    lines = highlight(source.rstrip("\n") + "\n", PythonLexer(), HtmlFormatter())
    return f'<div class="highlight-ipython3 notranslate">{lines.strip()}</div>'


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "highlight": _highlighted})
    markdown.enable("table").use(dollarmath_plugin, double_inline=True, allow_digits=False)
    for name in ("math_inline", "math_inline_double", "math_block"):
        markdown.add_render_rule(name, _math)
    markdown.add_render_rule("link_open", _link)
    return markdown


def _highlighted(source: str, language: str, attributes: str) -> str:
    if language not in ("", "python"):
        return ""
    return code(source) if language else ""


def _math(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, environment: Any
) -> str:
    token = tokens[index]
    shape = _MATH if token.type == "math_inline" else _DISPLAY
    return shape.format(html.escape(token.content.strip(), quote=False))


def _link(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, environment: Any
) -> str:
    token = tokens[index]
    if page := _PAGE.fullmatch(str(token.attrs.get("href", ""))):
        token.attrs["href"] = f"../{page[1]}.html{page[2] or ''}"
    return self.renderToken(tokens, index, options, environment)
