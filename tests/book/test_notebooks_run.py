"""A chapter's notebook runs from top to bottom without what builds the book.

The build has run every page, and `test_pages` sees that no cell in view needs one out of view: here
notebooks of each kind run, and of all the imports are read.  ``make notebooks`` runs every one.
"""

import ast
import os
import sys
import textwrap
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

from lossedu.practice.families import draw, family
from tests.waiting import HANG_S

pytestmark = [pytest.mark.book, pytest.mark.slow]

BOOK = Path(__file__).parent.parent.parent / "book"
FRAME = ("start", "teach", "reference")
RUNS_THE_TERMINAL = "mock-interview"  # which needs the extra `practice`
CHAPTERS = sorted(
    path.relative_to(BOOK).with_suffix("").as_posix()
    for path in BOOK.glob("[a-z]*/*.md")
    if path.parent.name not in FRAME and path.stem != RUNS_THE_TERMINAL
    if "{code-cell}" in path.read_text()
)
# A chapter with everything, and one of the interview: the quickest of their kinds.
RUN = ("foundations/what-a-loss-asks", "interview/design-framework")
OFFERED = {
    "lossedu",
    "matplotlib",
    "mpmath",
    "numpy",
    "plotly",
    "scipy",
    "sklearn",
    "sympy",
    "torch",
}
# What the extra `book` does not bring.  The file is read by every process that starts with it.
WITHOUT = """
import sys

ABSENT = {"accelerate", "docutils", "jupyter_book", "jupytext", "lightning", "markdown_it",
          "myst_nb", "myst_parser", "nbgrader", "safetensors", "sphinx", "typer", "yaml"}


class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Absent())
"""


@pytest.fixture
def run(tmp_path):
    """Execute a notebook in a process that has only what a reader has; it is filled in."""
    (tmp_path / "sitecustomize.py").write_text(textwrap.dedent(WITHOUT))

    def execute(notebook):
        client = NotebookClient(
            notebook,
            timeout=HANG_S,
            kernel_name="python3",
            resources={"metadata": {"path": str(tmp_path)}},
        )
        client.execute(env=os.environ | {"PYTHONPATH": str(tmp_path), "OMP_NUM_THREADS": "1"})

    return execute


def printed(cell):
    return "".join(output.get("text", "") for output in cell.outputs)


def test_what_builds_the_book_is_out_of_reach(run):
    code = """
    try:
        import sphinx
    except ModuleNotFoundError as missing:
        print(missing)
    """
    notebook = nbformat.v4.new_notebook(cells=[new_code_cell(textwrap.dedent(code))])

    run(notebook)

    assert printed(notebook.cells[0]) == "No module named 'sphinx'\n"


def code_of(notebook):
    """Its cells of code; the first one installs the course, with a command of IPython."""
    _, *cells = (cell for cell in notebook.cells if cell.cell_type == "code")
    return [ast.parse(cell.source) for cell in cells]


def modules(node):
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    return {node.module.partition(".")[0]} if isinstance(node, ast.ImportFrom) else set()


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_imports_what_its_extra_brings(built, page):
    notebook = nbformat.read(built / f"{page}.ipynb", as_version=4)

    imported = {m for tree in code_of(notebook) for node in ast.walk(tree) for m in modules(node)}

    assert "lossedu" in imported
    assert imported - OFFERED - sys.stdlib_module_names == set()


@pytest.mark.parametrize("page", RUN)
def test_a_chapter_runs_and_its_drills_wait_for_an_answer_and_take_the_right_one(
    built, run, loaded_extension, page
):
    notebook = nbformat.read(built / f"{page}.ipynb", as_version=4)
    names = loaded_extension("drills").families_of((BOOK / f"{page}.md").read_text())
    drills = [draw(family(name), 0).answer for name in names if family(name).kind == "code"]
    checks = [c for c in notebook.cells if "drill-check" in c.metadata.get("tags", [])]
    solved = []
    for drill, check in zip(drills, checks, strict=True):
        solved += [new_code_cell(drill["solution"]), new_code_cell(check.source)]
    notebook.cells += solved

    run(notebook)

    waiting = [printed(cell) for cell in checks]
    assert [said for said in waiting if not said.startswith("Not answered yet")] == []
    assert [printed(cell) for cell in solved[1::2]] == ["Right.\n"] * len(drills)
    complaints = [c.source for c in notebook.cells if "stderr" in str(c.get("outputs", ""))]
    assert complaints == []
