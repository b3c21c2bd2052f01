"""A written answer that is not where it was asked for is found, and it is said."""

import json

import nbformat
import pytest

from autograder.grading.notebooks import composed, grade_id, read
from tests.autograder import tiny_class as tiny


def stripped(cells, essay):
    essay.metadata = {}


def turned_into_code(cells, essay):
    essay.cell_type, essay.outputs, essay.execution_count = "code", [], None


def in_a_cell_below(cells, essay):
    own = nbformat.v4.new_markdown_cell(essay.source, id="own")
    cells.insert(cells.index(essay) + 1, own)
    essay.source = "*Your answer here.*"


def behind_an_empty_copy(cells, essay):
    first = nbformat.from_dict(essay)
    first.source = ""
    cells.insert(cells.index(essay), first)


HIDDEN = [stripped, turned_into_code, in_a_cell_below, behind_an_empty_copy]


@pytest.mark.parametrize("hide", HIDDEN)
def test_an_answer_that_went_astray_is_found_and_said(released_exercise, hide):
    given, text = released_exercise
    written = nbformat.reads(text, as_version=4)
    (essay,) = (cell for cell in written.cells if cell.id == "tiny-essay")
    hide(written.cells, essay)

    found = composed(read(json.dumps(written).encode()), given)

    (answer,) = (cell for cell in found.notebook.cells if grade_id(cell) == "tiny-essay")
    assert (answer.cell_type, answer.source) == ("markdown", "My words.")
    assert any("'tiny-essay'" in oddity for oddity in found.integrity)


def test_an_answer_that_nobody_wrote_is_not_found(released_exercise):
    given, _ = released_exercise

    found = composed(read(nbformat.writes(given).encode()), given)

    (answer,) = (cell for cell in found.notebook.cells if grade_id(cell) == "tiny-essay")
    assert "Your answer here" in answer.source
    assert found.integrity == []


@pytest.fixture
def released_exercise(folders):
    """What was given out, and the same with answers in it."""
    given = nbformat.reads(folders.exercise("tiny").read_text(), as_version=4)
    return given, tiny.notebook(folders, "answer = 1")
