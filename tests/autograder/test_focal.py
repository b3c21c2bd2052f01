"""The focal assignment: right answers lose nothing, the starter earns nothing, nothing leaks."""

import json
import re
import warnings
from pathlib import Path

import nbformat
import pytest
import torch

from autograder.sample_class import answers_in, filled_in
from autograder.sources import notebook_of

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "solutions" / "focal" / "focal.md").read_text()
EXERCISE = (ROOT / "exercises" / "focal" / "focal.ipynb").read_text()
SAMPLES = {p.stem: p for p in sorted((ROOT / "samples" / "focal").glob("*.py"))}


def run(notebook, tests=None):
    """Points earned by each graded code cell, and the message of each that failed.

    ``tests`` gives the source of the test cells: the teacher's, with hidden tests.
    """
    space: dict = {}
    earned, said = {}, {}
    for cell in notebook.cells:
        mark = cell.metadata.get("nbgrader", {})
        if cell.cell_type != "code":
            continue
        source = (tests or {}).get(cell.id, cell.source)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                exec(compile(source, cell.id, "exec"), space)
            fault = None
        except Exception as error:
            fault = str(error)
        if mark.get("grade"):
            earned[cell.id] = 0 if fault is not None else mark["points"]
            said |= {} if fault is None else {cell.id: fault}
    return earned, said


TEACHERS = notebook_of(TEXT)
TESTS = {c.id: c.source for c in TEACHERS.cells if c.metadata.get("nbgrader", {}).get("grade")}


def test_the_model_answers_earn_every_point():
    earned, said = run(TEACHERS)

    assert said == {}
    assert sum(earned.values()) == 20


def test_the_starter_earns_nothing_and_every_message_names_its_task():
    notebook = nbformat.reads(EXERCISE, as_version=4)

    earned, said = run(notebook, TESTS)

    assert sum(earned.values()) == 0
    for task, message in said.items():
        assert message.startswith("focal-"), f"{task} fails with {message!r}"
        assert any(cell.id == message for cell in notebook.cells)


EXPECTED = {
    "right": {},
    "right-but-unusual": {},
    "wrong-alpha-for-all": {"focal-loss-alpha": "negatives are weighted by 1 - alpha"},
    "wrong-p-for-p-t": {
        "focal-loss-value": "the probability of the truth",
        "focal-loss-extremes": "NaN for large logits|infinite or NaN",
        "focal-gradient-autograd": "agree with autograd through your focal_loss",
    },
    "wrong-log-of-rounded": {
        "focal-truth-log": "rounded first",
        "focal-loss-extremes": "must be finite|infinite or NaN|NaN for large",
        "focal-classes-extremes": "finite|NaN",
    },
    "wrong-sum-lost-factor": {
        "focal-loss-value": "the mean over examples|the sum over examples",
        "focal-gradient-value": "wrong at logit 0",
        "focal-gradient-autograd": "agree with autograd",
    },
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_loses_exactly_what_its_mistakes_deserve(name):
    notebook = nbformat.reads(
        filled_in(EXERCISE, answers_in(SAMPLES[name].read_text())), as_version=4
    )

    _, said = run(notebook, TESTS)

    assert set(said) == set(EXPECTED[name])
    for task, pattern in EXPECTED[name].items():
        assert re.search(pattern, said[task]), f"{task} says {said[task]!r}"


def test_nothing_but_the_notebook_is_in_the_exercise():
    assert [p.name for p in (ROOT / "exercises" / "focal").iterdir()] == ["focal.ipynb"]


def test_no_answer_hidden_test_or_rubric_leaks_into_the_exercise():
    for region in ("SOLUTION", "HIDDEN TESTS", "MARK SCHEME"):
        parts = re.findall(rf"### BEGIN {region}\n(.*?)### END {region}", TEXT, re.DOTALL)
        assert parts
        for line in {line.strip() for part in parts for line in part.splitlines()}:
            if len(line) > 25:
                assert json.dumps(line)[1:-1] not in EXERCISE, line
    assert "lossedu" not in EXERCISE.replace("sigmoid_focal_loss", "")
    assert "I changed the number of steps" not in EXERCISE


def test_the_exercise_has_no_outputs_and_its_cells_have_fixed_ids():
    notebook = nbformat.reads(EXERCISE, as_version=4)

    assert [cell.id for cell in notebook.cells] == [cell.id for cell in TEACHERS.cells]
    assert all(
        not cell.get("outputs") and not cell.get("execution_count") for cell in notebook.cells
    )


def test_the_figures_of_the_model_answer_are_those_that_its_experiment_gives(capsys):
    space: dict = {}
    for cell in TEACHERS.cells:
        if cell.cell_type == "code":
            exec(cell.source, space)
    early = {gamma: space["experiment"](gamma, steps=20) for gamma in (0.0, 2.0)}
    late = {gamma: space["experiment"](gamma) for gamma in (0.0, 2.0)}
    pm = lambda found: f"{found[:, 0].mean():.2f} ± {found[:, 0].std():.2f}"  # noqa: E731

    answer = next(cell.source for cell in TEACHERS.cells if cell.id == "focal-conclusion")

    assert f"{pm(early[2.0])} against {pm(early[0.0])}" in answer
    assert f"{pm(late[2.0])} against {pm(late[0.0])}" in answer
    assert f"{early[2.0][:, 1].mean():.2f} above the base rate" in answer
    assert f"cross-entropy's {early[0.0][:, 1].mean():.2f}" in answer
    assert isinstance(early[0.0], torch.Tensor)


def test_an_answer_to_no_cell_is_refused():
    with pytest.raises(ValueError, match=r"\['focal-nothing'\] do not"):
        filled_in(EXERCISE, {"focal-nothing": "x = 1"})
