"""The cheat sheet is one side of A4: all of it on the first page, typeset, nothing clipped."""

import io
import unicodedata

import pytest
from pypdf import PdfReader

from lossedu import catalog
from lossedu.choosing.advice import all_advice

pytestmark = [pytest.mark.browser, pytest.mark.book]
A4_ACROSS = (842, 595)
PIECES = "Array.from(document.querySelectorAll('.cheat-sheet tr:not(.off-paper) td'))"


def letters(text):
    """A text without spaces, hyphens and ligatures, which depend on where lines break."""
    return "".join(unicodedata.normalize("NFKC", text).split()).replace("-", "")


@pytest.fixture
def sheet(reader, site):
    """The page, with its formulas typeset, as it is printed."""
    with reader.window(viewport={"width": 1070, "height": 750}) as page:
        page.goto(f"{site}/interview/cheat-sheet.html", wait_until="load")
        page.wait_for_function("window.MathJax?.startup?.promise?.then(() => true)")
        page.emulate_media(media="print")
        yield page


def test_the_sheet_is_the_first_page_and_no_other(sheet):
    printed = PdfReader(io.BytesIO(sheet.pdf(prefer_css_page_size=True)))

    first, second = (page.extract_text() for page in printed.pages[:2])
    on_paper = [name for name, lines in all_advice().items() if lines.sheet]
    for name in on_paper:
        assert letters(catalog.spec(name).title) in letters(first)
    assert second.startswith("Slopes, computed")
    size = tuple(round(float(side)) for side in printed.pages[0].mediabox[2:])
    assert size == A4_ACROSS


def test_every_formula_is_typeset_and_none_is_wider_than_its_cell(sheet):
    wide = sheet.evaluate(
        f"{PIECES}.filter(cell => cell.scrollWidth > cell.clientWidth + 2).map(c => c.textContent)"
    )

    assert sheet.locator(".cheat-sheet mjx-container").count() >= 2 * len(all_advice())
    assert sheet.locator(".cheat-sheet mjx-merror").count() == 0
    assert wide == []
