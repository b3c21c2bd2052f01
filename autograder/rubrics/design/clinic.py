"""Cases to fit a severity-weighted model on, and the true probabilities to measure it against."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from autograder.checks.streams import apart
from autograder.checks.training import Exam
from autograder.rubrics.design.case_laws import COST

CASES, NEW_CASES, SEEDS = 4000, 20_000, 5


@dataclass(frozen=True)
class NewCases:
    """What only the grader knows of an exam.

    Attributes:
        measured: Measurements of new cases, shape ``(cases, 4)``.
        severity: Of each.
        chance: The true probability that each is abnormal.
    """

    measured: Tensor
    severity: Tensor
    chance: Tensor


def make_cases(generator: torch.Generator, n: int = CASES) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Measurements, targets, severities, and the probabilities that targets were drawn with."""
    measured = torch.randn(n, 4, generator=generator)
    severity = 1 + 9 * torch.rand(n, generator=generator)
    chance = (measured @ torch.tensor([1.5, -1.0, 0.5, 0.0]) - 4.5).sigmoid()
    targets = (torch.rand(n, generator=generator) < chance).float()
    return measured, targets, severity, chance


def patients(generator: torch.Generator) -> list[Exam]:
    """One exam a seed: cases to learn from, and new ones that stay here."""
    exams = []
    for _ in range(SEEDS):
        shown, hidden_stream = apart(generator, "known", "new")
        measured, targets, severity, _ = make_cases(shown)
        new, _, new_severity, chance = make_cases(hidden_stream, NEW_CASES)
        hidden = NewCases(new, new_severity, chance)
        exams.append(Exam((measured, targets, severity), hidden, (5,)))
    return exams


def stated_over_true(answers: Sequence[Tensor], exams: Sequence[Exam]) -> float:
    """Mean corrected probability over the mean true one."""
    stated = sum(
        (_logits(weights, exam.hidden) - math.log(COST)).sigmoid().mean().item()
        for weights, exam in zip(answers, exams, strict=True)
    )
    return stated / sum(exam.hidden.chance.double().mean().item() for exam in exams)


def cost_over_least(answers: Sequence[Tensor], exams: Sequence[Exam]) -> float:
    """What alarms at logits above 0 cost, over what the best possible alarms do."""
    paid = least = 0.0
    for weights, exam in zip(answers, exams, strict=True):
        paid += _cost(exam.hidden, _logits(weights, exam.hidden) > 0)
        least += _cost(exam.hidden, exam.hidden.chance > 1 / (1 + COST))
    return paid / least


def _logits(weights: Tensor, cases: NewCases) -> Tensor:
    return cases.measured.double() @ weights[:4] + weights[4]


def _cost(cases: NewCases, alarm: Tensor) -> float:
    """Expected, so that no luck of new targets is in it."""
    each = torch.where(alarm, 1 - cases.chance, COST * cases.chance)
    return (cases.severity * each).double().mean().item()
