"""Who reads: with a screen reader, on a phone, in the dark, on paper; and nothing jumps."""

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.browser

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
PAGES = ["interview/practice", "interview/self-assessment", "interview/readiness"]
EACH = "[...document.querySelectorAll('.drill[data-family]')].map(box => box.id)"


def serious(page):
    """What axe finds in what this extension makes; the theme has tests of its own."""
    # Else it asks for style sheets, which no page of a folder may, and describes what passed.
    quiet = {"preload": False, "resultTypes": ["violations"]}
    found = Axe().run(page, ".practice-app, .drill", quiet).response["violations"]
    return [
        f"{violation['id']}: {violation['nodes'][0]['html'][:200]}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
    ]


def all_ready(page):
    """Bring every drill to life, as somebody does who reads to the end."""
    for name in page.evaluate(EACH):
        page.locator(f"#{name}").scroll_into_view_if_needed()
        page.wait_for_selector(f"#{name}[data-ready]")
    return page


def answer_all(page):
    """Open what an answer opens: verdicts, worked answers, ticks."""
    for name in ("Show the answer", "Not yet", "Start the clock", "I am done", "Compare"):
        for button in page.get_by_role("button", name=name).all():
            if button.is_visible():
                button.click()


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_drills_are_accessible_before_and_after_an_answer(folder, mode):
    page = all_ready(folder("part/drills", mode=mode, viewport=DESK, reduced_motion="reduce"))

    before = serious(page)
    answer_all(page)

    assert before == []
    assert serious(page) == []


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_the_pages_of_practice_are_accessible(folder, name, mode):
    page = folder(name, mode=mode, viewport=DESK, reduced_motion="reduce")
    page.wait_for_selector(".practice-app[data-ready]")
    for fold in page.locator(".practice-app summary").all():
        fold.click()

    assert serious(page) == []


@pytest.mark.parametrize("name", ["part/drills", *PAGES])
def test_nothing_is_wider_than_a_phone(folder, name):
    page = folder(name, viewport=PHONE)
    if name == "part/drills":
        answer_all(all_ready(page))
    else:
        page.wait_for_selector(".practice-app[data-ready]")

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    cut = page.evaluate(
        """() => [...document.querySelectorAll(".practice-app *, .drill *")]
          .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
          .filter(e => !e.closest("pre, .math, mjx-container, .wide-table, .practice-right"))
          .map(e => e.outerHTML.slice(0, 120))"""
    )
    assert cut == []


def test_a_drill_that_comes_to_life_moves_nothing_that_is_in_view(folder):
    page = folder("part/drills", viewport=DESK, script="window.shifted = 0;" + SHIFTS)
    page.wait_for_selector("#a-choice[data-ready]")
    all_ready(page)

    assert page.evaluate("window.shifted") < 0.1  # what counts as good on the web


SHIFTS = """
new PerformanceObserver(list => list.getEntries().forEach(entry => {
  if (!entry.hadRecentInput) { window.shifted += entry.value; }
})).observe({type: "layout-shift", buffered: true});
"""


def test_paper_has_the_question_and_where_to_answer_it_but_no_buttons(folder):
    page = all_ready(folder("part/drills", viewport=DESK))

    page.emulate_media(media="print")

    box = page.locator("#a-choice")
    assert "What does the minimiser" in box.inner_text()
    assert "a probability nearer" in box.inner_text()
    assert "To answer it: part/drills.html#a-choice" in box.inner_text()
    assert [b for b in page.get_by_role("button").all() if b.is_visible() and inside(b)] == []


def test_on_paper_partners_are_joined_by_letters_and_places_are_numbers_to_write(folder):
    page = all_ready(folder("part/drills", viewport=DESK))
    pairs, items = (page.locator(f"{name} .practice-row") for name in ("#a-match", "#an-order"))
    letters = page.locator("#a-match .practice-letters > li")
    assert not any(letter.is_visible() for letter in letters.all())

    page.emulate_media(media="print")

    assert sorted(letters.all_inner_texts()) == ["Bernoulli", "Gaussian", "Laplacian", "Poisson"]
    assert all(letter.is_visible() for letter in letters.all())
    assert not any(one.is_visible() for one in page.locator("#a-match select").all())
    assert [line(pair, ".practice-blank") for pair in pairs.all()] == [True] * 3
    assert [line(item, "::before") for item in items.all()] == [True] * 3


def line(row, name):
    """Whether a row has a line to write on, in a part of its own or drawn before it."""
    drawn = """(row, name) => {
      const style = name.startsWith("::") ? getComputedStyle(row, name)
        : getComputedStyle(row.querySelector(name));
      return parseFloat(style.borderBottomWidth) > 0 && parseFloat(style.width) > 20;
    }"""
    return row.evaluate(drawn, name)


def inside(button):
    return button.evaluate("button => button.closest('.practice-host') !== null")
