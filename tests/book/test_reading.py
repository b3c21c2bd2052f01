"""How a page reads: on a desk and a phone, in the dark, by keyboard, on paper, in a search."""

import pytest

from tests.book.visiting import DESK, PHONE, Visit

pytestmark = [pytest.mark.browser, pytest.mark.book]

FOCAL = "classification/focal"
OPEN = "Array.from(document.querySelectorAll('details.code-fold')).map(fold => fold.open)"


@pytest.mark.parametrize("size", [{"width": 1280, "height": 800}, PHONE])
def test_the_first_screen_says_what_it_is_shows_it_and_offers_one_button_and_three_paths(
    reader, site, size
):
    with Visit(reader, site, "start/cover", mode="light", size=size) as visit:
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


def test_every_part_of_the_roadmap_begins_in_the_first_screen(reader, site):
    with Visit(reader, site, "start/roadmap", mode="light", size=DESK) as visit:
        parts = visit.page.locator(".roadmap .part")

        assert parts.count() >= 13
        assert all(part.bounding_box()["y"] < DESK["height"] for part in parts.all())


def test_one_button_opens_and_closes_all_code_by_keyboard_and_the_next_page_remembers(reader, site):
    with Visit(reader, site, FOCAL, mode="light", size=DESK) as visit:
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


def test_a_page_without_folded_code_has_no_such_button(reader, site):
    with Visit(reader, site, "reference/glossary", mode="light", size=DESK) as visit:
        assert visit.page.get_by_role("button", name="all code").count() == 0


def test_a_proof_is_opened_with_the_keyboard_and_its_name_says_what_it_is(reader, site):
    with Visit(reader, site, FOCAL, mode="light", size=DESK) as visit:
        mark = visit.page.locator("details.proved > summary").first
        mark.focus()
        visit.page.keyboard.press("Enter")

        assert visit.page.locator("details.proved").first.get_attribute("open") is not None
        assert visit.page.locator("details.proved[open] .highlight").first.is_visible()
        assert mark.get_attribute("aria-label").startswith("proved")


def test_the_key_slash_opens_search_but_not_while_somebody_types(reader, site):
    with Visit(reader, site, FOCAL, mode="light", size=DESK) as visit:
        page = visit.page
        page.keyboard.press("/")
        focused = page.evaluate("document.activeElement.name")
        page.keyboard.type("a/b")

        assert focused == "q"
        assert page.evaluate("document.activeElement.value") == "a/b"


def test_search_shows_sentences_without_formulas_code_and_buttons(reader, site):
    with Visit(reader, site, "search", mode="light", size=DESK) as visit:
        page = visit.page
        page.goto(f"{site}/search.html?q=gradient")
        page.wait_for_function("document.querySelectorAll('#search-results .context').length > 3")
        excerpts = page.locator("#search-results .context").all_inner_texts()

        assert any("gradient" in text.lower() for text in excerpts)
        for text in excerpts:
            for stranger in ("\\\\", "prove(", "Show the code", "Copy to clipboard", "function ("):
                assert stranger not in text


def test_what_is_copied_from_a_session_is_what_was_typed_there(reader, site):
    with Visit(reader, site, "reference/api/losses.mse", mode="light", size=DESK) as visit:
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


def test_the_verdict_of_each_claim_is_in_sight_on_a_phone(reader, site):
    with Visit(reader, site, "reference/claims", mode="light", size=PHONE) as visit:
        verdicts = visit.page.locator(".claims-ledger .claim-verdict")

        assert verdicts.count() > 30
        for box in [verdict.bounding_box() for verdict in verdicts.all()]:
            assert box["x"] + box["width"] <= PHONE["width"]


def test_on_paper_code_stays_folded_and_answers_stand_open(reader, site):
    with Visit(reader, site, FOCAL, mode="light", size=DESK) as visit:
        page = visit.page
        page.emulate_media(media="print")

        folds = page.locator("details.code-fold")
        assert folds.count() > 20
        assert not any(fold.is_visible() for fold in folds.all())
        answers = page.locator(".bd-article details:not(.code-fold) > *:not(summary)")
        assert answers.count() > 3
        assert all(answer.is_visible() for answer in answers.all())


def test_what_is_printed_from_a_dark_page_is_light(reader, site):
    with Visit(reader, site, FOCAL, mode="dark", size=DESK) as visit:
        page, theme = visit.page, "document.documentElement.dataset.theme"
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate(theme) == "light"

        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert page.evaluate(theme) == "dark"
