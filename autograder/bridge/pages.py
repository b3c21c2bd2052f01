"""What a submission shows as HTML, made harmless: it is read by the teacher, in her session.

nbgrader's own templates pass a student's Markdown through as it is, and what nbconvert calls clean
loses tables and figures.  These two filters take the place of nbconvert's in every page.

A page finds its buttons by class, so a student's markup keeps no class, no id and no style, and no
address that leads elsewhere.  The feedback of the checks, which the grader writes, keeps its looks.
"""

import base64
import html
import re
from typing import Any

import bleach
import nbformat
from bleach.css_sanitizer import ALLOWED_CSS_PROPERTIES, CSSSanitizer
from bs4 import BeautifulSoup
from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.filters.markdown_mistune import InvalidNotebook, IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import Preprocessor

from autograder.grading.notebooks import is_test
from autograder.sandbox.markup import may_be_too_deep

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
_EVERYWHERE = frozenset({"align", "colspan", "lang", "open", "rowspan", "scope", "title"})
_OF_PICTURES = frozenset({"alt", "width", "height"})
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|svg\+xml);base64,[A-Za-z0-9+/=\s]*")
_PASTED = re.compile(r"data:image/[a-z+]+;base64,[A-Za-z0-9+/=]*")
_LONGEST_MARKDOWN = 30_000  # a parser of Markdown takes the square of the length for some texts
_ADDRESS = re.compile(r"https?:", re.IGNORECASE)
_SVG_BEGIN = re.compile(r"<svg\b", re.IGNORECASE)
_SVG_END = re.compile(r"</svg\s*>", re.IGNORECASE)
_LABEL = re.compile(r'aria-label="([^"]*)"')
_STYLES = CSSSanitizer(
    allowed_css_properties=[*ALLOWED_CSS_PROPERTIES, "margin", "padding", "list-style"]
)
# Commands of MathJax that give a formula classes, ids, styles and addresses, or load such commands.
# All backslashes before a name go: of two, one would be left, and make a command of what was none.
_ACTING_MATHS = re.compile(
    r"\\+(?=(?:bbox|class|cssId|data|href|html\w*|mmlToken|require|style|texttip|url)(?![A-Za-z]))"
)


@pass_context
def clean_html(context: Context, element: str | bytes) -> str:
    """HTML without anything that acts: what a check says keeps its looks, all else loses them."""
    text = element.decode("utf-8") if isinstance(element, bytes) else str(element)
    cell: Any = context.get("cell")
    # The outputs of these cells are the grader's: nothing that a submission printed is in them.
    return feedback_html(text) if cell is not None and is_test(cell) else student_html(text)


@pass_context
def markdown2html(context: Context, source: str) -> str:
    """Markdown as harmless HTML, with the pictures that were pasted into its cell."""
    cell: Any = context.get("cell", {})
    renderer = _Renderer(
        escape=False, exclude_anchor_links=True, attachments=cell.get("attachments", {})
    )
    try:
        if len(_PASTED.sub("", source)) > _LONGEST_MARKDOWN:
            raise InvalidNotebook("longer than any answer")
        text = MarkdownWithMath(renderer=renderer).render(source)
    except Exception:  # a picture that is gone or empty, quotes without end
        text = f"<pre>{html.escape(source)}</pre>"
    return student_html(text)


def student_html(text: str) -> str:
    """HTML of a student: nothing that acts, poses as a part of the page, or leads elsewhere."""
    if may_be_too_deep(text):
        return f"<pre>{html.escape(text)}</pre>"
    return _disarmed(
        bleach.clean(
            _drawings_as_pictures(text), tags=_TAGS, attributes=_of_student, protocols=["data"]
        )
    )


def feedback_html(text: str) -> str:
    """HTML of a check: nothing that acts; styles, and links to the book."""
    cleaned = bleach.clean(
        _drawings_as_pictures(text),
        tags=_TAGS,
        attributes=_of_feedback,
        protocols=["http", "https", "data"],
        css_sanitizer=_STYLES,
    )
    return _disarmed(cleaned)


class EscapedNames(Preprocessor):
    """Escapes what nbgrader's templates write as it is: names of people and of files.

    MathJax reads them, too.
    """

    def preprocess(
        self, nb: nbformat.NotebookNode, resources: dict[str, Any]
    ) -> tuple[nbformat.NotebookNode, dict[str, Any]]:
        """Escape each text among the resources that says who and what."""
        for name in ("student", "first_name", "last_name", "notebook_path", "filename"):
            if isinstance(resources.get(name), str):
                resources[name] = html.escape(_ACTING_MATHS.sub("", resources[name]), quote=True)
        return nb, resources


class _Renderer(IPythonRenderer):
    """Writes an address out where a link would lead to it."""

    def link(self, text: str, url: str, title: str | None = None) -> str:
        address = html.escape(url)
        return address if text in (url, address) else f"{text} ({address})"


def _of_student(tag: str, name: str, value: str) -> bool:
    if tag == "img" and name == "src":
        return bool(_PICTURE.fullmatch(value))  # one from elsewhere would tell who reads, and when
    return name in _EVERYWHERE or (tag == "img" and name in _OF_PICTURES)


def _of_feedback(tag: str, name: str, value: str) -> bool:
    if tag == "a" and name == "href":
        return bool(_ADDRESS.match(value))
    return name == "style" or _of_student(tag, name, value)


def _drawings_as_pictures(text: str) -> str:
    """A drawing may hold scripts; shown as a picture it cannot run them."""
    parts, rest = [], 0
    # One expression for a whole drawing would look for its end anew from every beginning.
    while begin := _SVG_BEGIN.search(text, rest):
        end = _SVG_END.search(text, begin.end())
        if end is None:
            break
        parts += [text[rest : begin.start()], _as_picture(text[begin.start() : end.end()])]
        rest = end.end()
    return "".join([*parts, text[rest:]])


def _as_picture(drawing: str) -> str:
    label = _LABEL.search(drawing)
    said = label.group(1) if label else "A drawing."
    data = base64.b64encode(drawing.encode()).decode()
    return f'<img alt="{said}" src="data:image/svg+xml;base64,{data}">'


def _disarmed(page: str) -> str:
    """Formulas without the commands that act: what is left of one is its name."""
    if not _ACTING_MATHS.search(html.unescape(page)):
        return page
    # In an element of its own: what is text alone could be taken for the address of a page.
    whole = BeautifulSoup(f"<div>{page}</div>", "html.parser")
    for text in whole.find_all(string=True):
        text.replace_with(_ACTING_MATHS.sub("", str(text)))
    return str(whole).removeprefix("<div>").removesuffix("</div>")
