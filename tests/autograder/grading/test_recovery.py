"""A written answer that is not where it was asked for is found, and it is said."""

import json

import nbformat
import pytest

from autograder.grading.marks import UNDECIDED
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


def turned_into_raw_text(cells, essay):
    essay.cell_type = "raw"


def without_metadata_and_ids(cells, essay):
    for number, cell in enumerate(cells):
        cell.metadata, cell.id = {}, f"new-{number}"


def without_metadata_as_code(cells, essay):
    without_metadata_and_ids(cells, essay)
    turned_into_code(cells, essay)


def renamed(cells, essay):
    essay.metadata.nbgrader.grade_id, essay.id = "another", "another"


HIDDEN = [
    stripped,
    turned_into_code,
    turned_into_raw_text,
    in_a_cell_below,
    behind_an_empty_copy,
    without_metadata_and_ids,
    without_metadata_as_code,
    renamed,
]


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


def at_the_top(cells, essay):
    cells.insert(0, nbformat.v4.new_markdown_cell("My words.", id="own"))


def as_comments(cells, essay):
    cells.insert(1, nbformat.v4.new_code_cell("# My words.", id="own"))


def as_words_in_a_code_cell(cells, essay):
    cells.insert(1, nbformat.v4.new_code_cell("My words, in code.", id="own"))


def within_the_text_of_the_assignment(cells, essay):
    cells[0].source += "\n\nMy words."


ELSEWHERE = [
    at_the_top,
    as_comments,
    as_words_in_a_code_cell,
    within_the_text_of_the_assignment,
]


@pytest.mark.parametrize("essays", ["empty", "gone"])
@pytest.mark.parametrize("place", ELSEWHERE)
def test_text_that_may_be_the_answer_is_left_to_the_teacher_and_said(
    released_exercise, place, essays
):
    given, _ = released_exercise
    written = nbformat.from_dict(given)
    (essay,) = (cell for cell in written.cells if cell.id == "tiny-essay")
    place(written.cells, essay)
    if essays == "gone":
        written.cells.remove(essay)

    found = composed(read(nbformat.writes(written).encode()), given)

    assert undecided(found) == ["tiny-essay"]
    assert any("for the teacher to say" in oddity for oddity in found.integrity)
    assert any("My words" in cell.source for cell in found.notebook.cells), "she can read it"


def code_of_her_own(cells):
    cells.insert(1, nbformat.v4.new_code_cell("import torch\ntorch.ones(2)  # to try", id="own"))


def an_empty_cell(cells):
    cells.append(nbformat.v4.new_markdown_cell("  ", id="own"))


def a_mark_of_her_own(cells):
    (essay,) = (cell for cell in cells if cell.id == "tiny-essay")
    essay.metadata[UNDECIDED] = True


@pytest.mark.parametrize("change", [code_of_her_own, an_empty_cell, a_mark_of_her_own])
def test_an_answer_that_nobody_wrote_does_not_wait(released_exercise, change):
    given, _ = released_exercise
    written = nbformat.from_dict(given)
    change(written.cells)

    found = composed(read(nbformat.writes(written).encode()), given)

    assert undecided(found) == []


def test_a_solution_that_became_text_without_a_name_is_run(released_exercise):
    given, text = released_exercise
    written = nbformat.reads(text, as_version=4)
    (answer,) = (number for number, c in enumerate(written.cells) if c.id == "tiny-answer")
    written.cells[answer] = nbformat.v4.new_markdown_cell("answer = 1", id="own")

    found = composed(read(nbformat.writes(written).encode()), given)

    (run,) = (cell for cell in found.notebook.cells if grade_id(cell) == "tiny-answer")
    assert (run.cell_type, run.source) == ("code", "answer = 1")
    assert any("known by its place" in oddity for oddity in found.integrity)


def undecided(found):
    return [grade_id(cell) for cell in found.notebook.cells if UNDECIDED in cell.metadata]


@pytest.fixture
def released_exercise(folders):
    """What was given out, and the same with answers in it."""
    given = nbformat.reads(folders.exercise("tiny").read_text(), as_version=4)
    return given, tiny.notebook(folders, "answer = 1")
