"""What ``site.js`` does to a page: formulas fit, and numbers stay whole at the end of a line."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

from tests.book.visiting import DESK, PHONE, Reader

pytestmark = pytest.mark.browser

SCRIPT = Path(__file__).parents[2] / "book" / "_static" / "site.js"
HEAD = (
    '<!doctype html><meta charset="utf-8"><style>html { font-size: 16px } body { margin: 0 }'
    "mjx-container { display: block; overflow-x: auto; font-size: 100% }"
    "mjx-container > b { display: block; height: 1em }</style>"
)
WORDS = "paragraph => paragraph.textContent"


@pytest.fixture
def page_of(reader: Reader, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Open a page that holds some HTML and the script, as wide as a phone."""
    with ExitStack() as stack:

        def show(body: str) -> Page:
            file = tmp_path / "page.html"
            script = f"<script>{SCRIPT.read_text(encoding='utf-8')}</script>"
            file.write_text(f"{HEAD}<main>{body}</main>{script}", encoding="utf-8")
            page = stack.enter_context(reader.window(viewport=PHONE))
            page.goto(file.as_uri(), wait_until="load")
            return page

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


MATH = '<span class="math">p</span>'


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("About 11 000 and 1 234 567 rows", "About 11~000 and 1~234~567 rows"),
        ("0.29 ± 0.05 nats", "0.29~±~0.05 nats"),
        ("5 % of all, and <b>7</b> % more", "5~% of all, and 7~% more"),
        ("in 2024 100 of them", "in 2024 100 of them"),
        ("10 20 30, 4 classes", "10 20 30, 4 classes"),
        ("run <code>1 000</code> 2 000 times", "run 1 000 2~000 times"),
    ],
)
def test_a_number_keeps_its_thousands_its_error_and_its_unit_on_its_line(page_of, text, kept):
    page = page_of(f"<p>{text}</p>")

    assert page.locator("p").evaluate(WORDS).replace("\u00a0", "~") == kept


def test_a_list_is_kept_as_a_paragraph_is_and_what_scripts_draw_is_left_alone(page_of):
    page = page_of(
        "<ul><li>1 000</li></ul><div class='explorable'><p>2 000</p></div>"
        "<div class='practice'><p>3 000</p></div>"
    )

    assert page.locator("li").evaluate(WORDS) == "1\u00a0000"
    assert page.locator("p").evaluate_all("all => all.map(one => one.textContent)") == [
        "2 000",
        "3 000",
    ]


def test_a_formula_stays_on_the_line_of_its_full_stop(page_of):
    page = page_of(f"<p>It is {MATH}, and then {MATH}: see {MATH} there.</p>")

    together = page.locator("p > span:not(.math)")
    assert together.all_inner_texts() == ["p,", "p:"]
    assert all(
        one.evaluate("thing => getComputedStyle(thing).whiteSpace") == "nowrap"
        for one in together.all()
    )
    assert page.locator("p").evaluate(WORDS) == "It is p, and then p: see p there."
