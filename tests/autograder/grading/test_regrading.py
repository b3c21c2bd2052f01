"""One student or one question is graded anew, and renamed notebooks are accepted, with a note."""

import nbformat
import pytest

from autograder.grading import journal
from autograder.grading.outcomes import CheckResult, Outcome
from autograder.grading.regrading import QuestionError, checks_named, merged, merged_notebook
from autograder.grading.submissions import handed_in
from tests.autograder import tiny_class as tiny
from tests.autograder.grading.courses import BOOK, rows


def marks(folders):
    return {(row[0], row[1]): row[2] for row in rows(folders, BOOK) if len(row) > 4}


def test_one_question_graded_anew_leaves_the_marks_of_the_others(folders):
    tiny.hand_in(folders, "ann", tiny.notebook(folders, "answer = 0.5"))
    tiny.grade(folders, tiny.TinyGrader())
    tiny.hand_in(folders, "ann", tiny.notebook(folders, "answer = 2"))
    tiny.hand_in(folders, "new", tiny.notebook(folders, "answer = 2"))

    outcomes = tiny.grade(folders, tiny.TinyGrader(), only=frozenset({"tiny.sign"}))

    points = {o.submission: [result.points for result in o.checks] for o in outcomes}
    assert points == {"ann": [0.5, 1.0, 0.5], "new": [2.0, 1.0, 2.0]}
    assert {o.submission: o.score for o in outcomes} == {"ann": 2.0, "new": 5.0}
    assert journal.outcomes(folders.journal("tiny")) == outcomes
    assert marks(folders)["ann", "tiny-value"] == 1.5
    assert marks(folders)["ann", "tiny-trained"] == 0.5


def test_one_student_graded_anew_leaves_the_results_of_the_others(folders):
    for name in ("ann", "bob"):
        tiny.hand_in(folders, name, tiny.notebook(folders, "answer = 0.5"))
    tiny.grade(folders, tiny.TinyGrader())
    for name in ("ann", "bob"):
        tiny.hand_in(folders, name, tiny.notebook(folders, "answer = 2"))

    ann = [one for one in handed_in(folders, "tiny") if one.name == "ann"]
    tiny.grade(folders, tiny.TinyGrader(), ann, others_stay=True)

    scores = {o.submission: o.score for o in journal.outcomes(folders.journal("tiny"))}
    assert scores == {"ann": 5.0, "bob": 1.5}


@pytest.mark.parametrize(
    "name", ["tiny (1).ipynb", "tiny-2.ipynb", "Copy of tiny.ipynb", "tiny-Copy1.ipynb", "my.ipynb"]
)
def test_a_renamed_notebook_is_graded_with_a_note(folders, name):
    submission = tiny.hand_in(folders, "ann", tiny.notebook(folders, "answer = 2"))
    submission.path.rename(submission.path.with_name(name))

    (outcome,) = tiny.grade(folders, tiny.TinyGrader())

    assert (outcome.status, outcome.score) == ("graded", 5.0)
    assert outcome.integrity == [f"The notebook is called {name!r}; it was taken for tiny.ipynb."]
    assert folders.autograded("tiny", "ann").exists()


def test_of_several_copies_none_is_chosen_and_all_are_named(folders):
    submission = tiny.hand_in(folders, "ann", tiny.notebook(folders, "answer = 2"))
    submission.path.rename(submission.path.with_name("tiny (1).ipynb"))
    submission.path.with_name("tiny (2).ipynb").write_text("{}")

    (outcome,) = tiny.grade(folders, tiny.TinyGrader())

    assert outcome.status == "unreadable"
    assert "has tiny (1).ipynb, tiny (2).ipynb" in outcome.integrity[0]


def test_the_right_name_comes_before_any_copy(folders):
    submission = tiny.hand_in(folders, "ann", tiny.notebook(folders, "answer = 2"))
    submission.path.with_name("tiny (1).ipynb").write_text("{}")

    (outcome,) = tiny.grade(folders, tiny.TinyGrader())

    assert (outcome.score, outcome.integrity) == (5.0, [])


def test_a_question_is_named_by_its_check_or_its_cell():
    assert checks_named(tiny.RUBRIC, ["tiny.sign"]) == {"tiny.sign"}
    assert checks_named(tiny.RUBRIC, ["tiny-value"]) == {"tiny.value", "tiny.sign"}
    assert checks_named(tiny.RUBRIC, []) == frozenset()
    with pytest.raises(QuestionError, match="--question must be one of 'tiny-value'"):
        checks_named(tiny.RUBRIC, ["tiny.singn"])


def test_what_could_not_be_graded_anew_stays_as_it_was():
    results = [CheckResult("a", 1.0, 2.0, "failed"), CheckResult("b", 2.0, 2.0, "passed")]
    earlier = Outcome("ann", "tiny", 3.0, 4.0, 0.1, 1.0, "graded", results)
    nothing = Outcome("ann", "tiny", 0.0, 0.0, 0.0, 0.0, "crashed", [], ["It broke."])

    assert merged(earlier, nothing, {"a"}) == earlier


def test_the_feedback_of_a_question_graded_anew_is_new_and_the_rest_is_kept():
    def notebook(said):
        cells = [nbformat.v4.new_markdown_cell(f"{said} {name}", id=name) for name in ("a", "b")]
        return nbformat.writes(nbformat.v4.new_notebook(cells=cells))

    kept = nbformat.reads(merged_notebook(notebook("old"), notebook("new"), {"b"}), as_version=4)

    assert [cell.source for cell in kept.cells] == ["old a", "new b"]
