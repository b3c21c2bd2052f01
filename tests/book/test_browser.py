"""What a reader meets: every page in a real browser, light and dark, wide and on a phone."""

import pytest

from tests.book import facts
from tests.book.facts import faults
from tests.book.visiting import DESK, PAGES, PHONE, Visit

pytestmark = [pytest.mark.browser, pytest.mark.book]

CHAPTERS = [page for page in PAGES if page.startswith(("foundations", "classification"))]
EVERYWHERE = [facts.quiet, facts.self_contained, facts.in_its_mode]
DRAWN_IN = [*CHAPTERS, "start/cover", "reference/loss-atlas"]


@pytest.mark.parametrize("page", PAGES)
def test_a_dark_page_on_a_desk_is_quiet_self_contained_and_accessible(reader, site, page):
    with Visit(reader, site, page, mode="dark", size=DESK) as visit:
        visit.wait_for_figures()

        assert faults(visit, *EVERYWHERE, facts.accessible) == []


@pytest.mark.parametrize("page", PAGES)
def test_a_light_page_on_a_phone_fits_and_as_wide_as_a_desk_its_colours_and_lines_are_right(
    reader, site, page
):
    on_a_phone = [*EVERYWHERE, facts.as_narrow_as_its_window, facts.reachable]
    on_a_phone += [facts.with_large_letters] if page in DRAWN_IN else []
    on_a_desk = [*EVERYWHERE, facts.as_narrow_as_its_window]
    on_a_desk += [facts.typeset, facts.with_proofs_beside_equations] if page in CHAPTERS else []
    on_a_desk += [facts.accessible_in_its_colours]
    with Visit(reader, site, page, mode="light", size=PHONE) as visit:
        visit.wait_for_figures()
        found = faults(visit, *on_a_phone)
        visit.resize(DESK)
        found += faults(visit, *on_a_desk)

        assert found == []


def curve(page, panel=0):
    return page.evaluate(f"document.getElementById('focal-panel-{panel}').curves[0]")


def test_dragging_gamma_moves_every_curve_and_the_sentence(reader, site):
    with Visit(reader, site, "classification/focal", mode="light", size=DESK) as visit:
        page = visit.page
        page.wait_for_selector(".explorable[data-ready=true]")
        before = [curve(page, k) for k in range(4)]
        said = page.locator(".explorable .finding").inner_text()

        slider = page.locator("#focal-gamma")
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2, steps=4)
        page.mouse.up()

        assert float(slider.input_value()) > 4
        assert all(curve(page, k) != old for k, old in enumerate(before))
        assert page.locator(".explorable .finding").inner_text() != said
        assert visit.complaints == []


def test_gamma_zero_by_keyboard_draws_cross_entropy(reader, site):
    with Visit(reader, site, "classification/focal", mode="light", size=DESK) as visit:
        page = visit.page
        page.wait_for_selector(".explorable[data-ready=true]")

        page.locator("#focal-gamma").focus()
        page.keyboard.press("Home")

        focal, cross_entropy = page.evaluate("document.getElementById('focal-panel-0').curves")
        assert focal == pytest.approx(cross_entropy)
        assert page.locator("#focal-gamma-value").inner_text() == "0"


def test_switching_alpha_on_scales_the_loss(reader, site):
    with Visit(reader, site, "classification/focal", mode="light", size=DESK) as visit:
        page = visit.page
        page.wait_for_selector(".explorable[data-ready=true]")
        off = curve(page)

        page.locator("#focal-alpha-on").check()

        assert curve(page) == pytest.approx([0.25 * y for y in off])


def test_search_finds_a_page(reader, site):
    with Visit(reader, site, "search", mode="light", size=DESK) as visit:
        visit.page.goto(f"{site}/search.html?q=focal")
        visit.page.wait_for_selector("#search-results li a")

        assert visit.page.locator("#search-results li").count() > 0
        assert visit.strangers == []
