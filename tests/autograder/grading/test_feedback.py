"""Feedback shows points, words and a curve; what students wrote stays text."""

import math
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, replace
from itertools import pairwise

import nbformat
import pytest
import torch

from autograder.checks.check import Curve, Finding
from autograder.grading.curve_svg import _ticks, drawn
from autograder.grading.feedback import BOOK_VARIABLE, line, show
from autograder.sandbox.session import CellRun


@dataclass(frozen=True)
class Asked:
    id: str = "focal.values"
    cell: str = "focal-check"
    points: float = 3.0
    costly: bool = False


WRONG = Finding("failed", 1 / 3, "You <sum>.", "sum", "classification/focal.html#a")


@pytest.fixture
def notebook():
    mark = {"grade_id": "focal-check", "grade": True, "solution": False, "points": 3}
    made = nbformat.v4.new_notebook()
    made.cells = [
        nbformat.v4.new_markdown_cell("text", id="text"),
        nbformat.v4.new_code_cell("1 + 1", id="own-1"),
        nbformat.v4.new_code_cell('check("x")', id="focal-check", metadata={"nbgrader": mark}),
    ]
    return made


def shown(notebook, *judged):
    output = {"output_type": "stream", "name": "stdout", "text": "2\n"}
    return show(notebook, [CellRun("own-1", "ok", [output])], judged)


def html_of(notebook):
    return notebook.cells[2].outputs[0]["data"]["text/html"]


def test_what_a_cell_printed_stands_below_it(notebook):
    assert shown(notebook).cells[1].outputs[0].text == "2\n"


def test_a_graded_cell_shows_points_words_and_a_link(notebook, monkeypatch):
    monkeypatch.setenv(BOOK_VARIABLE, "https://books.example.org/losses/")

    page = html_of(shown(notebook, (Asked(), WRONG)))

    assert "1 of 3 points" in page
    assert 'href="https://books.example.org/losses/classification/focal.html#a"' in page


def test_words_of_students_are_escaped(notebook):
    page = html_of(shown(notebook, (Asked(), WRONG)))

    assert "You &lt;sum&gt;." in page
    assert "<sum>" not in page


def test_what_passed_needs_no_link(notebook):
    passed = Finding("passed", 1.0, link="classification/focal.html")

    assert "href" not in html_of(shown(notebook, (Asked(), passed)))


def test_all_checks_of_a_cell_are_in_one_output(notebook):
    found = shown(notebook, (Asked(), WRONG), (Asked("focal.more"), Finding("passed", 1.0)))

    assert len(found.cells[2].outputs) == 1
    assert found.cells[2].outputs[0]["data"]["text/plain"].count("\n") == 1


def test_a_graded_cell_that_no_check_asked_about_says_so(notebook):
    assert "not checked" in shown(notebook).cells[2].outputs[0].text


def test_the_notebook_that_was_run_is_not_changed_and_the_shown_one_is_valid(notebook):
    before = nbformat.writes(notebook)

    nbformat.validate(shown(notebook, (Asked(), WRONG)))

    assert nbformat.writes(notebook) == before


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        (Finding("passed", 1.0), "✓ focal.values 3/3"),
        (WRONG, "✗ focal.values 1/3 You <sum>."),
        (Finding("missing", 0.0, "Not yet."), "✗ focal.values 0/3 Not yet."),
    ],
)
def test_a_finding_is_one_line_in_the_terminal(finding, said):
    assert line(Asked(), finding) == said


def test_one_mistake_is_drawn_once(notebook):
    x = torch.linspace(-1, 1, 5)
    drawn_twice = replace(WRONG, curve=Curve("a logit", x, x, x**2))

    page = html_of(shown(notebook, (Asked(), drawn_twice), (Asked("focal.more"), drawn_twice)))

    assert page.count("<svg") == 1
    assert page.count("You &lt;sum&gt;.") == 2


def points_of(svg):
    """The places of each line's points, in the order: right, then theirs."""
    lines = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}polyline")
    return [
        [tuple(map(float, place.split(","))) for place in line.get("points").split()]
        for line in lines
    ]


def test_both_curves_lie_in_the_frame_at_their_heights():
    x = torch.tensor([0.0, 1.0, 2.0, 4.0])

    right, theirs = points_of(drawn(Curve("a logit", x, -x, x)))

    across, heights = zip(*right, strict=True)
    assert across == pytest.approx([0, across[-1] / 4, across[-1] / 2, across[-1]])
    assert heights[0] == theirs[0][1]
    assert heights[3] - heights[0] == pytest.approx(-(theirs[3][1] - theirs[0][1]))
    assert heights[3] < heights[0] < theirs[3][1]


def test_a_line_is_broken_where_it_has_no_value():
    x = torch.arange(5.0)
    holed = torch.tensor([0.0, 1.0, torch.nan, torch.inf, 4.0])

    _, first, last = points_of(drawn(Curve("a logit", x, holed, x)))

    assert (len(first), len(last)) == (2, 1)


def test_a_curve_that_leaves_the_right_one_far_behind_does_not_flatten_it():
    x = torch.linspace(0, 1, 5)

    right, theirs = points_of(drawn(Curve("a logit", x, 1e6 * x, x)))

    heights = [height for _, height in right]
    assert max(heights) - min(heights) > 40
    assert theirs[-1][1] < 0


@pytest.mark.parametrize("low", [-3e-5, 0.0, 17.0])
@pytest.mark.parametrize("width", [1e-6, 1.0, 2.5e5])
def test_the_axis_has_a_few_round_numbers(low, width):
    ticks = _ticks(low, low + width)

    assert 3 <= len(ticks) <= 7
    assert all(low - 1e-9 * width <= tick <= low + width * (1 + 1e-9) for tick in ticks)
    assert all(len(f"{(b - a) / width:.3g}") <= 6 for a, b in pairwise(ticks))


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 1e300, 0.5])
def test_a_curve_is_drawn_whatever_the_student_returned(wrong):
    x = torch.linspace(-1, 1, 5, dtype=torch.float64)

    svg = drawn(Curve("a logit < 3", x, torch.full_like(x, wrong), x**2))

    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == "Your function and the right one over a logit < 3"
    assert ("yours is not finite" in svg) == (not math.isfinite(wrong))
