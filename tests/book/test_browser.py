"""What a reader meets: every page in a real browser, light and dark, wide and on a phone."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = [pytest.mark.browser, pytest.mark.book]

BOOK = Path(__file__).parent.parent.parent / "book"
PAGES = sorted(p.relative_to(BOOK).with_suffix("").as_posix() for p in BOOK.glob("[a-z]*/*.md"))
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}

# To describe what passed takes axe as long as to look at the page.
VIOLATIONS_ALONE = {"resultTypes": ["violations"]}

# The second frame from now begins when the first has been drawn.
DRAWN = "() => new Promise(so => requestAnimationFrame(() => requestAnimationFrame(so)))"


class Visit:
    """An open page, and everything it complained about or asked of others."""

    def __init__(self, browser, site, page, *, mode, size):
        self.context = browser.new_context(viewport=size)
        self.context.add_init_script(
            f"localStorage.setItem('mode', '{mode}'); localStorage.setItem('theme', '{mode}')"
        )
        self.page = self.context.new_page()
        self.complaints, self.strangers = [], []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("response", self._answer)
        self.page.on("request", lambda request: self._watch(request.url, site))
        self.page.goto(f"{site}/{page}.html", wait_until="load")
        self.page.evaluate("() => window.MathJax ? MathJax.startup.promise : null")

    def _hear(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _answer(self, response):
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url}")

    def _watch(self, url, site):
        if not url.startswith((site, "data:", "blob:")):
            self.strangers.append(url)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()


def brief(violation):
    """A violation in a line: which rule, how bad, and the first element that breaks it."""
    node = violation["nodes"][0]
    reason = node.get("failureSummary", "")[:200]
    return f"{violation['id']} x{len(violation['nodes'])}: {node['html'][:200]} {reason}"


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_quiet_self_contained_and_accessible(browser, site, page, mode):
    with Visit(browser, site, page, mode=mode, size=DESK) as visit:
        if visit.page.locator(".explorable").count():
            visit.page.wait_for_selector(".explorable[data-ready=true]")
        complaints = visit.complaints[:]  # axe reads style sheets itself, and asks for wrong paths

        found = Axe().run(visit.page, options=VIOLATIONS_ALONE).response["violations"]

        assert complaints == []
        assert visit.strangers == []
        assert [brief(v) for v in found if v["impact"] in ("serious", "critical")] == []
        assert visit.page.evaluate("document.documentElement.dataset.theme") == mode


@pytest.mark.parametrize("page", PAGES)
def test_a_page_fits_a_phone(browser, site, page):
    with Visit(browser, site, page, mode="light", size=PHONE) as visit:
        if visit.page.locator(".explorable").count():
            visit.page.wait_for_selector(".explorable[data-ready=true]")
        wide, window = visit.page.evaluate(
            "[document.scrollingElement.scrollWidth, window.innerWidth]"
        )

        assert wide <= window
        assert visit.complaints == []


@pytest.mark.parametrize(
    "page", [p for p in PAGES if p.startswith(("classification", "foundations"))]
)
def test_formulas_are_typeset(browser, site, page):
    with Visit(browser, site, page, mode="light", size=DESK) as visit:
        assert visit.page.locator("mjx-container").count() > 20
        assert visit.page.locator("mjx-merror").count() == 0


def curve(page, panel=0):
    return page.evaluate(f"document.getElementById('focal-panel-{panel}').curves[0]")


def test_dragging_gamma_moves_every_curve_and_the_sentence(browser, site):
    with Visit(browser, site, "classification/focal", mode="light", size=DESK) as visit:
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


def test_gamma_zero_by_keyboard_draws_cross_entropy(browser, site):
    with Visit(browser, site, "classification/focal", mode="light", size=DESK) as visit:
        page = visit.page
        page.wait_for_selector(".explorable[data-ready=true]")

        page.locator("#focal-gamma").focus()
        page.keyboard.press("Home")

        focal, cross_entropy = page.evaluate("document.getElementById('focal-panel-0').curves")
        assert focal == pytest.approx(cross_entropy)
        assert page.locator("#focal-gamma-value").inner_text() == "0"


def test_switching_alpha_on_scales_the_loss(browser, site):
    with Visit(browser, site, "classification/focal", mode="light", size=DESK) as visit:
        page = visit.page
        page.wait_for_selector(".explorable[data-ready=true]")
        off = curve(page)

        page.locator("#focal-alpha-on").check()

        assert curve(page) == pytest.approx([0.25 * y for y in off])


def test_search_finds_a_page(browser, site):
    with Visit(browser, site, "search", mode="light", size=DESK) as visit:
        visit.page.goto(f"{site}/search.html?q=focal")
        visit.page.wait_for_selector("#search-results li a")

        assert visit.page.locator("#search-results li").count() > 0
        assert visit.strangers == []
