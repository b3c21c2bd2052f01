"""A notebook says which assignment it is: by its cells, or else by the name of its file."""

from pathlib import Path

import nbformat
import pytest

from autograder.grading.submissions import SubmissionError
from autograder.student.trial import assignment_of, tried

ROOT = Path(__file__).parents[3]


def exercise(name):
    return nbformat.read(ROOT / "exercises" / name / f"{name}.ipynb", as_version=4)


def without_ids(name):
    """As a tool leaves it that drops what it does not know."""
    notebook = exercise(name)
    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)
    return notebook


@pytest.mark.parametrize("name", ["design", "focal", "ranking"])
@pytest.mark.parametrize("file", ["ann.ipynb", "focal.ipynb", "ranking (1).ipynb"])
def test_the_cells_say_it_whatever_the_file_is_called(name, file):
    assert assignment_of(exercise(name), Path(file)) == name


@pytest.mark.parametrize("file", ["focal.ipynb", "focal (1).ipynb", "focal-Copy1.ipynb"])
def test_without_ids_the_name_of_the_file_says_it(file):
    assert assignment_of(without_ids("ranking"), Path(file)) == "focal"


def test_where_neither_says_it_the_message_asks():
    with pytest.raises(SubmissionError, match=r"ann.ipynb must be of an .*Hint: --assignment"):
        assignment_of(without_ids("focal"), Path("ann.ipynb"))


def test_one_cell_that_was_copied_from_another_assignment_does_not_decide():
    notebook = exercise("focal")
    notebook.cells += [c for c in exercise("ranking").cells if "nbgrader" in c.metadata][:3]

    assert assignment_of(notebook, Path("ann.ipynb")) == "focal"


def test_a_file_that_is_not_there_is_answered_with_the_nearest(tmp_path):
    (tmp_path / "focal (1).ipynb").write_text("")

    with pytest.raises(SubmissionError, match=r"is not there. Hint: did you mean 'focal \(1\)"):
        tried(tmp_path / "focal.ipynb")
