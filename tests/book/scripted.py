"""A page of its own that a script of the book works on, opened from a file."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Page

from tests.book.visiting import PHONE, Reader

BOOK = Path(__file__).parents[2] / "book"
MATHJAX = BOOK / "_vendor" / "mathjax" / "tex-chtml.js"
HEAD = (
    '<!doctype html><meta charset="utf-8"><style>html { font-size: 16px } body { margin: 0 }'
    ".wide-table, mjx-container { overflow-x: auto } mjx-container { display: block }"
    "mjx-container > b { display: block; height: 1em }</style>"
)


@contextmanager
def pages_with(script: str, reader: Reader, folder: Path) -> Iterator[Callable[..., Page]]:
    """Open pages as wide as a phone that hold some HTML and a script of ``book/_static``."""
    with ExitStack() as stack:

        def show(body: str, *before: Path) -> Page:
            file = folder / "page.html"
            code = (BOOK / "_static" / script).read_text(encoding="utf-8")
            sources = "".join(f'<script src="{path.as_uri()}"></script>' for path in before)
            parts = f"{HEAD}{sources}<main>{body}</main><script>{code}</script>"
            file.write_text(parts, encoding="utf-8")
            page = stack.enter_context(reader.window(viewport=PHONE))
            page.goto(file.as_uri(), wait_until="load")
            return page

        yield show
