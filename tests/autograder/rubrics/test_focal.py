"""The focal assignment: text, rubric and samples agree, and nothing leaks to students."""

import ast
import inspect
import json
import re
from pathlib import Path

import nbformat
import pytest
import torch

from autograder.bridge.sources import notebook_of
from autograder.course.sample_class import answers_in, filled_in
from autograder.rubrics import rubric
from autograder.rubrics.focal import exams
from autograder.student.notebook_check import NotebookWork

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "solutions" / "focal" / "focal.md").read_text()
EXERCISE = (ROOT / "exercises" / "focal" / "focal.ipynb").read_text()
SAMPLES = {p.stem: p for p in sorted((ROOT / "samples" / "focal").glob("*.py"))}
RUBRIC = rubric("focal")
TEACHERS = notebook_of(TEXT)
CODE = [cell for cell in TEACHERS.cells if cell.cell_type == "code"]
MARKS = {cell.id: cell.metadata.nbgrader for cell in TEACHERS.cells if "nbgrader" in cell.metadata}
ANSWER = next(cell.source for cell in TEACHERS.cells if cell.id == "focal-conclusion")


def cells_with(answers):
    """Sources of the notebook's code cells with a student's answers in them."""
    unsolved = re.compile(r"( *)### BEGIN SOLUTION\n.*?### END SOLUTION", re.DOTALL)
    return {
        cell.id: answers.get(
            cell.id, unsolved.sub(rf'\1raise NotImplementedError("{cell.id}")', cell.source)
        )
        for cell in CODE
    }


def submitted(sources):
    """The submission that these cells make, graded cells left out."""
    namespace = {}
    for cell, source in sources.items():
        if not MARKS.get(cell, {}).get("grade") and not cell.startswith("text-"):
            exec(source, namespace)
    return NotebookWork(namespace, sources)


def findings(work):
    return {
        check.id: check.judge(work, torch.Generator().manual_seed(9)) for check in RUBRIC.checks
    }


def sample(name):
    answers = answers_in(SAMPLES[name].read_text())
    answers.pop("focal-conclusion", None)
    return submitted(cells_with(answers))


def test_a_graded_cell_is_one_line_and_its_points_are_those_of_its_checks():
    graded = {cell.id: cell for cell in CODE if MARKS.get(cell.id, {}).get("grade")}

    assert set(graded) == {check.cell for check in RUBRIC.checks}
    for name, cell in graded.items():
        checks = RUBRIC.of_cell(name)
        assert cell.source == "\n".join(f'check("{check.id}")' for check in checks)
        assert MARKS[name].points == sum(check.points for check in checks)


def test_the_machine_gives_twenty_points_and_a_person_four():
    by_hand = [mark.points for mark in MARKS.values() if mark.grade and mark.solution]

    assert sum(check.points for check in RUBRIC.checks) == 20
    assert sum(by_hand) == 4
    promised = [int(n) for n in re.findall(r"^## \d\. .*\((\d+) points", TEXT, re.MULTILINE)]
    assert sum(promised) == 24


def test_each_heading_promises_the_points_of_its_cells():
    promised, found = [], []
    for cell in TEACHERS.cells:
        heading = re.search(r"^## \d\. .*\((\d+) points", cell.source, re.MULTILINE)
        if cell.cell_type == "markdown" and heading:
            promised.append(int(heading[1]))
            found.append(0)
        elif MARKS.get(cell.id, {}).get("grade"):
            found[-1] += MARKS[cell.id].points

    assert found == promised


def test_the_teachers_solution_earns_every_point():
    work = submitted({cell.id: cell.source for cell in CODE})

    assert {one.status for one in findings(work).values()} == {"passed"}


def test_the_starter_earns_nothing_and_is_told_what_is_not_solved():
    for one in findings(submitted(cells_with({}))).values():
        assert (one.status, one.share) == ("missing", 0.0)
        assert re.fullmatch(r"\w+ is not solved yet\.", one.message)


EXPECTED = {
    "unfinished": {check.id: "not solved yet" for check in RUBRIC.checks[2:]},
    "wrong-alpha-for-all": {
        "focal.alpha": "weights all examples by alpha",
        "focal.gradients": "weights all examples by alpha",
    },
    "wrong-p-for-p-t": {
        "focal.values": r"\(1 - p\) \*\* gamma for negatives too",
        "focal.alpha": r"\(1 - p\) \*\* gamma for negatives too",
        "focal.gradients": r"\(1 - p\) \*\* gamma for negatives too",
        "focal.extremes": r"\(1 - p\) \*\* gamma for negatives too",
        "focal.recall": "your recall",
    },
    "wrong-log-of-rounded": {
        "focal.bce-extremes": "a probability that was rounded to 0",
        "focal.extremes": "rounded to 0.*And a second thing: .*raises a rounded 1 - p_t to a power",
        "focal.multiclass-extremes": "a probability that was rounded to 0",
    },
    "wrong-sum-lost-factor": {
        "focal.values": "returns the sum",
        "focal.alpha": "returns the sum",
        "focal.gradients": "returns the sum",
        "focal.shapes": "one value an example",
        "focal.extremes": "returns the sum",
        "focal.grad": "The product rule gives a second term",
        "focal.grad-extremes": "The product rule gives a second term",
    },
    "wrong-ready-made": {
        "focal.bce": "uses binary_cross_entropy_with_logits",
        "focal.bce-extremes": "uses binary_cross_entropy_with_logits",
        "focal.values": "uses binary_cross_entropy_with_logits",
        "focal.alpha": "uses binary_cross_entropy_with_logits",
        "focal.gradients": "uses binary_cross_entropy_with_logits",
        "focal.shapes": "uses binary_cross_entropy_with_logits",
        "focal.extremes": "uses binary_cross_entropy_with_logits",
    },
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_loses_exactly_what_its_mistakes_deserve(name):
    lost = {check: one for check, one in findings(sample(name)).items() if one.status != "passed"}

    assert set(lost) == set(EXPECTED.get(name, {}))
    for check, one in lost.items():
        assert re.search(EXPECTED[name][check], one.message), f"{check} says {one.message!r}"


def test_forbidden_work_has_the_status_forbidden():
    found = findings(sample("wrong-ready-made"))

    assert found["focal.values"].status == "forbidden"
    assert found["focal.grad"].status == "passed"


def test_a_detector_that_does_not_use_the_focal_loss_earns_nothing():
    answers = answers_in(SAMPLES["right"].read_text())
    answers["focal-detector"] = (
        "def detector(features, labels, new_features, gamma=2.0, alpha=None):\n"
        "    return new_features[:, 0] * 3 + new_features[:, 1] * 2.5"
    )
    check = next(one for one in RUBRIC.checks if one.id == "focal.recall")

    finding = check.judge(submitted(cells_with(answers)), torch.Generator().manual_seed(1))

    assert (finding.status, finding.share) == ("failed", 0.0)
    assert finding.message.startswith("detector must learn from your focal_loss, but does as well")


def test_recall_counts_positives_above_the_threshold_that_five_per_cent_of_negatives_exceed():
    hidden = torch.tensor([0.0] * 100 + [1.0] * 4)
    scores = torch.cat([torch.arange(100.0), torch.tensor([94.0, 94.5, 95.5, 300.0])]).double()

    found = exams.recall([scores], [exams.Exam((), hidden, (104,))])

    assert found == 0.75


def test_the_true_probability_costs_nothing_more_and_its_neighbours_do():
    (exam,) = exams.distorted(torch.Generator().manual_seed(0))
    true = exam.hidden

    assert exams.excess([true], [exam]) == pytest.approx(0.0, abs=1e-12)
    assert exams.excess([true * 0.5], [exam]) > 0.05
    assert exams.excess([exam.arguments[2].sigmoid()], [exam]) > 0.1
    assert exams.excess([true + 1], [exam]) == float("inf")


def test_the_graders_data_are_drawn_as_the_notebook_draws_them():
    shown = next(cell.source for cell in CODE if cell.id == "focal-data")
    ours = ast.parse(inspect.getsource(exams.draw_examples)).body[0]
    theirs = ast.parse(shown).body[0]

    assert [ast.dump(line) for line in ours.body[1:]] == [ast.dump(line) for line in theirs.body]


def test_worked_values_in_the_text_are_right():
    work = submitted({cell.id: cell.source for cell in CODE})
    zero, one = torch.zeros(1), torch.ones(1)
    call = work.namespace
    worked = {
        "0.6931": call["binary_cross_entropy"](zero, one),
        "3.0486": call["binary_cross_entropy"](-3 * one, one),
        "0.0486": call["binary_cross_entropy"](-3 * one, zero),
        "0.1733": call["focal_loss"](zero, one, 2.0, None),
        "0.0433": call["focal_loss"](zero, one, 2.0, 0.25),
        "0.1300": call["focal_loss"](zero, zero, 2.0, 0.25),
        "-0.2983": call["focal_loss_grad"](zero, one, 2.0, None),
        "+0.2983": call["focal_loss_grad"](zero, zero, 2.0, None),
        "0.7798": call["multiclass_focal_loss"](torch.zeros(1, 4), torch.tensor([2]), 2.0, None),
    }
    for text, value in worked.items():
        assert text in TEXT
        assert value.item() == pytest.approx(float(text), abs=6e-5)


def test_the_figures_of_the_model_answer_are_those_of_its_experiment():
    work = submitted({cell.id: cell.source for cell in CODE})
    experiment = next(cell.source for cell in CODE if "def experiment" in cell.source)
    exec(experiment.split("try:")[0], work.namespace)

    table = work.namespace["experiment"]()

    plain, alpha, gamma = (table[name] for name in ("cross-entropy", "alpha = 0.99", "gamma = 2"))
    for row in (plain, alpha, gamma):
        assert f"{row[0]:.1f} %" in ANSWER
        assert f"{row[1]:.1f} %" in ANSWER
        assert f"{row[5]:.3f}" in ANSWER
    assert all(f"{row[4]:.2f}" == "0.61" for row in table.values())
    assert all(f"{row[2]:.2f}" == "0.00" for row in table.values())


def test_the_notebook_needs_nothing_of_the_library_but_its_check():
    for cell in CODE:
        assert "lossedu" not in cell.source
    imports = next(cell.source for cell in CODE if cell.id == "focal-imports")
    assert imports.endswith("from autograder import check")


def test_no_answer_or_rubric_leaks_into_the_exercise():
    for region in ("SOLUTION", "MARK SCHEME"):
        parts = re.findall(rf"### BEGIN {region}\n(.*?)### END {region}", TEXT, re.DOTALL)
        assert parts
        for line in {line.strip() for part in parts for line in part.splitlines()}:
            if len(line) > 25:
                assert json.dumps(line)[1:-1] not in EXERCISE, line
    assert ANSWER.splitlines()[0] not in EXERCISE


def test_nothing_but_the_notebook_is_in_the_exercise():
    assert [p.name for p in (ROOT / "exercises" / "focal").iterdir()] == ["focal.ipynb"]


def test_the_exercise_has_no_outputs_and_its_cells_have_fixed_ids():
    notebook = nbformat.reads(EXERCISE, as_version=4)

    assert [cell.id for cell in notebook.cells] == [cell.id for cell in TEACHERS.cells]
    assert all(
        not cell.get("outputs") and not cell.get("execution_count") for cell in notebook.cells
    )


def test_an_answer_to_no_cell_is_refused():
    with pytest.raises(ValueError, match=r"\['focal-nothing'\] do not"):
        filled_in(EXERCISE, {"focal-nothing": "x = 1"})
