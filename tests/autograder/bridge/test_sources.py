"""Text notebooks become notebooks: always the same bytes, and never a silent mistake."""

import re
from pathlib import Path

import nbformat
import pytest

from autograder.bridge.sources import SourceError, notebook_of, refresh

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "solutions" / "focal" / "focal.md").read_text()
HEAD = "---\njupytext:\n  text_representation: {extension: .md, format_name: myst}\n---\n\n"


def cell(mark):
    return f"{HEAD}```{{code-cell}} ipython3\n:nbgrader: {mark}\nx = 1\n```\n"


def test_the_same_text_gives_the_same_bytes():
    assert nbformat.writes(notebook_of(TEXT)) == nbformat.writes(notebook_of(TEXT))


def test_a_mark_becomes_nbgraders_metadata_and_the_cells_id():
    only = notebook_of(cell("{id: a-b, kind: test, points: 2}")).cells[0]

    assert only.id == "a-b"
    assert only.metadata.nbgrader == {
        "cell_type": "code",
        "grade": True,
        "grade_id": "a-b",
        "locked": True,
        "points": 2,
        "schema_version": 3,
        "solution": False,
        "task": False,
    }


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        ("{id: a, kind: exam, points: 1}", "must have an id and a kind of"),
        ("{kind: test, points: 1}", "must have an id and a kind of"),
        ("{id: a, kind: test}", "a test cell must have points"),
        ("{id: a, kind: solution, points: 1}", "a solution cell must not have points"),
    ],
)
def test_a_mark_that_nbgrader_could_not_use_is_refused(mark, message):
    with pytest.raises(SourceError, match=message):
        notebook_of(cell(mark))


def test_an_id_used_twice_is_refused():
    twice = cell("{id: a, kind: readonly}") + cell("{id: a, kind: readonly}").removeprefix(HEAD)

    with pytest.raises(SourceError, match="'a' is used again"):
        notebook_of(twice)


def test_refresh_writes_once_and_then_leaves_alone(course):
    first, second = refresh(course / "solutions"), refresh(course / "solutions")

    assert [path.name for path in first] == ["design.ipynb", "focal.ipynb", "ranking.ipynb"]
    assert second == []
    assert sorted(p.name for p in (course / "solutions" / "focal").iterdir()) == [
        "focal.ipynb",
        "focal.md",
    ]


@pytest.mark.parametrize("path", sorted(ROOT.glob("solutions/*/*.md")), ids=lambda path: path.stem)
def test_the_points_are_those_that_the_text_and_the_book_promise(path):
    text = path.read_text()
    marks = [c.metadata.get("nbgrader", {}) for c in notebook_of(text).cells]

    by_hand = sum(m["points"] for m in marks if m.get("grade") and m.get("solution"))
    total = sum(m.get("points", 0) for m in marks)

    promised = [int(n) for n in re.findall(r"^## \d\. .*\((\d+) points?", text, re.MULTILINE)]
    assert sum(promised) == total
    assert f"**Points:** {total}, of which {by_hand} are marked by hand" in text
    page = (ROOT / "book" / "teach" / "teaching.md").read_text()
    assert re.search(rf"^\| `{path.stem}` .* {total}, of which {by_hand} by hand \|$", page, re.M)
