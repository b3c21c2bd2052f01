"""What ``wide.js`` does to what is wider than its place: formulas, tables, boxes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

from tests.book.scripted import MATHJAX, pages_with
from tests.book.visiting import DESK, Reader

pytestmark = pytest.mark.browser


@pytest.fixture
def page_of(reader: Reader, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    with pages_with("wide.js", reader, tmp_path) as show:
        yield show


def formula(name: str, width_em: float, size: str = "") -> str:
    """A displayed formula as wide as so many of its letters."""
    style = f' style="font-size: {size}"' if size else ""
    inner = f'<b style="width: {width_em}em"></b>'
    return f'<mjx-container display="true" id="{name}"{style}>{inner}</mjx-container>'


def letters(place: Locator) -> float:
    """The size of its letters, in pixels."""
    return float(place.evaluate("thing => parseFloat(getComputedStyle(thing).fontSize)"))


def fits(place: Locator) -> bool:
    """Whether nothing of it has to be scrolled into view."""
    return bool(place.evaluate("thing => thing.scrollWidth <= thing.clientWidth"))


def test_a_formula_a_little_too_wide_is_set_smaller_until_it_fits_and_one_that_fits_is_not(page_of):
    page = page_of(formula("short", 10) + formula("wide", 30) + formula("larger", 25, "120%"))

    assert letters(page.locator("#short")) == pytest.approx(16)
    for name, least in (("wide", 0.7 * 16), ("larger", 0.7 * 19.2)):
        assert fits(page.locator(f"#{name}"))
        assert least < letters(page.locator(f"#{name}")) < 16


def test_a_formula_that_would_be_too_small_to_read_keeps_its_size_and_scrolls_by_keyboard(page_of):
    page = page_of(formula("wide", 30) + formula("widest", 60))

    assert letters(page.locator("#widest")) == pytest.approx(16)
    assert not fits(page.locator("#widest"))
    assert page.locator("#widest").get_attribute("tabindex") == "0"
    assert page.locator("#wide").get_attribute("tabindex") is None


def test_in_a_wider_window_a_formula_has_its_own_size_again(page_of):
    page = page_of(formula("wide", 30, "110%"))
    assert letters(page.locator("#wide")) < 17

    page.set_viewport_size(DESK)
    page.wait_for_function(
        "parseFloat(getComputedStyle(document.querySelector('#wide')).fontSize) > 17.5"
    )


def test_on_paper_every_formula_fits_and_on_the_screen_again_it_is_as_before(page_of):
    page = page_of(formula("widest", 60))

    page.emulate_media(media="print")
    page.wait_for_function("document.querySelector('#widest').style.fontSize.includes('calc')")
    on_paper = fits(page.locator("#widest"))
    page.emulate_media(media="screen")
    page.wait_for_function("!document.querySelector('#widest').style.fontSize.includes('calc')")

    assert on_paper
    assert letters(page.locator("#widest")) == pytest.approx(16)


LONG = (
    r"\[ \frac{d}{dw}(aa(w)r_1 + bb(w)r_2 + cc(w)r_3) = aaaa(w)(r_1 \log(aaaa(w))) "
    r"+ bbbb(w)(r_2 \log(bbbb(w))) + cccc(w)(r_3 \log(cccc(w))) \]"
)
BARS = (
    r"\[ |aaaaaaaaaaaa - bbbbbbbbbbbb| = \left|cccccccccccc + dddddddddddd\right| "
    r"\qquad \text{for } a > b \]"
)
BOUND = (
    r"\[ \begin{gathered} (1 - aaaaaaaaaaaaaa)^{k} + bbbbbbbbb \ge 1 - k aaaaaaaaaaaaaa + bbbbb "
    r"\\ \small \text{for } k \ge 1 \end{gathered} \]"
)
LINES = """formula => [...formula.querySelectorAll("mjx-mtable")].at(-1)
    .querySelectorAll(":scope mjx-mtr").length"""


@pytest.mark.parametrize(
    ("tex", "lines"), [(LONG, 4), (BARS, 3), (BOUND, 2)], ids=["sums", "bars", "bound"]
)
def test_a_formula_much_too_wide_breaks_outside_of_its_brackets_and_is_whole_on_a_desk(
    page_of, tex, lines
):
    page = page_of(f'<div class="math">{tex}</div>', MATHJAX)
    shown = page.locator('mjx-container[display="true"]')
    page.wait_for_selector("mjx-mtable mjx-mtable" if tex is BOUND else "mjx-mtable")

    assert fits(shown)
    assert shown.evaluate(LINES) == lines
    page.set_viewport_size({"width": 1800, "height": 900})
    page.wait_for_function(
        f"document.querySelectorAll('mjx-mtable').length === {int(tex is BOUND)}"
    )
    assert fits(shown)


def table(columns: int, rows: int, word: str = "averylongword") -> str:
    """A table of long words."""
    heads = "".join(f"<th>heading{k}</th>" for k in range(columns))
    cells = "".join(f"<td>{word}{k}</td>" for k in range(1, columns))
    body = "".join(f'<tr><th scope="row">row{n}</th>{cells}</tr>' for n in range(rows))
    return (
        f'<div class="wide-table"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


@pytest.mark.parametrize(
    ("columns", "rows", "cards"),
    [(2, 3, False), (6, 3, True), (4, 20, True), (6, 20, False)],
    ids=["fits", "wide", "long", "wide and long"],
)
def test_on_a_phone_the_rows_of_a_table_that_does_not_fit_are_cards_unless_many_are_compared(
    page_of, columns, rows, cards
):
    page = page_of(table(columns, rows))
    box = page.locator(".wide-table")

    assert ("as-cards" in box.get_attribute("class")) == cards
    if cards:
        assert page.locator("td").first.get_attribute("data-label") == "heading1"
        assert page.locator("td").first.get_attribute("role") == "cell"
    page.set_viewport_size(DESK)
    page.wait_for_function("!document.querySelector('.as-cards')")


def test_a_table_of_two_columns_is_none_whose_rows_are_cards(page_of):
    page = page_of(table(2, 3, word="averylongword" * 5))

    assert page.locator(".wide-table").get_attribute("class") == "wide-table"


def test_a_table_whose_cells_span_columns_scrolls_and_the_keyboard_reaches_it(page_of):
    page = page_of(table(6, 1).replace("<td>", '<td colspan="2">', 1))

    assert page.locator(".wide-table").get_attribute("class") == "wide-table"
    assert page.locator(".wide-table").get_attribute("tabindex") == "0"
