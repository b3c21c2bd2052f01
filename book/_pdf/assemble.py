"""All pages of the built site as one document, in the order of the table of contents.

Anchors get the page's name in front, so that they stay unique; links between pages become links
inside the document, and links to pages that are not in it become plain words.
"""

import html
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

# The reference of the package is for looking up while one programs, not for paper.
LEFT_OUT = {"reference/api"}
_TITLE = re.compile(r"<h1>(.*?)</h1>", re.DOTALL)
_HEADLINK = re.compile(r'<a class="headerlink".*?</a>', re.DOTALL)
_LINK = re.compile(r'(<a\b[^>]*?)\shref="([^"]*)"')
_ANCHORS = re.compile(r'\b(id|for|aria-labelledby|aria-describedby)="([^"]+)"')
_SCRIPT = re.compile(r"(<script\b.*?</script>)", re.DOTALL)
_FIGURE = re.compile(r'("name": ")(?=[\w-]+", "sliders")')
_PICTURES = re.compile(r'\b(src|data)="(?!data:|https?:)([^"]+)"')
_OWN_HEAD = re.compile(
    r'<link [^>]*rel="(?:preload )?stylesheet"[^>]*>|<script>window\.MathJax.*?</script>'
    r'|<script[^>]*src="[^"]*mathjax[^"]*"[^>]*></script>',
    re.DOTALL,
)


@dataclass(frozen=True)
class Page:
    """A page of the site.

    Attributes:
        name: Its path without suffix.
        title: Its heading, as HTML.
        body: Its content, as HTML.
    """

    name: str
    title: str
    body: str


@dataclass(frozen=True)
class Part:
    """Pages under one caption."""

    caption: str
    pages: Sequence[Page]


def parts(site: Path, toc: Mapping[str, Any]) -> list[Part]:
    """The pages that belong on paper, by part; the root's part has no caption."""
    named = [("", [toc["root"]])]
    named += [(p["caption"], [c["file"] for c in p["chapters"]]) for p in toc["parts"]]
    return [
        Part(caption, [_page(site, name) for name in names if name not in LEFT_OUT])
        for caption, names in named
    ]


def _page(site: Path, name: str) -> Page:
    text = (site / f"{name}.html").read_text(encoding="utf-8")
    start = text.index('<article class="bd-article"')
    body = text[text.index(">", start) + 1 : text.rindex("</article>")]
    body = _HEADLINK.sub("", body)
    return Page(name, _TITLE.search(body)[1], body)  # type: ignore[index]


def document(site: Path, toc: Mapping[str, Any], *, title: str, by: str) -> str:
    """The whole document as HTML.

    Args:
        site: The folder of the built site.
        toc: The table of contents.
        title: What the title page says.
        by: Who wrote it.
    """
    found = parts(site, toc)
    inside = {page.name for part in found for page in part.pages}
    root = (site / f"{toc['root']}.html").read_text(encoding="utf-8")
    head = "\n".join(_from_root(tag, toc["root"]) for tag in _OWN_HEAD.findall(root))
    chapters = "".join(
        _chapter(part.caption if first else "", page, inside)
        for part in found
        for first, page in ((page is part.pages[0], page) for page in part.pages)
    )
    return (
        '<!DOCTYPE html><html lang="en" data-theme="light" data-content_root="./"><head>'
        f'<meta charset="utf-8"><title>{html.escape(title)}</title>{head}'
        f'<link rel="stylesheet" href="book.css"></head><body>'
        f'<section class="title-page"><img src="_static/logo.svg" alt="{html.escape(title)}">'
        f'<p class="title">{found[0].pages[0].title}</p>'
        f'<p class="by">{html.escape(by)}</p></section>'
        f"{_contents(found)}"
        f'<main class="bd-content"><div class="bd-article-container bd-article">{chapters}</div>'
        f"</main></body></html>"
    )


def anchor(page: str, name: str = "") -> str:
    """What an anchor of a page is called in the document; without a name, the page's beginning."""
    return f"{page.replace('/', '-')}--{name or 'top'}"


def _contents(found: Sequence[Part]) -> str:
    """The table of contents; its numbers come when the pages of paper are known."""
    lines = []
    for part in found:
        if part.caption:
            lines.append(f'<p class="part">{html.escape(part.caption)}</p>')
        for page in part.pages:
            lines.append(
                f'<p class="page"><a href="#{anchor(page.name)}">{page.title}</a>'
                f'<span class="dots"></span><span class="number"></span></p>'
            )
    return f'<nav class="contents"><h1>Contents</h1>{"".join(lines)}</nav>'


def _chapter(caption: str, page: Page, inside: set[str]) -> str:
    pieces = _SCRIPT.split(page.body)  # every second piece is a script
    pieces[::2] = [_renamed(piece, page.name, inside) for piece in pieces[::2]]
    # A script finds its elements by the name of its figure.
    pieces[1::2] = [_FIGURE.sub(rf"\1{_before(page.name)}", piece) for piece in pieces[1::2]]
    opening = f'<p class="part-opening">{html.escape(caption)}</p>' if caption else ""
    return f'<article class="page" id="{anchor(page.name)}">{opening}{"".join(pieces)}</article>'


def _renamed(text: str, page: str, inside: set[str]) -> str:
    """HTML of a page with its anchors, and what refers to them, under their names in the whole."""
    text = _ANCHORS.sub(lambda m: f'{m[1]}="{_each(page, m[2])}"', text)
    text = re.sub(r"url\(#", f"url(#{_before(page)}", text)
    text = re.sub(r'xlink:href="#', f'xlink:href="#{_before(page)}', text)
    text = _LINK.sub(lambda m: m[1] + _target(page, m[2], inside), text)
    return _from_root(text, page)


def _before(page: str) -> str:
    """What stands before the names of a page's anchors."""
    return anchor(page).removesuffix("top")


def _each(page: str, names: str) -> str:
    return " ".join(anchor(page, name) for name in names.split())


def _target(page: str, address: str, inside: set[str]) -> str:
    """The attribute of a link, or nothing where it would lead out of the document."""
    if re.match(r"[a-z]+:", address):
        return f' href="{address}"'
    path, _, name = address.partition("#")
    place = posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page
    place = place.removesuffix(".html")
    return f' href="#{anchor(place, name)}"' if place in inside else ""


def _from_root(text: str, page: str) -> str:
    """Addresses of pictures, styles and scripts as the site's root sees them."""

    def moved(match: re.Match[str]) -> str:
        address = posixpath.normpath(posixpath.join(posixpath.dirname(page), match[2]))
        return f'{match[1]}="{address}"'

    text = _PICTURES.sub(moved, text)
    return re.sub(r'(<link [^>]*?href)="(?!https?:)([^"]+)"', moved, text)


def table_of_contents(book: Path) -> dict[str, Any]:
    """The table of contents as it was written."""
    toc: dict[str, Any] = yaml.safe_load((book / "_toc.yml").read_text(encoding="utf-8"))
    return toc
