"""What the page's script evaluates is the loss, and nothing is fetched to draw it."""

import json
import re

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


def test_only_the_sites_own_plotly_is_loaded():
    page = made()

    assert "http" not in page
    assert "_static/plotly.min.js" in page


def test_a_gradient_compiles_too():
    line = Line("slope", lambda **s: gradient(FOCAL, y=1, **s), "#000")

    assert "Math.log(p)" in made(panels=[Panel("S", "p", "p", "y", [0.5], [line])], readings=[])


def test_two_optional_sliders_are_refused():
    with pytest.raises(ValueError, match="at most one optional one"):
        made(sliders=[ALPHA, ALPHA])


def test_the_configuration_is_data():
    config = re.search(r"\}\)\((\{.*\}), \[", made(), re.DOTALL).group(1)

    assert json.loads(config)["sliders"] == ["gamma", "alpha"]
