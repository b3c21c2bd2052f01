"""What the page's script evaluates is the loss, and nothing is fetched to draw it."""

import json
import re

import numpy as np
import pytest
import sympy as sp

from lossedu import catalog
from lossedu.figures import Line, Panel, Reading, Shares, Slider, explorable
from lossedu.symbolic import formula, gradient

FOCAL = catalog.spec("sigmoid_focal_loss")
GAMMA = Slider("gamma", "γ", 0, 5, 0.1, 2)
ALPHA = Slider("alpha", "α", 0.05, 0.95, 0.05, 0.25, optional=True)


def loss_of_a_one(**settings):
    return formula(FOCAL, y=1, **settings)


def made(**changes):
    curve = Line("focal", loss_of_a_one, "#000")
    bars = Shares("focal", [(loss_of_a_one, [3, 1])], "#000")
    panels = [
        Panel("Loss", "p", "p", "nats", [0.25, 0.5], [curve]),
        Panel("Share", "p", "p", "share", [0.25, 0.75], [bars]),
    ]
    readings = [Reading("It is {} there.", 0, 0, 0.5)]
    given = {"sliders": [GAMMA, ALPHA], "panels": panels, "readings": readings, "caption": "Drag."}
    return explorable("test", **{**given, **changes}).html


def functions_in(page):
    """The JavaScript functions of the page, as source."""
    return re.search(r"\}\)\(\{.*\}, (\[.*\])\);</script>", page, re.DOTALL).group(1)


@pytest.mark.browser
def test_the_script_computes_the_formula_of_the_spec(browser):
    page = browser.new_page()
    code = f"() => {{ const f = {functions_in(made())}; return f[0].map(g => g(0.3, 2, 0.25)); }}"

    with_alpha, without = page.evaluate(code)
    page.close()

    p, gamma, alpha = sp.symbols("p gamma alpha", positive=True)
    on = loss_of_a_one().subs({p: 0.3, gamma: 2, alpha: 0.25})
    off = loss_of_a_one(alpha=None).subs({p: 0.3, gamma: 2})
    assert with_alpha == pytest.approx(float(on))
    assert without == pytest.approx(float(off))


def test_sliders_are_native_and_labelled():
    page = made()

    assert '<label for="test-gamma">γ = ' in page
    assert '<input type="range" id="test-gamma" min="0" max="5" step="0.1" value="2">' in page
    assert '<input type="checkbox" id="test-alpha-on">' in page


def test_nothing_is_loaded():
    page = made()

    assert "http" not in page
    assert "src=" not in page


def test_curves_are_named_above_the_plot_where_there_is_more_than_one():
    one, two = (
        Line("focal & co", loss_of_a_one, "#0062b8"),
        Line("other", loss_of_a_one, "#b54700", "dot"),
    )
    panels = [Panel("L", "p", "p", "y", [0.5], [one, two], legend="left")]

    page = made(panels=panels, readings=[])

    assert '<ul class="keys left">' in page
    assert "focal &amp; co</li>" in page
    assert 'class="curve dot" style="stroke:var(--figure-baseline, #b54700)"' in page
    assert "<li>" not in made(panels=[Panel("L", "p", "p", "y", [0.5], [one])], readings=[])


@pytest.fixture
def opened(browser, tmp_path):
    pages = []

    def open_page(**changes):
        file = tmp_path / "page.html"
        file.write_text(f'<meta charset="utf-8">{made(**changes)}', encoding="utf-8")
        pages.append(browser.new_page())
        pages[-1].goto(file.as_uri())
        pages[-1].wait_for_selector(".explorable[data-ready=true]")
        return pages[-1]

    yield open_page
    for page in pages:
        page.close()


def line_panel(build, at, **options):
    return {
        "panels": [Panel("T", "p", "x", "y", at, [Line("l", build, "#000")], **options)],
        "readings": [],
    }


P = sp.Symbol("p")


def path_of(page):
    text = page.locator(".canvas path.curve").get_attribute("d")
    return [tuple(map(float, pair)) for pair in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", text)]


def ticks(page, anchor, place):
    """The numbers written along an axis, and where each stands."""
    found = page.locator(f'.canvas text[text-anchor="{anchor}"]').evaluate_all(
        f"texts => texts.map(t => [t.textContent, Number(t.getAttribute('{place}'))])"
    )
    numbers = [(words.replace("\u2212", "-"), at) for words, at in found if words not in ("x", "y")]
    return [(float(words), at) for words, at in numbers]


@pytest.mark.browser
def test_the_drawn_path_is_where_its_axes_say(opened):
    page = opened(**line_panel(lambda **_: 100 * P**2 - 20, [0.0, 0.5, 1.0]))

    across, up = ticks(page, "middle", "x"), ticks(page, "end", "y")
    for (x, y), (value, height) in zip(path_of(page), [(0, -20), (0.5, 5), (1, 80)], strict=True):
        assert x == pytest.approx(np.interp(value, *zip(*across, strict=True)), abs=0.02)
        (low, below), *_, (high, above) = up
        share = (height - low) / (high - low)
        assert y == pytest.approx(below - 4 + share * (above - below), abs=0.02)


@pytest.mark.browser
def test_ticks_are_round_numbers_and_several(opened):
    page = opened(**line_panel(lambda **_: P, [0.005, 0.995], high=1.6))

    assert [value for value, _ in ticks(page, "middle", "x")] == [0.2, 0.4, 0.6, 0.8]
    assert [value for value, _ in ticks(page, "end", "y")] == [0, 0.5, 1, 1.5]


@pytest.mark.browser
def test_a_curve_breaks_where_there_is_no_number(opened):
    page = opened(**line_panel(lambda **_: sp.log(P), [-1.0, 0.5, 0.75, 1.0]))

    assert page.locator(".canvas path.curve").get_attribute("d").count("M") == 1
    assert len(path_of(page)) == 3


@pytest.mark.browser
def test_bars_stand_on_zero_and_their_heights_are_the_shares(opened):
    page = opened()

    bars = page.locator("#test-panel-1 rect[style]").evaluate_all(
        "bars => bars.map(b => ['y', 'height'].map(a => Number(b.getAttribute(a))))"
    )
    shares = page.evaluate("document.getElementById('test-panel-1').curves[0]")
    feet = [y + height for y, height in bars]
    assert feet[0] == pytest.approx(feet[1], abs=0.02)
    assert sum(shares) == pytest.approx(1)
    assert bars[0][1] / bars[1][1] == pytest.approx(shares[0] / shares[1], rel=0.01)


@pytest.mark.browser
def test_a_key_press_moves_the_curve_and_the_sentence(opened):
    page = opened()
    drawn = "document.getElementById('test-panel-0').curves[0]"
    before, said = page.evaluate(drawn), page.locator(".finding").inner_text()

    page.locator("#test-gamma").focus()
    page.keyboard.press("ArrowRight")

    assert page.locator("#test-gamma-value").inner_text() == "2.1"
    assert page.evaluate(drawn) != before
    assert page.locator(".finding").inner_text() != said


@pytest.mark.browser
def test_words_of_a_panel_are_text_not_markup(opened):
    panel = Panel(
        "<b>T</b>", "p", "p < 1 & more", "y", [0.2, 0.5], [Line("<i>l</i>", lambda **_: P, "#000")]
    )

    page = opened(panels=[panel], readings=[])

    assert page.locator(".panel-title").inner_text() == "<b>T</b>"
    assert page.get_by_text("p < 1 & more").count() == 1


def test_a_gradient_compiles_too():
    line = Line("slope", lambda **s: gradient(FOCAL, y=1, **s), "#000")

    assert "Math.log(p)" in made(panels=[Panel("S", "p", "p", "y", [0.5], [line])], readings=[])


def test_two_optional_sliders_are_refused():
    with pytest.raises(ValueError, match="at most one optional one"):
        made(sliders=[ALPHA, ALPHA])


def test_the_configuration_is_data():
    config = re.search(r"\}\)\((\{.*\}), \[", made(), re.DOTALL).group(1)

    assert json.loads(config)["sliders"] == ["gamma", "alpha"]
