"""A notebook that lacks what its format asks for is read all the same, and it is said."""

import copy
import json
from pathlib import Path

import nbformat
import pytest

from autograder.grading.notebooks import UnreadableError, composed, grade_id, read_and_repaired

ROOT = Path(__file__).parents[3]
WHOLE = json.loads((ROOT / "exercises" / "focal" / "focal.ipynb").read_text(encoding="utf-8"))
CODE = next(n for n, cell in enumerate(WHOLE["cells"]) if cell["cell_type"] == "code")


@pytest.fixture
def notebook():
    return copy.deepcopy(WHOLE)


def read(content):
    return read_and_repaired(json.dumps(content).encode())


def without_metadata(notebook):
    for cell in notebook["cells"]:
        del cell["metadata"]


def without_metadata_of_the_notebook(notebook):
    del notebook["metadata"]


def without_outputs(notebook):
    for cell in notebook["cells"]:
        cell.pop("outputs", None)


def without_the_name_of_a_stream(notebook):
    notebook["cells"][CODE]["outputs"] = [{"output_type": "stream", "text": "hello"}]


def without_the_name_of_the_kernel(notebook):
    del notebook["metadata"]["kernelspec"]["name"]


def without_the_name_of_the_language(notebook):
    del notebook["metadata"]["language_info"]["name"]


def without_kinds(notebook):
    for cell in notebook["cells"]:
        del cell["cell_type"]


def without_version(notebook):
    del notebook["nbformat"]


def with_metadata_that_is_none(notebook):
    for cell in notebook["cells"]:
        cell["metadata"] = None


def with_marks_that_are_texts(notebook):
    for cell in notebook["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"] = "focal"


def with_lines_that_are_no_text(notebook):
    cell = notebook["cells"][CODE]
    cell["source"] = [*cell["source"], None]


LACKING = {
    "metadata": [
        without_metadata,
        without_metadata_of_the_notebook,
        with_metadata_that_is_none,
        with_marks_that_are_texts,
    ],
    "outputs": [without_outputs, without_the_name_of_a_stream],
    "name": [without_the_name_of_the_kernel, without_the_name_of_the_language],
    "cell_type": [without_kinds],
    "its version": [without_version],
    "source": [with_lines_that_are_no_text],
}
CASES = [(damage, what) for what, damages in LACKING.items() for damage in damages]


@pytest.mark.parametrize(("damage", "what"), CASES)
def test_what_a_notebook_lacks_is_given_back_and_said(notebook, damage, what):
    damage(notebook)

    found, notes = read(notebook)

    assert notes == [f"The file was no valid notebook, and was repaired: {what}."]
    assert [cell.source for cell in found.cells] == ["".join(c["source"]) for c in WHOLE["cells"]]
    nbformat.validate(found)


@pytest.mark.parametrize(("damage", "what"), CASES)
def test_every_cell_of_a_repaired_notebook_is_known(notebook, damage, what):
    damage(notebook)
    template = nbformat.from_dict(copy.deepcopy(WHOLE))

    work = composed(read(notebook)[0], nbformat.reads(json.dumps(WHOLE), as_version=4))

    due = [grade_id(cell) for cell in template.cells if grade_id(cell)]
    assert sorted(filter(None, map(grade_id, work.notebook.cells))) == sorted(due)


def unused_keys(cell):
    cell |= {"prompt_number": 3, "collapsed": "no", "language": "python"}


def odd_metadata(cell):
    cell["metadata"]["tags"] = "one"


def a_count_that_is_none(cell):
    cell["execution_count"] = "three"


def no_id(cell):
    del cell["id"]


@pytest.mark.parametrize("change", [unused_keys, odd_metadata, a_count_that_is_none, no_id])
def test_what_no_mark_depends_on_is_passed_over_in_silence(notebook, change):
    change(notebook["cells"][CODE])

    found, notes = read(notebook)

    assert notes == []
    assert grade_id(found.cells[CODE]) == WHOLE["cells"][CODE]["metadata"]["nbgrader"]["grade_id"]


def test_a_notebook_that_lacks_nothing_is_not_called_repaired(notebook):
    assert read(notebook)[1] == []


def test_half_of_a_character_can_be_written_to_a_file(notebook):
    notebook["cells"][0]["source"] = "one \ud800 two \ud83d\ude00"

    found, _ = read(notebook)

    assert found.cells[0].source == "one \ufffd two \U0001f600"
    assert nbformat.writes(found).encode("utf-8")


def test_pictures_stay_and_what_is_none_goes(notebook):
    good = {"image/png": "aGVsbG8="}
    notebook["cells"][0]["attachments"] = {"a.png": good, "b.png": 3, "c.png": {"image/png": []}}

    found, _ = read(notebook)

    assert found.cells[0].attachments == {"a.png": good}


@pytest.mark.parametrize("cells", [[3], [{}], [{"id": 1}], [{"cell_type": "code"}], [None]])
def test_cells_without_any_text_are_no_notebook(notebook, cells):
    notebook["cells"] = cells

    with pytest.raises(UnreadableError, match="must be a Jupyter notebook"):
        read(notebook)
