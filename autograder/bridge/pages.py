"""What a submission shows as HTML, made harmless: it is read by the teacher, in her session.

nbgrader's own templates pass a student's Markdown through as it is, and what nbconvert calls clean
loses tables and figures.  These two filters take the place of nbconvert's in every page.
"""

import base64
import re
from typing import Any

import bleach
from bleach.css_sanitizer import ALLOWED_CSS_PROPERTIES, CSSSanitizer
from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

FILTERS = {
    "clean_html": "autograder.bridge.pages.clean_html",
    "markdown2html": "autograder.bridge.pages.markdown2html",
}
_TAGS = frozenset(
    {"a", "abbr", "b", "blockquote", "br", "caption", "code", "col", "colgroup", "dd", "del"}
    | {"details", "div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5"}
    | {"h6", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp"}
    | {"small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th"}
    | {"thead", "tr", "u", "ul", "var"}
)
_EVERYWHERE = {"align", "class", "colspan", "lang", "open", "role", "rowspan", "scope", "style"}
_EVERYWHERE |= {"title"}
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|svg\+xml);base64,[A-Za-z0-9+/=\s]*")
_ADDRESS = re.compile(r"(https?:|mailto:|#)", re.IGNORECASE)
_SVG = re.compile(r"<svg\b.*?</svg\s*>", re.IGNORECASE | re.DOTALL)
_LABEL = re.compile(r'aria-label="([^"]*)"')
_STYLES = CSSSanitizer(
    allowed_css_properties=[*ALLOWED_CSS_PROPERTIES, "margin", "padding", "list-style"]
)


def clean_html(element: str | bytes) -> str:
    """HTML without anything that acts: no scripts, no handlers, no forms, no frames."""
    text = element.decode("utf-8") if isinstance(element, bytes) else str(element)
    # A drawing may hold scripts; shown as a picture it cannot run them.
    text = _SVG.sub(_as_picture, text)
    return bleach.clean(
        text,
        tags=_TAGS,
        attributes=_allowed,
        protocols=["http", "https", "mailto", "data"],
        css_sanitizer=_STYLES,
    )


@pass_context
def markdown2html(context: Context, source: str) -> str:
    """Markdown as harmless HTML, with the pictures that were pasted into its cell."""
    cell: Any = context.get("cell", {})
    renderer = IPythonRenderer(escape=False, attachments=cell.get("attachments", {}))
    return clean_html(MarkdownWithMath(renderer=renderer).render(source))


def _allowed(tag: str, name: str, value: str) -> bool:
    if tag == "img" and name == "src":
        return bool(_PICTURE.fullmatch(value))  # one from elsewhere would tell who reads, and when
    if tag == "a" and name == "href":
        return bool(_ADDRESS.match(value))
    sizes = tag == "img" and name in ("alt", "width", "height")
    return sizes or name in _EVERYWHERE or name.startswith("aria-")


def _as_picture(found: re.Match[str]) -> str:
    drawing = found.group()
    label = _LABEL.search(drawing)
    said = label.group(1) if label else "A drawing."
    data = base64.b64encode(drawing.encode()).decode()
    return f'<img alt="{said}" src="data:image/svg+xml;base64,{data}">'
