"""What was handed in is run whole; what must not be changed is put back; what was odd is said."""

import contextlib
import copy
import json

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.grading.notebooks import (
    MOST_BYTES,
    UnreadableError,
    composed,
    experiments,
    grade_id,
    is_answer,
    is_test,
    read,
)

KINDS = {"given": (False, False), "answer": (False, True), "test": (True, False)}


def cell(kind, name, source):
    grade, solution = KINDS[kind]
    mark = {"grade_id": name, "grade": grade, "solution": solution, "locked": not solution}
    mark |= {"points": 1} if grade else {}
    return nbformat.v4.new_code_cell(source, id=name, metadata={"nbgrader": mark})


def notebook(*cells):
    made = nbformat.v4.new_notebook()
    made.cells = [copy.deepcopy(cell) for cell in cells]
    return made


@pytest.fixture
def template():
    return notebook(
        cell("given", "imports", "import torch"),
        nbformat.v4.new_markdown_cell("Write f.", id="text"),
        cell("answer", "f", "raise NotImplementedError()"),
        cell("test", "f-check", 'check("f")'),
        cell("answer", "g", "raise NotImplementedError()"),
    )


def sources(found):
    return {grade_id(c) or c.id: c.source for c in found.notebook.cells}


def test_an_untouched_file_has_nothing_odd(template):
    found = composed(template, template)

    assert found.integrity == []
    assert [c.source for c in found.notebook.cells] == [c.source for c in template.cells]


def test_answers_and_cells_of_the_students_own_are_kept_in_her_order(template):
    own = nbformat.v4.new_code_cell("helper = 1", id="mine")
    answered = cell("answer", "g", "def g(): return helper")

    found = composed(notebook(template.cells[0], answered, own, *template.cells[2:4]), template)

    assert [c.source for c in found.notebook.cells] == [
        "import torch",
        "def g(): return helper",
        "helper = 1",
        "raise NotImplementedError()",
        'check("f")',
    ]
    assert found.integrity == []


def test_a_locked_cell_that_was_changed_is_put_back(template):
    template.cells[0].source, original = "import torch", template.cells[0].source
    tampered = notebook(cell("given", "imports", "import os"), cell("test", "f-check", "pass"))

    found = composed(tampered, template)

    assert sources(found)["imports"] == original
    assert sources(found)["f-check"] == 'check("f")'
    assert "The cell 'imports' was changed; the original was used." in found.integrity


def test_a_missing_graded_cell_stands_where_it_belongs(template):
    without = notebook(*(c for c in template.cells if grade_id(c) != "f-check"))

    found = composed(without, template)

    order = [grade_id(c) for c in found.notebook.cells]
    assert order.index("f-check") == order.index("f") + 1
    assert found.integrity == ["The cell 'f-check' is missing."]


def test_a_missing_answer_is_empty_not_solved(template):
    found = composed(notebook(*template.cells[:2]), template)

    assert sources(found)["f"] == ""
    assert "The cell 'f' is missing." in found.integrity


def test_a_copied_answer_is_run_twice_and_said_once(template):
    first, second = cell("answer", "f", "a = 1"), cell("answer", "f", "a = 2")

    found = composed(notebook(first, second, *template.cells[3:]), template)

    assert [c.source for c in found.notebook.cells if c.source.startswith("a")] == [
        "a = 1",
        "a = 2",
    ]
    assert sum(grade_id(c) == "f" for c in found.notebook.cells) == 1
    assert "The cell 'f' is there 2 times; all were run, in their order." in found.integrity


def test_a_copied_test_counts_once(template):
    found = composed(notebook(*template.cells, template.cells[3]), template)

    assert sum(is_test(c) for c in found.notebook.cells) == 1


def test_a_renamed_answer_is_still_run(template):
    renamed = cell("answer", "f-2", "def f(): pass")

    found = composed(notebook(renamed), template)

    assert "def f(): pass" in [c.source for c in found.notebook.cells]
    assert "The cell 'f-2' is not in the assignment; it was run as it is." in found.integrity


def test_an_answer_that_is_no_longer_code_is_run_as_code_and_said(template):
    text = nbformat.v4.new_markdown_cell("def f(): ...", metadata=template.cells[2].metadata)

    found = composed(notebook(text), template)

    assert "The cell 'f' is no longer code; it was read as code." in found.integrity
    assert sources(found)["f"] == "def f(): ..."


def test_what_a_student_wrote_cannot_pose_as_a_graded_cell(template):
    forged = cell("test", "bonus", "1e9")

    found = composed(notebook(*template.cells, forged), template)

    assert "bonus" not in {grade_id(c) for c in found.notebook.cells}


def test_outputs_that_were_handed_in_are_gone(template):
    answered = cell("answer", "f", "1")
    answered.outputs = [nbformat.v4.new_output("stream", text="20 of 20 points")]

    found = composed(notebook(answered), template)

    assert all(not c.get("outputs") for c in found.notebook.cells)


def test_a_picture_pasted_into_a_text_is_kept(template):
    picture = {"plot.png": {"image/png": "aGVsbG8="}}
    own = nbformat.v4.new_markdown_cell("![](attachment:plot.png)", attachments=picture)

    found = composed(notebook(*template.cells, own), template)

    assert found.notebook.cells[-1].attachments == picture


def test_an_assignments_experiments_are_its_unmarked_code(template):
    template.cells.append(nbformat.v4.new_code_cell("experiment()"))

    assert experiments(template) == {"experiment()"}


def test_the_files_that_were_given_are_not_changed(template):
    before = nbformat.writes(template)

    composed(notebook(cell("answer", "f", "x")), template)

    assert nbformat.writes(template) == before


@given(st.permutations(range(5)), st.lists(st.integers(0, 4), max_size=4))
def test_however_cells_are_moved_copied_or_dropped_each_graded_cell_is_there_once(order, copies):
    given_out = notebook(
        cell("given", "imports", "import torch"),
        nbformat.v4.new_markdown_cell("Write f."),
        cell("answer", "f", "raise NotImplementedError()"),
        cell("test", "f-check", 'check("f")'),
        cell("answer", "g", "raise NotImplementedError()"),
    )
    picked = [given_out.cells[number] for number in [*order[:3], *copies]]

    found = composed(notebook(*picked), given_out)

    names = [grade_id(c) for c in found.notebook.cells if grade_id(c)]
    assert sorted(names) == ["f", "f-check", "g", "imports"]
    nbformat.validate(found.notebook)


# --- reading ------------------------------------------------------------------------------------


def test_a_notebook_is_read_as_it_is(template):
    found = read(nbformat.writes(template).encode())

    assert [c.source for c in found.cells] == [c.source for c in template.cells]
    assert is_answer(found.cells[2])


def test_copied_cells_that_share_an_id_are_no_fault(template):
    text = json.dumps(notebook(template.cells[2], template.cells[2]))

    assert len(read(text.encode()).cells) == 2


def test_an_old_notebook_is_converted():
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": []}
    code = {"cell_type": "code", "language": "python", "input": "x = 1", "outputs": []}
    old["worksheets"] = [{"cells": [code | {"metadata": {}, "collapsed": False}], "metadata": {}}]

    assert read(json.dumps(old).encode()).cells[0].source == "x = 1"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"3",
        b'"cells"',
        b"{}",
        b'{"cells": 3, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
        b'{"cells": [3], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
        b'{"cells": [{"id": 1}], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
        b'{"cells": [], "nbformat": "four", "metadata": {}}',
        b'{"cells": [], "nbformat": 999, "nbformat_minor": 0, "metadata": {}}',
        b"\xff\xfe\x00 not text",
        b"[" * 100_000,
        b'{"cells": ' + b"[" * 100_000 + b"}",
    ],
)
def test_what_is_no_notebook_is_refused_in_a_sentence(raw):
    with pytest.raises(UnreadableError, match="notebook"):
        read(raw)


def test_a_huge_file_is_refused_before_it_is_parsed():
    with pytest.raises(UnreadableError, match="must be at most 20 MB, but this one has 21 MB"):
        read(b"{" * (MOST_BYTES + 2**20))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw):
    with contextlib.suppress(UnreadableError):
        assert read(raw).cells is not None
