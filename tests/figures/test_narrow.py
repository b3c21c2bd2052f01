"""A figure is laid out again for a phone, if the outcome is clean."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lossedu.figures import show, use_style
from lossedu.figures.narrow import WIDTH, narrowed

WORDS = {"name": "n", "caption": "c", "alt": "a"}
LONG = "A title of so many words that it cannot stand on one line of a phone"


@pytest.fixture(autouse=True)
def style_of_its_own():
    with plt.rc_context():
        use_style()
        yield
    plt.close("all")


def test_a_plain_figure_becomes_as_wide_as_a_phone():
    figure, axes = plt.subplots()
    axes.plot([0, 1], [0, 1])

    assert narrowed(figure)
    assert figure.get_figwidth() == WIDTH


def test_panels_of_a_row_come_to_stand_above_one_another():
    figure, panels = plt.subplots(1, 3, figsize=(9, 3), sharey=True)

    assert narrowed(figure)
    figure.draw_without_rendering()
    tops = [axes.bbox.y1 for axes in panels]
    assert tops == sorted(tops, reverse=True)
    assert len({round(axes.bbox.x0) for axes in panels}) == 1
    assert figure.get_figheight() > 6


def test_a_long_title_breaks_at_blanks():
    figure, axes = plt.subplots(figsize=(7, 3))
    axes.set_title(LONG)

    assert narrowed(figure)
    title = axes.get_title(loc="left")
    assert title.split() == LONG.split()
    assert title.count("\n") >= 1


def test_a_long_name_of_an_axis_breaks_at_blanks():
    figure, axes = plt.subplots(figsize=(7, 3))
    axes.set(xlabel=LONG, ylabel="so long a name is higher than its axes are on a phone")

    assert narrowed(figure)
    assert axes.get_xlabel().split() == LONG.split()
    assert axes.get_xlabel().count("\n") >= 1
    assert axes.get_ylabel().count("\n") >= 1


def grid_of_four():
    return plt.subplots(2, 2)[0]


def colour_bar():
    figure, axes = plt.subplots()
    figure.colorbar(axes.imshow(np.eye(3)), ax=axes)
    return figure


def crowded():
    figure, axes = plt.subplots(figsize=(8, 3))
    axes.bar(["a first long name", "a second long name", "a third long name"], [1, 2, 3])
    return figure


def label_on_a_curve():
    figure, axes = plt.subplots()
    axes.plot([0, 1], [0, 1])
    axes.annotate("across", (0.5, 0.5), ha="center", va="center")
    return figure


def as_narrow_as_a_phone():
    return plt.subplots(figsize=(3, 2))[0]


@pytest.mark.parametrize(
    "make", [grid_of_four, colour_bar, crowded, label_on_a_curve, as_narrow_as_a_phone]
)
def test_what_would_not_come_out_clean_is_left_to_scrolling(make):
    assert not narrowed(make())


def test_a_page_gets_both_drawings_and_hides_the_narrow_one_by_itself():
    figure, axes = plt.subplots()
    axes.plot([0, 1], [0, 1])

    page = show(figure, **WORDS).html

    assert page.count("<svg ") == 2
    assert '<div class="narrow" style="display:none">' in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_letters_are_never_shown_smaller_than_ten_pixels():
    figure, _ = plt.subplots(2, 2, figsize=(8, 6))
    figure.axes[0].annotate("small", (0.5, 0.5), fontsize=6)

    page = show(figure, **WORDS).html

    # 8 inches are 576 points; letters of 6 points reach 10 pixels at 960 pixels.
    assert 'style="min-width:960px"' in page
