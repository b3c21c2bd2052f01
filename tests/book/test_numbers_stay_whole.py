"""What ``site.js`` does to sentences: numbers and formulas stay whole at the end of a line."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.book.scripted import pages_with
from tests.book.visiting import Reader

pytestmark = pytest.mark.browser


@pytest.fixture
def page_of(reader: Reader, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    with pages_with("site.js", reader, tmp_path) as show:
        yield show


WORDS = "paragraph => paragraph.textContent"
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
