"""A submission is run in the sandbox, asked every check, and gets what it earned."""

import math
from pathlib import Path

import nbformat
import pytest
import torch

from autograder.checks.check import Finding
from autograder.checks.training import trained
from autograder.course.sample_class import answers_in, filled_in
from autograder.grading.grader import _cells, drawn_for, grade, judged
from autograder.grading.notebooks import Assignment, experiments
from autograder.rubrics import names, rubric
from autograder.sandbox.client import Limits, Server

ROOT = Path(__file__).parents[3]
SECRET = 20_261
PATIENT = Limits(
    cell_s=120.0, call_s=120.0, total_s=600.0, grace_s=10.0, share_s=100.0, notebook_s=600.0
)
HASTY = Limits(cell_s=2.0, call_s=60.0, total_s=600.0, share_s=60.0, notebook_s=300.0)


@pytest.fixture(scope="module")
def server():
    with Server(PATIENT) as running:
        yield running


def given_out(name):
    return (ROOT / "exercises" / name / f"{name}.ipynb").read_text()


def assignment(name="focal"):
    return Assignment(name, nbformat.reads(given_out(name), as_version=4), rubric(name))


def sample(name, who):
    return answers_in((ROOT / "samples" / name / f"{who}.py").read_text())


def handed_in(answers, *more_cells, name="focal"):
    notebook = nbformat.reads(filled_in(given_out(name), answers), as_version=4)
    for number, source in enumerate(more_cells):
        notebook.cells.insert(2, nbformat.v4.new_code_cell(source, id=f"more-{number}"))
    return nbformat.writes(notebook).encode()


def graded(server, raw, name="focal", **options):
    return grade(raw, "ada", assignment(name), server, SECRET, **({"costly": False} | options))


def samples():
    return [
        (name, path.stem) for name in names() for path in (ROOT / "samples" / name).glob("*.py")
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "who"), samples())
def test_right_samples_earn_all_and_others_lose(server, name, who):
    outcome = graded(
        server, handed_in(sample(name, who), name=name), name, costly=who.startswith("right")
    ).outcome

    assert outcome.status == "graded"
    assert outcome.integrity == []
    if who.startswith("right"):
        assert [r.id for r in outcome.checks if r.status != "passed"] == []
        assert outcome.score == outcome.max_score
    else:
        assert outcome.score < outcome.max_score
        assert any(result.message for result in outcome.checks)


def test_a_mistake_is_named_and_shown_where_the_points_were_lost(server):
    found = graded(server, handed_in(sample("focal", "wrong-p-for-p-t")))

    mistakes = {r.id: r.misconception for r in found.outcome.checks if r.status == "failed"}
    assert mistakes["focal.values"] == "focal-p-for-p-t"
    (cell,) = [c for c in found.notebook.cells if c.id == "focal-values"]
    shown = cell.outputs[0]["data"]
    assert "for negatives too" in shown["text/html"]
    assert "classification/focal.html" in shown["text/html"]
    assert "<svg" in shown["text/html"]


def test_what_the_notebook_printed_is_kept_and_its_checks_say_nothing_of_their_own(server):
    found = graded(server, handed_in(sample("focal", "right"), "print('hello')\n1 + 1"))

    outputs = [output for cell in found.notebook.cells for output in cell.get("outputs", [])]
    assert "hello\n" in [output.get("text") for output in outputs]
    assert "2" in [output.get("data", {}).get("text/plain") for output in outputs]
    assert "error" not in {output.output_type for output in outputs}


def test_one_secret_gives_one_mark_and_every_check_its_own_inputs(server):
    raw = handed_in(sample("focal", "wrong-log-of-rounded"))

    first, second = graded(server, raw).outcome, graded(server, raw).outcome

    assert first.checks == second.checks
    draws = [torch.rand(1, generator=drawn_for(check, SECRET)).item() for check in ("a", "b")]
    assert draws[0] != draws[1]
    assert torch.rand(1, generator=drawn_for("a", SECRET + 1)).item() != draws[0]


def test_checks_that_are_left_out_count_neither_way(server):
    outcome = graded(server, handed_in(sample("focal", "right")), costly=False).outcome

    costly = [check for check in rubric("focal").checks if check.costly]
    assert costly
    assert outcome.max_score == 20 - sum(check.points for check in costly)
    assert outcome.score == outcome.max_score
    assert {check.id for check in costly}.isdisjoint(result.id for result in outcome.checks)


@pytest.mark.parametrize(
    "end",
    ["import os\nos._exit(3)", "import ctypes\nctypes.string_at(0)"],
    ids=["exit", "segfault"],
)
def test_a_cell_that_ends_badly_costs_only_itself(server, end):
    outcome = graded(server, handed_in(sample("focal", "right"), end)).outcome

    assert outcome.score == outcome.max_score
    assert outcome.status == "crashed"


def test_a_cell_that_never_ends_costs_only_itself():
    with Server(HASTY) as server:
        outcome = graded(
            server, handed_in(sample("focal", "right"), "while True:\n    pass")
        ).outcome

    assert outcome.score == outcome.max_score
    assert outcome.status == "graded"


def test_a_notebook_that_used_up_its_time_is_told_what_took_it(server):
    sleepers = ["import time\ntime.sleep(1e6)"] * 9
    raw = handed_in(sample("focal", "right"), *sleepers)
    with Server(Limits(notebook_s=1.5, share_s=0.25, grace_s=30.0)) as hurried:
        outcome = graded(hurried, raw).outcome

    assert outcome.score < outcome.max_score
    lost = [result for result in outcome.checks if result.points < result.max_points]
    assert {result.status for result in lost} == {"timeout"}
    assert "was not asked: a notebook may take 1.5 s" in lost[-1].message
    assert "most went to the cell 'own-" in outcome.integrity[-1]
    assert graded(server, handed_in(sample("focal", "right"))).outcome.integrity == []


def test_a_cell_that_trains_as_the_assignment_does_takes_its_own_time():
    notebook = nbformat.reads(handed_in(sample("focal", "right"), "detector\n1 + 1"), as_version=4)
    own = experiments(assignment().template)

    cells = _cells(notebook, own, trained(rubric("focal").checks), costly=True)

    training = [cell.source for cell in cells if cell.trains]
    assert "detector\n1 + 1" in training
    assert any("def experiment" in source for source in training)
    assert not any("def focal_loss(" in source for source in training)


def test_a_function_that_kills_its_process_costs_only_its_own_points(server):
    answers = sample("focal", "right")
    answers["focal-slope"] = (
        "import os\ndef focal_loss_grad(logits, targets, gamma, alpha):\n    os._exit(0)"
    )

    outcome = graded(server, handed_in(answers)).outcome

    lost = {result.id for result in outcome.checks if result.points < result.max_points}
    assert lost == {"focal.grad", "focal.grad-extremes"}


def test_an_unreadable_file_earns_nothing_and_says_why(server):
    found = graded(server, b"not a notebook")

    assert found.notebook is None
    assert found.outcome.status == "unreadable"
    assert found.outcome.score == 0
    assert {result.status for result in found.outcome.checks} == {"missing"}
    assert "must be a Jupyter notebook" in found.outcome.integrity[0]


def test_a_notebook_without_answers_earns_nothing_and_is_told_what_is_open(server):
    outcome = graded(server, given_out("focal").encode()).outcome

    assert outcome.score == 0
    assert all("not solved yet" in result.message for result in outcome.checks)


def test_renamed_and_copied_answers_lose_nothing(server):
    notebook = nbformat.reads(handed_in(sample("focal", "right")), as_version=4)
    for cell in notebook.cells:
        if cell.id == "focal-loss":
            cell.metadata.nbgrader.grade_id = "my-loss"
    outcome = graded(server, nbformat.writes(notebook).encode()).outcome

    assert outcome.score == outcome.max_score
    said = "The cell 'focal-loss' had lost its name; it was known by its id."
    assert said in outcome.integrity


class Broken:
    id, cell, points, costly = "broken", "broken", 3.0, False

    def __init__(self, share):
        self.share = share

    def judge(self, work, secret):
        if self.share is None:
            raise ZeroDivisionError
        return Finding("failed", self.share, "no")


@pytest.mark.parametrize("share", [None, math.nan, math.inf, -0.5, 1.5])
def test_a_check_that_fails_itself_is_an_error_and_never_a_mark(server, share):
    with server.open() as session:
        found = judged(Broken(share), session, SECRET)

    assert (found.status, found.share) == ("error", 0.0)
    assert "not your fault" in found.message
