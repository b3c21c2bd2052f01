"""The design assignment: laws that any right design keeps, briefs to choose from, true figures."""

import itertools
import math
import re
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import softplus

from autograder.bridge.sources import notebook_of
from autograder.rubrics.design.clinic import cost_over_least, make_cases, patients, stated_over_true
from autograder.rubrics.design.mistakes import BANK
from autograder.rubrics.design.rubric import RUBRIC
from autograder.rubrics.design.signs import SIGNS
from autograder.student.notebook_check import NotebookWork

ROOT = Path(__file__).parents[3]
NOTEBOOK = notebook_of((ROOT / "solutions" / "design" / "design.md").read_text())
CHECKS = {check.id: check for check in RUBRIC.checks}
LAWS = [
    check
    for check in RUBRIC.checks
    if check.id
    in {
        f"design.{name}"
        for name in ("form", "cost", "severity", "slope", "best-answer", "extremes")
    }
]


def generator(seed):
    return torch.Generator().manual_seed(seed)


def teachers_names():
    space = {}
    for cell in NOTEBOOK.cells:
        if cell.cell_type == "code" and 'check("' not in cell.source:
            source = cell.source.replace("from autograder import check", "")
            exec(re.sub(r"^try:.*", "", source, flags=re.DOTALL | re.MULTILINE), space)
    return space


def found_of(loss, seed=1):
    work = NotebookWork({"severity_loss": loss}, {})
    secret = None if seed is None else generator(seed)
    return {check.id.removeprefix("design."): check.judge(work, secret) for check in LAWS}


def weighted(growth, cost=20.0, surprise=softplus, mean=False):
    """A design of the usual kind."""

    def loss(logits, targets, severity):
        charge = surprise(torch.where(targets == 1, -logits, logits))
        charge = torch.where(targets == 1, cost, 1.0) * growth(severity) * charge
        return charge.mean() if mean else charge

    return loss


# --- any right design ----------------------------------------------------------------------------


@settings(max_examples=25)
@given(
    scale=st.floats(0.01, 100),
    base=st.floats(0.0, 8.0),
    power=st.floats(0.5, 1.0),
    mean=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_every_growth_within_bounds_keeps_every_law(scale, base, power, mean, seed):
    loss = weighted(lambda severity: scale * (base + severity**power), mean=mean)
    grown = (base + 10**power) / (base + 1)

    found = found_of(loss, seed)

    lost = {name for name, finding in found.items() if finding.status != "passed"}
    assert lost == (set() if grown >= 1.5 else {"severity"})


def test_the_best_answer_of_the_model_loss_is_the_log_odds_and_log_20():
    logits = torch.linspace(-8, 12, 200_001, dtype=torch.float64)
    loss = teachers_names()["severity_loss"]
    every = torch.ones_like(logits)

    for p, severity in itertools.product((0.01, 1 / 21, 0.5, 0.9), (1.0, 10.0)):
        miss = loss(logits, every, severity * every)
        alarm = loss(logits, 0 * every, severity * every)
        best = logits[(p * miss + (1 - p) * alarm).argmin()].item()
        assert best == pytest.approx(math.log(p / (1 - p)) + math.log(20), abs=1e-3)


# --- each law by itself --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "lost"),
    [
        (weighted(lambda s: s, cost=19.0), {"cost"}),
        (weighted(lambda s: s, cost=60.0), {"cost", "best-answer"}),
        (weighted(lambda s: 20 + s), {"severity"}),
        (weighted(lambda s: s**1.5), {"severity"}),
        (weighted(lambda s: 11 - s), {"severity"}),
        (weighted(lambda s: s, surprise=lambda z: z.sigmoid() ** 2), {"slope", "extremes"}),
        (weighted(lambda s: s, surprise=lambda z: torch.log1p(z.exp())), {"extremes"}),
        (weighted(lambda s: s, surprise=lambda z: softplus(z) - 5), {"form"}),
    ],
)
def test_a_design_loses_what_it_breaks_and_no_more(loss, lost):
    found = found_of(loss)

    assert {name for name, finding in found.items() if finding.status != "passed"} == lost


@pytest.mark.parametrize(
    "growth", [lambda s: s, lambda s: 1 + s / 10, lambda s: s.sqrt(), lambda s: 1 + (s - 1) / 9]
)
@pytest.mark.parametrize(
    ("name", "cost", "surprise"),
    [
        ("charge-cost-on-normal", 1 / 20, softplus),
        ("charge-no-cost", 1.0, softplus),
        ("charge-cost-twice", 400.0, softplus),
        ("charge-hinge", 20.0, lambda z: (1 + z).relu()),
        ("charge-focal", 20.0, lambda z: z.sigmoid() ** 2 * softplus(z)),
        ("charge-absolute-error", 20.0, torch.sigmoid),
        ("charge-no-cost + charge-exponential", 1.0, torch.exp),
        ("charge-cost-on-normal + charge-naive-exp", 1 / 20, lambda z: torch.log(1 + z.exp())),
    ],
)
def test_a_mistake_is_named_whatever_the_growth_with_severity(name, cost, surprise, growth):
    found = found_of(weighted(growth, cost, surprise))

    lost = [finding for finding in found.values() if finding.status != "passed"]
    assert lost
    assert {finding.misconception for finding in lost} == {name}


def test_every_mistake_in_the_charge_has_a_sign_and_every_sign_a_mistake():
    mistakes = {one.name for one in BANK.mistakes if one.function == "severity_loss"}

    assert set(SIGNS) == mistakes


def test_a_fault_that_nobody_foresaw_is_told_in_words():
    found = found_of(weighted(lambda s: s, cost=7.0))["cost"]

    assert found.misconception is None
    assert "20 times what it charges a false alarm" in found.message


@pytest.mark.parametrize(
    ("loss", "status", "said"),
    [
        (lambda z, y, s: None, "failed", "returns nothing"),
        (lambda z, y, s: z.outer(z), "failed", "must return shape"),
        (lambda z, y: z, "error", "TypeError"),
    ],
)
def test_what_is_no_charge_is_refused(loss, status, said):
    found = found_of(loss)["form"]

    assert found.status == status
    assert said in found.message


# --- the fitted model ----------------------------------------------------------------------------


def test_the_grader_draws_cases_as_the_notebook_does():
    theirs = teachers_names()["make_cases"](7)

    measured, targets, severity, _ = make_cases(generator(7))

    assert all(map(torch.equal, theirs, (measured, targets, severity)))


def test_the_true_weights_are_calibrated_and_nobody_pays_less():
    exams = patients(generator(2))
    true = torch.tensor([1.5, -1.0, 0.5, 0.0, -4.5 + math.log(20)], dtype=torch.float64)
    shifted = true + torch.tensor([0, 0, 0, 0, 1.0])

    assert stated_over_true([true] * 5, exams) == pytest.approx(1.0, abs=1e-3)
    assert cost_over_least([true] * 5, exams) == pytest.approx(1.0, abs=1e-3)
    assert cost_over_least([shifted] * 5, exams) > 1.05
    assert stated_over_true([shifted] * 5, exams) > 1.5


def test_severity_on_abnormal_cases_alone_is_found_by_the_fitted_model_too():
    names = teachers_names()
    names["severity_loss"] = lambda z, y, s: torch.where(
        y == 1, 20 * (1 + s / 10) * softplus(-z), softplus(z)
    )

    finding = CHECKS["design.fit"].judge(NotebookWork(names, {}), generator(3))

    assert finding.status == "failed"
    assert finding.share == pytest.approx(1 / 3)
    assert "mean corrected probability" in finding.message


# --- the second brief ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("brief", "check", "wanted"),
    [
        ("ratings", "brief-loss", "rating_loss"),
        ("ratings", "brief-edges", "rating_loss"),
        ("ratings", "brief-use", "rating_probabilities"),
        ("stock", "brief-loss", "stock_loss"),
        ("stock", "brief-edges", "stock_loss"),
        ("stock", "brief-use", "best_order"),
        ("labels", "brief-loss", "observed_loss"),
        ("labels", "brief-edges", "observed_loss"),
        ("labels", "brief-use", "unbiased_loss"),
    ],
)
def test_the_check_follows_the_choice(brief, check, wanted):
    names = teachers_names()
    del names[wanted]
    names["BRIEF"] = brief

    finding = CHECKS[f"design.{check}"].judge(NotebookWork(names, {}), generator(1))

    assert (finding.status, finding.share) == ("missing", 0.0)
    assert wanted in finding.message


@pytest.mark.parametrize("choice", ["", "Ratings", 3, None])
def test_without_a_choice_the_student_is_asked_for_one(choice):
    work = NotebookWork({"chosen_brief": lambda: choice}, {})

    finding = CHECKS["design.brief-loss"].judge(work, None)

    assert (finding.status, finding.share) == ("missing", 0.0)
    assert 'set BRIEF to one of "ratings", "stock", "labels"' in finding.message


# --- the model answer ----------------------------------------------------------------------------


def test_the_figures_of_the_model_memo_are_those_of_its_report():
    report = list(teachers_names()["report"]().values())
    memo = next(cell.source for cell in NOTEBOOK.cells if cell.id == "design-memo")

    share, before, after, missed, alarms = (f"{100 * value:.1f} %" for value in report)

    assert f"On new cases {share} are abnormal" in memo
    assert f"{before} on average before the correction and {after} after it" in memo
    assert f"misses {missed} of the abnormal and flags {alarms} of the normal" in memo
