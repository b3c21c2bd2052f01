"""Exams: the labels that decide stay with the grader, and each metric gives its part."""

import pytest
import torch

from autograder.checks.training import Exam, Metric, Training


def draw(generator):
    x = torch.randn(50, generator=generator)
    return [Exam((x, 2 * x, x + 1), 2 * (x + 1), (50,)) for _ in range(2)]


def worst(answers, exams):
    return max(
        (answer - exam.hidden).abs().max().item()
        for answer, exam in zip(answers, exams, strict=True)
    )


def mean(answers, exams):
    return torch.stack(answers).mean().item()


def check():
    metrics = (
        Metric("largest error", worst, most=0.01, hint="Fit a slope."),
        Metric("mean", mean, least=-100.0, weight=3),
    )
    return Training("d.t", "d-t", 4, "fitted", draw, metrics)


@pytest.mark.parametrize("seed", [None, 3])
def test_a_model_that_learned_passes(work, seed):
    source = "def fitted(x, y, new):\n    return (x @ y) / (x @ x) * new\n"
    secret = None if seed is None else torch.Generator().manual_seed(seed)

    assert check().judge(work(source), secret).status == "passed"


def test_a_missed_metric_costs_its_part_and_is_told(work, secret):
    finding = check().judge(work("def fitted(x, y, new):\n    return new * 0 + 1e6\n"), secret)

    assert (finding.status, finding.share) == ("failed", 0.75)
    assert finding.message == (
        "On new examples your largest error is 1e+06; at most 0.01 is asked for. Fit a slope."
    )


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ("x @ missing", "error", "fitted raises NameError on an input that you do not see"),
        ("new[:-1]", "failed", "returns a wrong shape"),
        ("new / 0", "failed", "fitted returns infinity or NaN."),
        ("str(new)", "failed", "fitted must return a tensor"),
    ],
)
def test_an_answer_that_cannot_be_measured_earns_nothing(work, secret, body, status, words):
    finding = check().judge(work(f"def fitted(x, y, new):\n    return {body}\n"), secret)

    assert (finding.status, finding.share) == (status, 0.0)
    assert words in finding.message


def test_a_metric_that_is_not_a_number_is_missed(work, secret):
    metrics = (Metric("share", lambda answers, exams: float("nan"), least=0.0),)
    asked = Training("d.t", "d-t", 4, "fitted", draw, metrics)

    assert asked.judge(work("def fitted(x, y, new):\n    return new\n"), secret).share == 0.0


def test_training_is_costly_unless_it_says_otherwise():
    assert check().costly
