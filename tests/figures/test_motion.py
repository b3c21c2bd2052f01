"""Points follow their paths, unless a reader asked for stillness."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lossedu.figures import show_moving, use_style

WORDS = {"name": "roll", "caption": "It rolls.", "alt": "A point rolls."}
PATH = [[0.0, 0.0], [1.0, 3.0], [4.0, 4.0]]


@pytest.fixture(autouse=True)
def style_of_its_own():
    with plt.rc_context():
        use_style()
        yield
    plt.close("all")


def figure_and_point(width=3.0):
    figure, axes = plt.subplots(figsize=(width, 2))
    axes.set(xlim=(-1, 5), ylim=(-1, 5))
    (point,) = axes.plot([], [], "o")
    return figure, point


def page_of(path):
    figure, point = figure_and_point()
    return show_moving(figure, {point: path}, **WORDS).html


def test_the_keyframes_lead_along_the_path_to_where_the_point_is_drawn():
    page = page_of(PATH)

    moves = re.findall(r"translate\((-?[\d.]+)px, (-?[\d.]+)px\)", page)
    offsets = np.array(moves, dtype=float)
    scale = offsets[0] / (-4, 4)  # pictures count downwards
    assert scale[0] > 10
    assert scale[1] > 10
    assert offsets == pytest.approx((np.array(PATH) - PATH[-1]) * scale * (1, -1), abs=0.02)
    assert 'id="roll-moving-0"' in page
    assert "#roll-moving-0 { animation" in page


def test_as_many_paths_as_there_are_points():
    figure, axes = plt.subplots(figsize=(3, 2))
    points = [axes.plot([], [], "o")[0] for _ in range(3)]

    page = show_moving(figure, dict.fromkeys(points, PATH), **WORDS).html

    assert len(re.findall("@keyframes", page)) == 3


@pytest.mark.parametrize("path", [[[0, 0]], [0, 1, 2], [[0, 0, 0], [1, 1, 1]]])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(ValueError, match="paths must hold two places or more, as pairs"):
        page_of(path)


def test_a_figure_that_a_phone_would_shrink_is_refused():
    figure, point = figure_and_point(width=5)

    with pytest.raises(ValueError, match=r"figure must be at most 3.75 inches wide, but is 5\."):
        show_moving(figure, {point: PATH}, **WORDS)


@pytest.fixture
def opened(browser, tmp_path):
    contexts = []

    def open_page(motion):
        file = tmp_path / "page.html"
        file.write_text(page_of(PATH), encoding="utf-8")
        contexts.append(browser.new_context(reduced_motion=motion))
        page = contexts[-1].new_page()
        page.goto(file.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


RUNNING = "document.getAnimations().filter(a => a.playState === 'running').length"


@pytest.mark.browser
def test_the_point_moves_until_the_reader_stops_it(opened):
    page = opened("no-preference")
    assert page.evaluate(RUNNING) == 1

    page.get_by_role("button", name="Pause").click()
    assert page.evaluate(RUNNING) == 0

    page.get_by_role("button", name="Play").click()
    assert page.evaluate(RUNNING) == 1


@pytest.mark.browser
def test_nothing_moves_for_readers_who_asked_for_less_motion(opened):
    page = opened("reduce")

    assert page.evaluate("document.getAnimations().length") == 0
    assert page.get_by_role("button").count() == 0
