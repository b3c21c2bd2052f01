"""Pictures of a landscape: right data on them, what is not finite is marked, they open offline."""

from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from lossedu.figures import (
    contour_figure,
    line_figure,
    path_figure,
    spectrum_figure,
    surface_page,
    use_style,
    write_surface,
)
from lossedu.landscape.slices.line import Line
from lossedu.landscape.slices.plane import Plane

GRID = np.linspace(-1, 1, 21)


@pytest.fixture(autouse=True)
def style_of_its_own():
    with plt.rc_context():
        use_style()
        yield
    plt.close("all")


def plane_of(losses):
    vectors = {name: torch.zeros(2) for name in ("origin", "first", "second")}
    told = {"fill": "chebyshev", "nodes": (13, 7), "log": False, "error": 0.004, "reached": True}
    numbers = {"centre": float(losses[10, 10]), "evaluations": 99, "seconds": 0.1}
    return Plane(x=GRID, y=GRID, losses=losses, **numbers, **told, **vectors)


@pytest.fixture
def bowl():
    return plane_of(GRID[None, :] ** 2 + GRID[:, None] ** 2 + 0.1)


@pytest.fixture
def broken(bowl):
    return replace(bowl, losses=np.where(GRID[None, :] > 0.7, np.nan, bowl.losses))


def words_of(figure):
    texts = [t for axes in figure.axes for t in axes.texts]
    return [t.get_text() for t in texts] + [axes.get_title(loc="left") for axes in figure.axes]


def test_contours_show_title_axes_and_the_trajectory(bowl):
    path = np.array([[0.5, 0.5], [0.2, 0.1], [0.0, 0.0]])

    figure = contour_figure(bowl, path, title="A bowl", labels=("a", "b"))

    axes = figure.axes[0]
    assert axes.get_xlabel() == "a"
    assert axes.get_ylabel() == "b"
    assert "A bowl" in words_of(figure)
    drawn = axes.get_lines()[1]
    np.testing.assert_array_equal(np.column_stack(drawn.get_data()), path)
    assert figure.axes[1].get_ylabel() == "loss"


def test_a_wide_range_is_drawn_in_logarithms_unless_asked_otherwise(bowl):
    wide = replace(bowl, losses=np.exp(8 * bowl.losses))

    levels = [contour_figure(wide, log=log).axes[0].collections[0].levels for log in (None, False)]

    assert levels[0][1] / levels[0][0] == pytest.approx(levels[0][2] / levels[0][1])
    assert levels[1][1] - levels[1][0] == pytest.approx(levels[1][2] - levels[1][1])


def test_logarithms_of_losses_that_reach_zero_begin_at_the_lowest_above(bowl):
    figure = contour_figure(replace(bowl, losses=bowl.losses - 0.1), log=True)

    assert figure.axes[0].collections[0].levels[0] == pytest.approx(2 * 0.1**2 / 2)


def test_what_is_not_finite_is_hatched_and_named(broken, bowl):
    assert "hatched: not finite" in words_of(contour_figure(broken))
    assert "hatched: not finite" not in words_of(contour_figure(bowl))


@pytest.mark.parametrize("value", [np.nan, 2.3])
def test_nothing_finite_and_one_value_everywhere_are_drawn_too(bowl, value):
    flat = replace(bowl, losses=np.full((21, 21), value), centre=value)

    contour_figure(flat).canvas.draw()
    assert "Plotly" in surface_page(flat)


def test_several_lines_are_their_median_and_a_band():
    lines = [Line(GRID, GRID**2 * k, 21) for k in (1, 2, 4)]

    axes = line_figure(lines, xlabel="step").axes[0]

    np.testing.assert_allclose(axes.get_lines()[0].get_ydata(), 2 * GRID**2)
    (band,) = axes.collections
    assert band.get_paths()[0].vertices[:, 1].max() == 4
    assert axes.get_xlabel() == "step"


def test_a_line_marks_where_it_is_not_finite():
    losses = np.where(GRID > 0.85, np.inf, GRID**2)

    axes = line_figure([Line(GRID, losses, 21)], log=True).axes[0]

    assert len(axes.patches) == 2
    assert axes.get_yscale() == "log"


def test_a_gap_reaches_half_of_the_way_to_the_next_places_however_far_they_are():
    at = np.array([-0.5, 0.0, 0.1, 0.2, 1.0])

    axes = line_figure([Line(at, np.array([1.0, 1.0, np.nan, 1.0, np.nan]), 5)]).axes[0]

    spans = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches]
    assert spans == [pytest.approx((0.05, 0.15)), pytest.approx((0.6, 1.4))]


def test_a_line_without_any_loss_above_zero_has_no_logarithm():
    axes = line_figure([Line(GRID, GRID * np.nan, 21)], log=True).axes[0]

    assert axes.get_yscale() == "linear"


def test_one_place_has_no_contours(bowl):
    one = replace(bowl, x=GRID[:1], y=GRID[:1], losses=np.ones((1, 1)))

    with pytest.raises(ValueError, match="2 x 2 places or more, but has 1 x 1"):
        contour_figure(one)


def test_a_centre_beside_the_places_is_not_marked_where_no_place_is_finite(bowl):
    page = surface_page(replace(bowl, losses=np.full((21, 21), np.nan), centre=1.0))

    assert '"mode":"lines+markers"' not in page.rpartition("Plotly.newPlot")[2]


def test_lines_at_different_places_and_no_lines_are_refused():
    with pytest.raises(ValueError, match="same places"):
        line_figure([Line(GRID, GRID, 21), Line(2 * GRID, GRID, 21)])
    with pytest.raises(ValueError, match="at least one"):
        line_figure([])


def test_a_spectrum_has_a_band_and_marks_known_eigenvalues():
    density = np.exp(-(GRID**2))

    figure = spectrum_figure(
        GRID, density, lower=density / 2, upper=2 * density, eigenvalues=[0.5, 0.9]
    )

    axes = figure.axes[0]
    assert axes.get_yscale() == "log"
    assert len(axes.collections) == 1
    assert axes.get_lines()[1].get_xdata().tolist() == [0.5, 0.9]
    assert "▲ known eigenvalues" in words_of(figure)


def test_a_path_stands_beside_the_straight_line():
    figure = path_figure(GRID, 0.1 + 0 * GRID, straight=1 - GRID**2)

    assert [len(axes.get_lines()) for axes in figure.axes] == [2]
    assert {"path", "straight line"} <= set(words_of(figure))


def test_pictures_survive_as_svg(bowl, broken, tmp_path):
    for k, figure in enumerate([contour_figure(bowl), contour_figure(broken)]):
        figure.savefig(tmp_path / f"{k}.svg")
        assert "<svg" in (tmp_path / f"{k}.svg").read_text()


@pytest.mark.browser
@pytest.mark.slow
def test_the_surface_opens_offline_and_its_words_follow_the_readers_colours(
    browser, broken, tmp_path: Path
):
    file = tmp_path / "surface.html"
    write_surface(file, broken, [[0.5, 0.5], [0, 0]], title="A <bowl>")
    # Without a graphics card each pixel costs; nothing here depends on how many there are.
    small = {"width": 320, "height": 240}
    context = browser.new_context(offline=True, color_scheme="dark", viewport=small)
    page, asked, faults = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    ink = "document.getElementById('surface').layout.font.color"

    page.goto(file.as_uri())
    page.wait_for_function("document.querySelector('#surface canvas') !== null")
    traces = page.evaluate("document.getElementById('surface').data.map(t => t.type)")
    page.wait_for_function(f"{ink} === '#eeeeee'")
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"{ink} === '#222222'")

    assert traces == ["surface", "surface", "scatter3d"]
    assert asked == [file.as_uri()]
    assert faults == []
    assert page.locator("h1").inner_text() == "A <bowl>"
    assert "Grey: not finite" in page.locator("p").inner_text()
    context.close()
    assert [path.name for path in tmp_path.iterdir()] == ["surface.html"]


def test_how_far_a_trajectory_lies_beside_the_plane_is_drawn(bowl):
    path = np.array([[0.5, 0.5], [0.2, 0.1], [0.0, 0.0]])

    figure = contour_figure(bowl, path, distances=[0.1, 0.4, 0.0])

    rings = figure.axes[0].collections[-1]
    assert rings.get_sizes() == pytest.approx([50, 200, 0])
    assert any("at most 0.4 (point 1)" in word for word in words_of(figure))
