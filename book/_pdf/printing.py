"""From the document to paper: the system's browser typesets and prints it, without a network.

A browser, because formulas are set and interactive figures are drawn by scripts, which programs
that only know HTML and CSS do not run.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
HINT = "sudo apt-get install chromium libatomic1"
HOST = "http://book.invalid"  # a name that no network knows: everything comes from the folder
_STYLE = Path(__file__).parent / "book.css"
_QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
_PAPER = {"width": 673, "height": 1000}  # pixels between the margins of A4
_FOOT = (
    '<div style="width:100%;text-align:center;font-size:8px;font-family:sans-serif;color:#555">'
    '<span class="pageNumber"></span></div>'
)
_SHEET = {
    "format": "A4",
    "margin": {"top": "18mm", "bottom": "18mm", "left": "16mm", "right": "16mm"},
}
_FINE = {
    "print_background": True,
    "tagged": True,
    "outline": True,
    "display_header_footer": True,
    "header_template": "<span></span>",
    "footer_template": _FOOT,
}
# Where everything is does not depend on its being seen, and to paint is most of the work.
_UNSEEN = "main, main * { visibility: hidden !important; }"
_NUMBERED = """numbers => document.querySelectorAll("nav.contents a").forEach(link => {
  link.parentElement.querySelector(".number").textContent = numbers[link.hash.slice(1)] ?? "";
})"""
# What is wider than the paper shrinks, for nobody can scroll there.
_FIT = """() => {
  const paper = document.querySelector("main").getBoundingClientRect();
  const wide = "mjx-container[display=true], table, pre, figure, .explorable";
  document.querySelectorAll(wide).forEach(thing => {
    const box = thing.parentElement.getBoundingClientRect();
    const room = Math.min(box.right, paper.right) - thing.getBoundingClientRect().left;
    const needed = Math.max(thing.scrollWidth, thing.getBoundingClientRect().width);
    if (needed > room + 1) { thing.style.zoom = room / needed; }
  });
}"""
_CLIPPED = """() => {
  const paper = document.querySelector("main").getBoundingClientRect();
  return Array.from(document.querySelectorAll("main *"))
    .filter(thing => thing.getClientRects().length && !thing.closest("mjx-assistive-mml, clipPath"))
    .filter(thing => thing.getBoundingClientRect().right > paper.right + 2)
    .map(thing => thing.outerHTML.slice(0, 200));
}"""
_SETTLED = """async () => {
  if (window.MathJax && MathJax.startup) { await MathJax.startup.promise; }
  await document.fonts.ready;
  document.querySelectorAll("details:not(.code-fold)").forEach(fold => { fold.open = true; });
}"""


class NoBrowserError(Exception):
    """There is no browser, or it does not start."""


class ClippedError(Exception):
    """Something is wider than the paper, however small it is made."""


@contextmanager
def browser() -> Iterator[Any]:
    """The machine's own browser.

    Raises:
        NoBrowserError: If there is none that can be driven.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise NoBrowserError(f"To print the book a browser is needed. Hint: {HINT}")
    from playwright.sync_api import Error, sync_playwright

    try:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=found, args=_QUIET)
            yield chromium
            chromium.close()
    except (OSError, Error) as error:
        raise NoBrowserError(
            f"The browser {found} could not be driven: {str(error).splitlines()[0]}. Hint: {HINT}"
        ) from error


def print_book(chromium: Any, site: Path, text: str) -> tuple[bytes, dict[str, int]]:
    """Typeset a document once and print it twice: to learn where its anchors are, and to say it.

    Args:
        chromium: The browser.
        site: Where style sheets, fonts and pictures are.
        text: The document as HTML.

    Returns:
        The PDF, and the page of each anchor.

    Raises:
        ClippedError: If something does not fit the paper.
        FileNotFoundError: If the document asks for what the site does not have.
    """
    with _typeset(chromium, site, text) as page:
        unseen = page.add_style_tag(content=_UNSEEN)
        page.evaluate(_NUMBERED, numbers_of(page.pdf(**_SHEET)))
        unseen.evaluate("style => style.remove()")
        data: bytes = page.pdf(**_SHEET, **_FINE)
    return data, numbers_of(data)


@contextmanager
def _typeset(chromium: Any, site: Path, text: str) -> Iterator[Any]:
    """The document as it will be on paper, nothing of it clipped."""
    strangers: list[str] = []
    with closing(chromium.new_page(viewport=_PAPER, color_scheme="light")) as page:
        page.route("**/*", lambda route: _answer(route, site, text, strangers))
        page.emulate_media(media="print")
        page.goto(f"{HOST}/book.html", wait_until="load")
        page.evaluate(_SETTLED)
        page.evaluate(_FIT)
        clipped = page.evaluate(_CLIPPED)
        if clipped:
            raise ClippedError(
                f"{len(clipped)} things are wider than the paper; the first: {clipped[0]}"
            )
        yield page
    if strangers:
        raise FileNotFoundError(f"the document asks for what the site does not have: {strangers}")


def _answer(route: Any, site: Path, text: str, strangers: list[str]) -> None:
    """Everything that the document asks for comes from the site's folder."""
    address = route.request.url
    if not address.startswith(f"{HOST}/"):
        if not address.startswith(("data:", "blob:")):
            strangers.append(address)
            route.abort()
            return
        route.continue_()
        return
    name = re.sub(r"[?#].*", "", address.removeprefix(f"{HOST}/"))
    if name == "book.html":
        route.fulfill(body=text, content_type="text/html; charset=utf-8")
    elif name == "book.css":
        route.fulfill(path=_STYLE)
    elif (site / name).is_file():
        route.fulfill(path=site / name)
    else:
        if name != "favicon.ico":
            strangers.append(name)
        route.abort()


def numbers_of(data: bytes) -> dict[str, int]:
    """The page, counted from 1, of each anchor that something links to."""
    import io

    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(data))
    return {
        name.lstrip("/"): reader.get_destination_page_number(place) + 1
        for name, place in reader.named_destinations.items()
    }
