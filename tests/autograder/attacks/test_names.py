"""However students are called, each has a mark of her own and is told from all others."""

import io
import os
import shutil
import unicodedata

import pytest
from rich.console import Console

from autograder.bridge.configuration import course_config
from autograder.bridge.gradebook import student_marks
from autograder.commands.progress import progress
from autograder.commands.tables import class_table
from autograder.course.export import canvas, moodle
from autograder.grading.folders import CourseFolders
from autograder.grading.outcomes import Outcome
from autograder.grading.plain import spreadsheet_text
from autograder.grading.submissions import SubmissionError, handed_in, named
from tests.autograder import tiny_class as tiny
from tests.autograder.attacks.conftest import grade

TWINS = {
    "composed": (unicodedata.normalize("NFC", "José"), unicodedata.normalize("NFD", "José")),
    "case": ("ann", "Ann"),
    "look-alike": ("ann", "аnn"),  # the second begins with a Cyrillic letter
    "a space at the end": ("bob", "bob "),
    "a joiner in between": ("eve", "e\u200dve"),
    "full width": ("dan", "ｄａｎ"),
}
ODD = [
    *("tiny", "course", "gradebook.db", "submitted", "scratch", "journal", "you", "*", "{student}"),
    *("CON", "NUL.txt", "a:b", "-rf", "--help", "~", "$HOME", "%s", "a\\b", "line\nbreak", "None"),
    *("\u202efdp.exe", "[red]ann", "'; DROP TABLE student; --", "nan", "0", "é" * 127),
    "x" * 255,
]  # fmt: skip


@pytest.fixture(scope="module")
def graded(released, tmp_path_factory):
    """A class of odd names, each of whom earns something else."""
    root = tmp_path_factory.mktemp("names") / "course"
    folders = CourseFolders(shutil.copytree(released, root))
    before = {path.name for path in folders.course.iterdir()}
    names = [*ODD, *(name for pair in TWINS.values() for name in pair)]
    worth = {name: number / 20 for number, name in enumerate(names)}
    for name, points in worth.items():
        tiny.hand_in(folders, name, tiny.notebook(folders, f"answer = {points}"))
    outcomes = grade(folders, tiny.TinyGrader())
    return folders, worth, outcomes, before


def machine_score(worth):
    return sum(min(worth, most) for most in (2, 1, 2))


def test_every_name_has_the_mark_of_its_own_file(graded):
    folders, worth, outcomes, _ = graded
    marks = {one.student: one.score for one in student_marks(course_config(folders.root), "tiny")}

    assert marks.keys() == worth.keys()
    for name, points in worth.items():
        assert marks[name] == pytest.approx(machine_score(points)), name
        assert f"answer = {points}" in folders.autograded("tiny", name).read_text(), name
    assert len(outcomes) == len(worth)


def test_no_name_touches_what_the_tool_keeps(graded):
    folders, _, _, before = graded

    assert {p.name for p in folders.course.iterdir()} - before <= {
        *("autograded", "journal", "scratch", "nbgrader.log", "submitted"),
    }  # fmt: skip
    assert list(folders.scratch().iterdir()) == []


@pytest.mark.parametrize("pair", TWINS.values(), ids=TWINS.keys())
def test_twins_are_graded_each_by_her_own(graded, pair):
    folders, worth, outcomes, _ = graded
    scores = {one.submission: one.score for one in outcomes}

    assert len(set(pair)) == 2
    assert [scores[name] for name in pair] == [
        pytest.approx(machine_score(worth[name])) for name in pair
    ]
    one, other = (folders.submitted("tiny", name) for name in pair)
    assert [s.name for s in named([one.parent, other.parent], "tiny")] == list(pair)


def test_every_name_is_one_row_of_a_table_and_of_each_export(graded):
    folders, worth, outcomes, _ = graded
    console = Console(width=200, record=True, file=io.StringIO())

    console.print(class_table(outcomes))
    marks = student_marks(course_config(folders.root), "tiny")

    text = console.export_text()
    assert "\u202e" not in text
    assert "[red]ann" in text
    assert len(canvas("tiny", marks).splitlines()) == len(worth) + 2
    assert len(moodle("tiny", marks).splitlines()) == len(worth) + 1


def test_a_name_in_the_bar_of_a_terminal_is_shown_and_not_obeyed():
    screen = io.StringIO()
    console = Console(width=120, force_terminal=True, file=screen)
    name = "[blink]ann\x1b[3J[link=https://example.org]\nbob"

    with progress(console, 2) as known:
        known(Outcome(name, "tiny", 1.0, 2.0, 0.1, 1.0, "graded"))

    shown = screen.getvalue()
    assert "[blink]ann\N{REPLACEMENT CHARACTER}[3J[link=https://example.org] bob" in shown
    assert "\x1b[3J" not in shown
    assert "\x1b]8;" not in shown


@pytest.mark.parametrize(
    "formula",
    ["＝1+1", "＋1", "－1", "＠x", " ＝1", "\t=1", "\u00a0=1", "\ufeff=1", "\u200b=1", "﹦1"],
)
def test_a_formula_in_other_letters_is_a_text_too(formula):
    assert spreadsheet_text(formula).startswith("'")


@pytest.mark.parametrize("name", ["ann=1", "ann", "José", "1-1", "ｄａｎ", "", " "])
def test_a_name_that_is_no_formula_stays_as_it_is(name):
    assert spreadsheet_text(name) == name


def test_two_names_that_are_written_alike_are_refused_before_anybody_is_graded(folders):
    raw = os.fsencode(str(folders.course / "submitted")) + b"/ann\xff/tiny"
    os.makedirs(raw)  # noqa: PTH103 - no text says this name
    with open(raw + b"/tiny.ipynb", "w") as file:  # noqa: PTH123
        file.write(tiny.notebook(folders, "answer = 2"))
    assert [one.name for one in handed_in(folders, "tiny")] == ["ann\\xff"]
    tiny.hand_in(folders, "ann\\xff", tiny.notebook(folders, "answer = 1"))

    with pytest.raises(SubmissionError, match=r"a name of its own, but .* both by"):
        handed_in(folders, "tiny")
