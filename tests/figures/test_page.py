"""A figure on a page is fluid, follows the page's colours, and says what it shows."""

import re

import matplotlib.pyplot as plt
import pytest

from lossedu import catalog
from lossedu.figures import COLOURS, show, triptych, use_style


@pytest.fixture(autouse=True)
def style_of_its_own():
    with plt.rc_context():
        yield


@pytest.fixture
def page():
    use_style()
    figure, axes = plt.subplots()
    axes.plot([0, 1], [0, 1])
    axes.set_title("It rises")
    return show(figure, name="rise", caption="Up.", alt='A line that "rises"').html


def test_black_becomes_the_pages_own_colour(page):
    assert "currentColor" in page
    assert "#000000" not in page


def test_text_is_text_in_the_pages_own_font(page):
    assert ">It rises</text>" in page
    assert "DejaVu" not in page


def test_it_says_what_it_shows(page):
    assert 'role="img"' in page
    assert "A line that &quot;rises&quot;" in page
    assert "<figcaption>Up.</figcaption>" in page


def test_its_width_is_fluid_and_its_rules_do_not_reach_the_page(page):
    assert 'width="' not in page.split(">", 2)[1]
    assert "<style" not in page
    assert "<metadata" not in page


def test_what_nobody_sees_is_left_out(page):
    assert not re.search(r"\d\.\d{3}", page)
    assert "\n" not in page
    assert "line2d_" not in page


def test_what_is_written_keeps_its_decimals():
    use_style()
    figure, axes = plt.subplots()
    axes.set_yticks([0.55, 0.575])
    axes.set_title("0.5754 is not #b54700")

    page = show(figure, name="a", caption="0.5754", alt="At 0.5754; black;").html

    for words in (">0.575</text>", ">0.5754 is not #b54700</text>", 'label="At 0.5754; black;"'):
        assert words in page


def test_the_figure_is_closed(page):
    assert page
    assert plt.get_fignums() == []


@pytest.mark.parametrize("missing", ["name", "caption", "alt"])
def test_a_figure_without_words_is_refused(missing):
    words = {"name": "a", "caption": "b", "alt": "c"} | {missing: " "}

    with pytest.raises(ValueError, match=f"{missing} must say something"):
        show(plt.figure(), **words)
    plt.close("all")


def test_the_triptych_draws_the_derivatives_of_the_loss():
    spec = catalog.spec("mse_loss")

    figure = triptych([("squared", spec, {}, COLOURS["mse_loss"])], low=-2, high=2)

    value, slope, bend = (axes.get_lines()[0].get_ydata() for axes in figure.axes)
    assert value[0] == pytest.approx(4)
    assert slope[0] == pytest.approx(-4)
    assert bend[0] == pytest.approx(2)
    plt.close(figure)


@pytest.mark.parametrize(
    ("name", "low", "high"), [("l1_loss", -1, 1), ("power_loss", -0.5, 5), ("mse_loss", -0.5, 2.5)]
)
def test_a_curvature_of_0_has_room_and_a_pole_is_cut_where_it_would_flatten_the_rest(
    name, low, high
):
    figure = triptych([(name, catalog.spec(name), {}, COLOURS["subject"])])

    bottom, top = figure.axes[2].get_ylim()
    assert low <= bottom < top <= high
    plt.close(figure)


def test_a_loss_over_classes_has_no_triptych():
    with pytest.raises(ValueError, match=r"curves must hold pointwise losses, but .* of a row"):
        triptych([("ce", catalog.spec("cross_entropy"), {}, "k")])


POINTWISE = [spec for spec in catalog.specs().values() if spec.unit == "entry"]


@pytest.mark.parametrize("spec", POINTWISE, ids=lambda spec: spec.name)
def test_every_pointwise_loss_can_be_drawn_and_is_nowhere_undefined(spec):
    figure = triptych([(spec.title, spec, {}, COLOURS["other"])])

    for axes in figure.axes[:2]:
        assert all(abs(y) < float("inf") for y in axes.get_lines()[0].get_ydata())
    plt.close(figure)
