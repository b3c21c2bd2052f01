"""Names of curves stand where no curve runs through them."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lossedu.figures import direct_label, use_style
from lossedu.figures.labels import crossed


@pytest.fixture(autouse=True)
def style_of_its_own():
    with plt.rc_context():
        use_style()
        yield
    plt.close("all")


@pytest.fixture
def axes():
    return plt.subplots()[1]


X = np.linspace(-4, 4, 81)


def drawn(axes):
    axes.figure.draw_without_rendering()
    return crossed(axes.figure)


def test_a_plain_text_on_a_curve_is_reported(axes):
    axes.plot(X, X)
    axes.annotate("on the line", (0, 0), ha="center", va="center")
    axes.annotate("beside it", (-3, 3))

    assert drawn(axes) == ["on the line"]


def test_a_text_upon_a_text_is_reported(axes):
    axes.annotate("one", (0.5, 0.5))
    axes.annotate("two", (0.5, 0.5))

    assert drawn(axes) == ["two"]


def test_a_label_that_would_be_crossed_moves_along_its_curve(axes):
    (wave,) = axes.plot(X, np.sin(3 * X))
    (slope,) = axes.plot(X, X / 4)
    labels = [
        direct_label(axes, wave, "a wave", 0, dy=0),
        direct_label(axes, slope, "a slope", 0, dy=0),
    ]

    assert drawn(axes) == []
    for label, line in zip(labels, (wave, slope), strict=True):
        ends = line.get_xydata()
        assert np.min(np.hypot(*(ends - label.xy).T)) == 0, "it stands beside its own curve"


def test_a_label_whose_place_is_free_stays_there(axes):
    (line,) = axes.plot(X, 0 * X)
    label = direct_label(axes, line, "flat", -2, dx=3, dy=10)

    assert drawn(axes) == []
    assert label.xy == pytest.approx((-2, 0))
    assert label.get_position() == (3, 10)


def test_a_label_stays_inside_the_axes(axes):
    (line,) = axes.plot(X, X)
    label = direct_label(axes, line, "a rather long name", 4)

    assert drawn(axes) == []
    box = label.get_window_extent()
    assert axes.bbox.x0 <= box.x0
    assert box.x1 <= axes.bbox.x1


def test_a_label_finds_a_new_place_when_the_figure_becomes_narrow(axes):
    (line,) = axes.plot(X, X**2)
    label = direct_label(axes, line, "at home in the bowl", 0, dx=-40, dy=60)
    assert drawn(axes) == []
    before = label.get_position()

    axes.figure.set_size_inches(2.6, 3)

    assert drawn(axes) == []
    assert label.get_position() != before


def test_where_no_place_is_free_the_label_stays_as_asked_and_is_reported(axes):
    lines = [axes.plot(X, 0 * X + k)[0] for k in np.linspace(0, 1, 60)]
    label = direct_label(axes, lines[30], "no room", 0)

    assert drawn(axes) == ["no room"]
    assert label.get_position() == (0, 6)


def test_gaps_of_a_curve_are_no_places(axes):
    (line,) = axes.plot(X, np.where(np.abs(X) < 1, np.nan, X))
    label = direct_label(axes, line, "broken", 0)

    assert drawn(axes) == []
    assert np.isfinite(label.xy).all()
