"""Both assignments: notebook, rubric and book agree, and the student sees no answer."""

import ast
import re
from functools import cache

from lossedu import catalog
from tests.autograder.rubrics.both_assignments import BANKS, NOTEBOOKS, ROOT, RUBRICS, TEXTS, both

BY_HAND = {"ranking": 4, "design": 7}


def marks(assignment):
    return {
        cell.id: cell.metadata.get("nbgrader", {})
        for cell in NOTEBOOKS[assignment].cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    }


@both
def test_points_of_headings_cells_and_rubric_agree(assignment):
    points = {name: mark["points"] for name, mark in marks(assignment).items()}
    by_hand = sum(mark["points"] for mark in marks(assignment).values() if mark["solution"])
    headings = re.findall(r"^## \d\. .*\((\d+) points?", TEXTS[assignment], re.MULTILINE)

    for name, mark in marks(assignment).items():
        if not mark["solution"]:
            assert points[name] == sum(one.points for one in RUBRICS[assignment].of_cell(name))
    assert (sum(points.values()), by_hand) == (28, BY_HAND[assignment])
    assert sum(map(int, headings)) == 28
    assert f"**Points:** 28, of which {by_hand} are marked by hand" in TEXTS[assignment]


@both
def test_each_graded_cell_is_one_line_that_names_a_check_of_that_cell(assignment):
    sources = {cell.id: cell.source for cell in NOTEBOOKS[assignment].cells}
    machine = {name for name, mark in marks(assignment).items() if not mark["solution"]}

    assert {check.cell for check in RUBRICS[assignment].checks} == machine
    for check in RUBRICS[assignment].checks:
        assert sources[check.cell] == f'check("{check.id}")'


@both
def test_the_student_sees_neither_answers_nor_the_library(assignment):
    cells = NOTEBOOKS[assignment].cells
    code = [cell for cell in cells if cell.cell_type == "code"]

    assert code[0].source == (
        "import math\n\nimport torch\nfrom torch.nn import functional as F\n\n"
        "from autograder import check"
    )
    for cell in code:
        assert "lossedu" not in cell.source
        assert len(cell.source.splitlines()) <= 40
        ast.parse(cell.source)


@both
def test_every_mistake_links_to_a_place_that_exists(assignment):
    for mistake in BANKS[assignment].mistakes:
        page, _, anchor = mistake.link.partition("#")
        assert anchor in anchors(page), mistake.link


@cache
def anchors(page):
    text = (ROOT / "book" / page.replace(".html", ".md")).read_text()
    if page == "reference/glossary.html":
        terms = re.findall(r"^([A-Za-z].*)\n  ", text, re.MULTILINE)
        return {"term-" + term.replace(" ", "-") for term in terms}
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    if page == "reference/loss-atlas.html":
        headings += [spec.title for spec in catalog.specs().values()]
    return {re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-") for heading in headings}
