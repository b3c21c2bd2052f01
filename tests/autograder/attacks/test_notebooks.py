"""A file that nobody would write is read in no time or waits for the teacher, and costs itself."""

import codecs
import json
import os

import nbformat
import pytest

from autograder.bridge.configuration import course_config
from autograder.bridge.gradebook import student_marks
from autograder.checks import program
from autograder.course.similar import similar
from autograder.grading import recovery
from autograder.grading.bounds import MOST_CELLS, MOST_CODE
from autograder.grading.notebooks import UnreadableError, composed, read
from tests.autograder import tiny_class as tiny
from tests.autograder.attacks.conftest import grade
from tests.autograder.bridge.test_pages import rendered
from tests.autograder.grading.courses import BOOK, change, rows


def raw(*sources, kind="code", **more):
    cells = [{"cell_type": kind, "metadata": {}, "source": source} for source in sources]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more})


def of_cells(text):
    """A notebook whose cells are written out by hand."""
    return f'{{"nbformat": 4, "nbformat_minor": 5, "metadata": {{}}, "cells": [{text}]}}'


CELL = '{"cell_type": "code", "metadata": {}, "source": "x = 1", "outputs": [], "x": %s}'
BEYOND = {
    "many cells": (of_cells(",".join(["{}"] * 300_000)), "at most 2000 cells"),
    "many cells of an old kind": (
        json.dumps({"nbformat": 3, "worksheets": [{"cells": [{}] * 1500}] * 200}), "2000 cells",
    ),
    "code of megabytes": (raw("x = [" + "1," * MOST_CODE + "]"), "500000 characters of code"),
    "code of megabytes, in parts": (raw(*["1," * 500] * 600), "500000 characters of code"),
    "commands without end": (raw("!x\n" * 2_000 + "x = 1\n" * 2_000), "few commands of IPython"),
    "commands in many cells": (raw(*["%x\n" * 100 + "y\n" * 300] * 20), "few commands of IPython"),
    "lists in lists": (of_cells(CELL % ("[" * 200_000)), "nested without end"),
    "objects in objects": (of_cells(CELL % ('{"a":' * 100_000)), "nested without end"),
    "a number of megabytes": (of_cells(CELL % ("9" * 10_000)), "must be a Jupyter notebook"),
    "a version of words": (raw("x = 1", nbformat="4"), "must be a Jupyter notebook"),
    "a version to come": (raw("x = 1", nbformat=99), "must be a Jupyter notebook"),
    "cells that are none": (raw("x = 1", cells={"0": "x = 1"}), "must be a Jupyter notebook"),
    "text of another machine": (b"\xff\xfe\xfa" * 50, "must be a Jupyter notebook"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "why"), BEYOND.values(), ids=BEYOND.keys())
def test_what_nobody_would_write_is_refused_in_a_line(text, why):
    with pytest.raises(UnreadableError, match=why) as refused:
        read(text if isinstance(text, bytes) else text.encode())

    assert len(str(refused.value)) < 300


WITHIN = {
    "as many cells as there may be": raw(*["x = 1"] * MOST_CELLS),
    "a few commands": raw("%matplotlib inline\n!ls\nx = 1\n" + "y = x % 3\n" * 1_000),
    "signs that look like commands": raw("x = [\n" + "  1\n  , 2 %\n  3 ,\n" * 5_000 + "]"),
    "not a number": of_cells(CELL % "NaN"),
    "a number that is none": of_cells(CELL % "1e999"),
    "keys that come twice": of_cells(CELL % '1, "source": "x = 1"'),
    "a mark of the order of bytes": (codecs.BOM_UTF8 + raw("x = 1").encode()),
    "two bytes a letter": raw("x = 1").encode("utf-16"),
    "zero bytes": raw("x = 1 \0"),
}


@pytest.mark.parametrize("text", WITHIN.values(), ids=WITHIN.keys())
def test_what_is_odd_and_readable_is_read(text):
    notebook = read(text if isinstance(text, bytes) else text.encode())

    assert notebook.cells[0].source.startswith(("x = ", "%matplotlib"))
    assert nbformat.writes(notebook).encode()


def test_a_text_of_megabytes_is_not_taken_for_code_that_went_astray(monkeypatch):
    parsed = []
    monkeypatch.setattr(recovery.ast, "parse", lambda text: parsed.append(len(text)) or _empty())
    template = nbformat.v4.new_notebook()
    for name in ("before", "answer"):
        cell = nbformat.v4.new_code_cell(f"{name} = 0")
        cell.metadata["nbgrader"] = {"grade_id": name, "solution": name == "answer", "grade": False}
        template.cells.append(cell)
    before, short = template.cells[0], nbformat.v4.new_markdown_cell("Well, x = 1.")
    for own in (nbformat.v4.new_markdown_cell("1," * MOST_CODE), short):
        composed(nbformat.v4.new_notebook(cells=[before, own]), template)

    assert parsed
    assert max(parsed) == len(short.source)


def _empty():
    import ast

    return ast.Module([], [])


@pytest.mark.parametrize("deep", ["-" * 200_000 + "1", "(" * 9_000, "a" + ".b" * 20_000, "x = 1\0"])
def test_code_nested_beyond_measure_ends_no_comparison_of_a_class(deep):
    honest = "\n".join(f"value_{n} = [{n}, 'a', value_{n - 1}] if {n} else None" for n in range(40))

    pairs = similar({"ann": honest, "bob": honest, "eve": deep}, "")

    assert [(pair.first, pair.second) for pair in pairs] == [("ann", "bob")]
    assert program.parsed(deep) is None


def broken_files(folders, names):
    """For each way in which a submission cannot be read, somebody with it."""
    for name in names:
        tiny.hand_in(folders, name, "broken {")
    place = folders.submitted("tiny", "link") / "tiny.ipynb"
    place.unlink()
    place.symlink_to(folders.exercise("tiny"))
    place = folders.submitted("tiny", "pipe") / "tiny.ipynb"
    place.unlink()
    os.mkfifo(place)
    (folders.submitted("tiny", "empty") / "tiny.ipynb").write_text("")
    (folders.submitted("tiny", "cut") / "tiny.ipynb").write_bytes(b'{"cells": [')


UNREAD = ["cut", "empty", "link", "pipe"]


def test_what_cannot_be_read_waits_for_the_teacher_who_can_give_it_marks(folders):
    tiny.hand_in(folders, "ann", tiny.notebook(folders, "answer = 2", essay=""))
    broken_files(folders, UNREAD)

    grade(folders, tiny.TinyGrader())

    config = course_config(folders.root)
    marks = {one.student: one for one in student_marks(config, "tiny")}
    assert {name: one.complete for name, one in marks.items()} == {
        "ann": True, **dict.fromkeys(UNREAD, False),
    }  # fmt: skip
    for name in UNREAD:
        kept = nbformat.reads(folders.autograded("tiny", name).read_text(), as_version=4)
        graded = [c.metadata.nbgrader.grade_id for c in kept.cells if "nbgrader" in c.metadata]
        assert graded == ["tiny-value", "tiny-trained", "tiny-essay"]
    change(folders, "UPDATE grade SET manual_score = 1.0, needs_manual_grade = 0")
    marks = {one.student: one for one in student_marks(config, "tiny")}
    assert [(marks[name].score, marks[name].complete) for name in UNREAD] == [(3.0, True)] * 4


def test_the_formgraders_page_of_what_cannot_be_read_has_a_box_for_each_mark(folders, tmp_path):
    tiny.hand_in(folders, "eve", "broken {")
    grade(folders, tiny.TinyGrader())
    kept = nbformat.reads(folders.autograded("tiny", "eve").read_text(), as_version=4)

    page = rendered(kept, "formgrade", tmp_path)

    assert "This submission was not graded" in page.text
    boxes = {box["id"] for box in page.select("input.score")}
    assert boxes == {"tiny-value", "tiny-trained", "tiny-essay"}


def test_what_can_be_read_after_all_waits_no_longer(folders):
    tiny.hand_in(folders, "eve", "broken {")
    grade(folders, tiny.TinyGrader())
    waited = {row[1]: row[5] for row in rows(folders, BOOK)}
    tiny.hand_in(folders, "eve", tiny.notebook(folders, "answer = 2", essay=""))

    (outcome,) = grade(folders, tiny.TinyGrader(), resume=True)

    assert set(waited.values()) == {1}
    assert outcome.score == 5.0
    assert {row[5] for row in rows(folders, BOOK)} == {0}


def test_names_without_number_or_end_fill_no_table():
    own = nbformat.v4.new_notebook()
    for number in range(500):
        cell = nbformat.v4.new_code_cell("x = 1")
        cell.metadata["nbgrader"] = {"grade_id": f"{number:03d}" + "n" * 10_000, "grade": True}
        own.cells.append(cell)

    many = composed(own, nbformat.v4.new_notebook())
    own.cells = own.cells[:2]
    few = composed(own, nbformat.v4.new_notebook())

    assert len(many.notebook.cells) == 500
    assert sum(map(len, many.integrity)) < 2_000
    assert many.integrity[-1].startswith("490 more cells are not in the assignment")
    assert [note[:14] for note in few.integrity] == ["The cell '000n", "The cell '001n"]


def test_a_folder_of_a_thousand_notebooks_is_told_in_a_line(folders):
    place = folders.submitted("tiny", "eve")
    place.mkdir(parents=True)
    for number in range(1_000):
        (place / f"{number:04d}-{'n' * 200}.ipynb").write_text("{}")
    tiny.hand_in(folders, "ann", tiny.notebook(folders, "answer = 2"))

    outcomes = grade(folders, tiny.TinyGrader())

    assert [one.status for one in outcomes] == ["graded", "unreadable"]
    assert "must be called tiny.ipynb" in outcomes[1].integrity[0]
    assert len(outcomes[1].integrity[0]) < 1_500
