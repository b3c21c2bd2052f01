"""What must be written by hand earns nothing ready-made, nor does the mention of a name.

Each notebook below hides a call from whoever reads its text.
"""

from pathlib import Path

import nbformat
import pytest

from autograder.checks.sources import Ruled
from autograder.course.sample_class import answers_in, filled_in
from autograder.grading.grader import grade
from autograder.grading.notebooks import Assignment
from autograder.rubrics import rubric
from autograder.sandbox.client import Server

ROOT = Path(__file__).parents[3]
SECRET = 20_261
NAME = "n = bytes(c ^ 1 for c in {}).decode()".format([ord(c) ^ 1 for c in "binary_cross_entropy"])
HIDDEN = {
    "computed name": f"{NAME} + '_with_logits'\ng = getattr(F, n)",
    "vars": f"{NAME} + '_with_logits'\ng = vars(F)[n]",
    "importlib": (
        f"import importlib\n{NAME} + '_with_logits'\n"
        "g = getattr(importlib.import_module(F.__name__), n)"
    ),
    "dir": "g = [getattr(F, n) for n in dir(F) if n.startswith('bin') and n.endswith('its')][0]",
    "eval of another cell": f"{NAME} + '_with_logits'\nrun = eval\ng = run('F.' + n)",
    "torch.ops": (
        f"{NAME} + '_with_logits'\no = getattr(torch.ops.aten, n)\n"
        "def g(z, y, reduction): return o(z, y, None, None, 0)"
    ),
}
TASK_1 = (
    "\ndef binary_cross_entropy(logits, targets):\n    return g(logits, targets, reduction='none')"
)
RECALL = """
def detector(features, labels, new_features, gamma=2.0, alpha=None):
    {}
    weights = torch.zeros(7, requires_grad=True)
    optimiser = torch.optim.Adam([weights], lr=0.1)
    for _ in range(200):
        optimiser.zero_grad()
        logits = features @ weights[:-1] + weights[-1]
        {}.mean().backward()
        optimiser.step()
    return (new_features @ weights[:-1] + weights[-1]).detach()
"""
SQUARED = "((logits.sigmoid() - labels) ** 2)"
MENTIONS = {
    "mentioned": RECALL.format("focal_loss", SQUARED),
    "never called": RECALL.format("if False: focal_loss(0, 0, 0, 0)", SQUARED),
    "called and forgotten": RECALL.format(
        "focal_loss(torch.zeros(1), torch.ones(1), gamma, alpha)", SQUARED
    ),
    "multiplied by nothing": RECALL.format(
        "", f"({SQUARED} + 0 * focal_loss(logits, labels, gamma, alpha))"
    ),
}
USES = {
    "by name": RECALL.format("", "focal_loss(logits, labels, gamma, alpha)"),
    "by keyword": RECALL.format(
        "", "focal_loss(targets=labels, logits=logits, gamma=gamma, alpha=alpha)"
    ),
    "by alias": "own = focal_loss\n" + RECALL.format("", "own(logits, labels, gamma, alpha)"),
    "by computed name": RECALL.format(
        "", "globals()['focal' + '_loss'](logits, labels, gamma, alpha)"
    ),
    "through a helper": (
        "from functools import partial\nown = partial(focal_loss, gamma=2.0, alpha=None)\n"
        "def cost(z, y): return own(z, y)\n" + RECALL.format("", "cost(logits, labels)")
    ),
}


@pytest.fixture(scope="module")
def server():
    with Server() as running:
        yield running


def graded(server, checks, **answers):
    exercise = (ROOT / "exercises" / "focal" / "focal.ipynb").read_text()
    right = answers_in((ROOT / "samples" / "focal" / "right.py").read_text())
    changed = {name.replace("_", "-"): source for name, source in answers.items()}
    raw = filled_in(exercise, right | changed).encode()
    asked = [check for check in rubric("focal").checks if check.id in checks]
    marked_by = type(rubric("focal"))("focal", asked)
    given = Assignment("focal", nbformat.reads(exercise, as_version=4), marked_by)
    return grade(raw, "ada", given, server, SECRET).outcome


def ids(*names):
    return [f"focal.{name}" for name in names]


@pytest.mark.parametrize("how", HIDDEN)
def test_a_ready_made_loss_behind_a_computed_name_earns_nothing(server, how):
    asked = rubric("focal").checks[0]
    assert isinstance(asked, Ruled)
    source = HIDDEN[how] + TASK_1
    assert asked.rule.used({"a": source}, "binary_cross_entropy") == [], "no text shows it"

    outcome = graded(server, ids("bce", "bce-extremes", "values"), focal_binary=source)

    assert [(r.status, r.points) for r in outcome.checks] == [
        ("forbidden", 0.0),
        ("forbidden", 0.0),
        ("passed", 2.0),
    ]
    assert "uses binary_cross_entropy_with_logits" in outcome.checks[0].message


def test_who_builds_on_a_function_with_checks_of_its_own_loses_nothing_for_it(server):
    loss = (
        "def focal_loss(logits, targets, gamma, alpha):\n"
        "    cost = binary_cross_entropy(logits, targets)\n"
        "    rest = F.logsigmoid((1 - 2 * targets) * logits)\n"
        "    return torch.exp(gamma * rest) * cost"
    )
    answers = {"focal_binary": HIDDEN["dir"] + TASK_1, "focal_loss": loss}

    outcome = graded(server, ids("bce", "values"), **answers)

    assert [r.status for r in outcome.checks] == ["forbidden", "passed"]


def test_a_comparison_in_a_cell_of_its_own_is_shown_and_costs_nothing(server):
    compared = (
        "def binary_cross_entropy(logits, targets):\n"
        "    return -F.logsigmoid((2 * targets - 1) * logits)\n"
        "print(F.binary_cross_entropy_with_logits(torch.zeros(1), torch.ones(1)))"
    )
    exercise = nbformat.reads(
        (ROOT / "exercises" / "focal" / "focal.ipynb").read_text(), as_version=4
    )
    for cell in exercise.cells:
        if cell.id == "focal-binary":
            cell.source = compared
    given = Assignment("focal", exercise, rubric("focal"))

    found = grade(nbformat.writes(exercise).encode(), "ada", given, server, SECRET, costly=False)

    (cell,) = [cell for cell in found.notebook.cells if cell.id == "focal-binary"]
    assert cell.outputs[0]["text"] == "tensor(0.6931)\n"
    assert [r.status for r in found.outcome.checks[:2]] == ["passed", "passed"]


@pytest.mark.slow
@pytest.mark.parametrize("how", MENTIONS)
def test_points_for_learning_from_a_function_need_more_than_its_name(server, how):
    (result,) = graded(server, ids("recall"), focal_detector=MENTIONS[how]).checks

    assert (result.status, result.points) == ("failed", 0.0)
    assert "must learn from your focal_loss" in result.message


@pytest.mark.slow
@pytest.mark.parametrize("how", USES)
def test_a_detector_that_learns_from_its_loss_earns_them_however_it_calls_it(server, how):
    (result,) = graded(server, ids("recall"), focal_detector=USES[how]).checks

    assert (result.status, result.points) == ("passed", 3.0)
