"""How a page reads: on a desk and a phone, in the dark, by keyboard, on paper, in a search."""

import pytest

from tests.book.test_browser import DESK, PAGES, PHONE, Visit

pytestmark = [pytest.mark.browser, pytest.mark.book]

FOCAL = "classification/focal"
CHAPTERS = [page for page in PAGES if page.startswith(("foundations", "classification"))]
OPEN = "Array.from(document.querySelectorAll('details.code-fold')).map(fold => fold.open)"


@pytest.mark.parametrize("size", [{"width": 1280, "height": 800}, PHONE])
def test_the_first_screen_says_what_it_is_shows_it_and_offers_one_button_and_three_paths(
    browser, site, size
):
    with Visit(browser, site, "start/cover", mode="light", size=size) as visit:
        page = visit.page
        things = [".bd-article h1", ".cover-words p", "figure.plot svg", ".cover-words .sd-btn"]
        paths = page.locator(".cover-paths li")

        assert paths.count() == 3
        assert page.locator(".cover-words .sd-btn").count() == 1
        for thing in [*(page.locator(name).first for name in things), *paths.all()]:
            box = thing.bounding_box()
            assert box["y"] + box["height"] <= size["height"]
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= size["width"]


def test_every_part_of_the_roadmap_begins_in_the_first_screen(browser, site):
    with Visit(browser, site, "start/roadmap", mode="light", size=DESK) as visit:
        parts = visit.page.locator(".roadmap .part")

        assert parts.count() >= 13
        assert all(part.bounding_box()["y"] < DESK["height"] for part in parts.all())


def test_one_button_opens_and_closes_all_code_by_keyboard_and_the_next_page_remembers(
    browser, site
):
    with Visit(browser, site, FOCAL, mode="light", size=DESK) as visit:
        page = visit.page
        assert len(page.evaluate(OPEN)) > 20
        assert not any(page.evaluate(OPEN))

        page.get_by_role("button", name="Open all code").focus()
        page.keyboard.press("Enter")
        assert all(page.evaluate(OPEN))

        page.goto(f"{site}/classification/cross-entropy.html")
        assert all(page.evaluate(OPEN))

        page.get_by_role("button", name="Close all code").click()
        page.reload()
        assert not any(page.evaluate(OPEN))


def test_a_page_without_folded_code_has_no_such_button(browser, site):
    with Visit(browser, site, "reference/glossary", mode="light", size=DESK) as visit:
        assert visit.page.get_by_role("button", name="all code").count() == 0


PLACES = """cells => cells.map(cell => {
    const box = name => cell.querySelector(name).getBoundingClientRect();
    const mark = box("summary"), equation = box("mjx-math");
    return {
        off: Math.abs(mark.top + mark.bottom - equation.top - equation.bottom) / 2,
        beside: mark.left >= equation.right || equation.width > 500,
        air: equation.top - cell.getBoundingClientRect().top,
    };
})"""


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_proof_folds_into_a_mark_on_the_line_of_its_equation(browser, site, page):
    with Visit(browser, site, page, mode="light", size=DESK) as visit:
        proofs = visit.page.locator(".cell:has(> details.proved)")
        places = proofs.evaluate_all(PLACES)

        assert len(places) >= 5
        assert [p for p in places if p["off"] > 12 or not p["beside"] or p["air"] > 16] == []


def test_a_proof_is_opened_with_the_keyboard_and_its_name_says_what_it_is(browser, site):
    with Visit(browser, site, FOCAL, mode="light", size=DESK) as visit:
        mark = visit.page.locator("details.proved > summary").first
        mark.focus()
        visit.page.keyboard.press("Enter")

        assert visit.page.locator("details.proved").first.get_attribute("open") is not None
        assert visit.page.locator("details.proved[open] .highlight").first.is_visible()
        assert mark.get_attribute("aria-label").startswith("proved")


def test_the_key_slash_opens_search_but_not_while_somebody_types(browser, site):
    with Visit(browser, site, FOCAL, mode="light", size=DESK) as visit:
        page = visit.page
        page.keyboard.press("/")
        focused = page.evaluate("document.activeElement.name")
        page.keyboard.type("a/b")

        assert focused == "q"
        assert page.evaluate("document.activeElement.value") == "a/b"


def test_search_shows_sentences_without_formulas_code_and_buttons(browser, site):
    with Visit(browser, site, "search", mode="light", size=DESK) as visit:
        page = visit.page
        page.goto(f"{site}/search.html?q=gradient")
        page.wait_for_function("document.querySelectorAll('#search-results .context').length > 3")
        excerpts = page.locator("#search-results .context").all_inner_texts()

        assert any("gradient" in text.lower() for text in excerpts)
        for text in excerpts:
            for stranger in ("\\\\", "prove(", "Show the code", "Copy to clipboard", "function ("):
                assert stranger not in text


def test_what_is_copied_from_a_session_is_what_was_typed_there(browser, site):
    with Visit(browser, site, "reference/api/losses.mse", mode="light", size=DESK) as visit:
        visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
        session = visit.page.locator(".highlight:has(.gp)").first
        assert ">>> " in session.inner_text()
        session.hover()
        session.locator("button.copybtn").click()

        copied = visit.page.evaluate("navigator.clipboard.readText()")
        typed = [
            line[4:] for line in session.inner_text().splitlines() if line[:4] in (">>> ", "... ")
        ]
        assert copied.splitlines() == typed


LETTERS = """() => Array.from(document.querySelectorAll("figure.plot text, .explorable text"))
    .filter(text => text.getClientRects().length && text.textContent.trim())
    .map(text => [text.getScreenCTM(), parseFloat(getComputedStyle(text).fontSize)])
    .map(([onto, size]) => size * Math.hypot(onto.a, onto.b))
    .filter(size => size < 9.95)"""


@pytest.mark.parametrize("page", [*CHAPTERS, "start/cover", "reference/loss-atlas"])
def test_letters_in_figures_have_ten_pixels_on_a_phone(browser, site, page):
    with Visit(browser, site, page, mode="light", size=PHONE) as visit:
        assert visit.page.locator("figure.plot svg text").count() > 10
        assert visit.page.evaluate(LETTERS) == []


def test_the_verdict_of_each_claim_is_in_sight_on_a_phone(browser, site):
    with Visit(browser, site, "reference/claims", mode="light", size=PHONE) as visit:
        verdicts = visit.page.locator(".claims-ledger .claim-verdict")

        assert verdicts.count() > 30
        for box in [verdict.bounding_box() for verdict in verdicts.all()]:
            assert box["x"] + box["width"] <= PHONE["width"]


WIDE = ".bd-article :is(table, svg, pre, mjx-container)"
UNREACHABLE = """wide => Array.from(document.querySelectorAll(wide))
    .filter(thing => {
        const place = thing.getClientRects()[0];
        if (!place || place.right <= innerWidth + 1) { return false; }
        for (let box = thing; box; box = box.parentElement) {
            const scrolls = ["auto", "scroll"].includes(getComputedStyle(box).overflowX);
            if (scrolls && box.scrollWidth > box.clientWidth + 1) { return box.tabIndex < 0; }
        }
        return true;
    }).map(thing => thing.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("page", PAGES)
def test_what_is_wider_than_a_phone_scrolls_inside_its_own_box_and_can_be_reached(
    browser, site, page
):
    with Visit(browser, site, page, mode="light", size=PHONE) as visit:
        assert visit.page.evaluate(UNREACHABLE, WIDE) == []


def test_on_paper_code_stays_folded_and_answers_stand_open(browser, site):
    with Visit(browser, site, FOCAL, mode="light", size=DESK) as visit:
        page = visit.page
        page.emulate_media(media="print")

        folds = page.locator("details.code-fold")
        assert folds.count() > 20
        assert not any(fold.is_visible() for fold in folds.all())
        answers = page.locator(".bd-article details:not(.code-fold) > *:not(summary)")
        assert answers.count() > 3
        assert all(answer.is_visible() for answer in answers.all())


def test_what_is_printed_from_a_dark_page_is_light(browser, site):
    with Visit(browser, site, FOCAL, mode="dark", size=DESK) as visit:
        page, theme = visit.page, "document.documentElement.dataset.theme"
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate(theme) == "light"

        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert page.evaluate(theme) == "dark"
