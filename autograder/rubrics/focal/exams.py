"""What a trained detector and a calibrated forecast are measured on."""

from collections.abc import Sequence

import torch
from torch import Tensor

from autograder.checks.streams import apart
from autograder.checks.training import Exam


def draw_examples(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The data of task 5, as the notebook draws it: one example in a hundred is positive."""
    labels = (torch.rand(count, generator=generator) < 0.01).float()
    kind = torch.rand(count, generator=generator) < 0.5
    features = torch.randn(count, 6, generator=generator)
    features[:, 0] += 3.0 * labels * kind
    features[:, 1] += 2.5 * labels * ~kind
    return features, labels


def detection(generator: torch.Generator) -> Sequence[Exam]:
    """Learn from 10 000 examples, score 40 000."""
    known, shown, hidden = apart(generator, "known", "features", "labels")
    features, labels = draw_examples(10_000, known)
    unseen, truth = _unseen_examples(40_000, shown, hidden)
    return [Exam((features, labels, unseen), truth, tuple(truth.shape))]


def _unseen_examples(
    count: int, shown: torch.Generator, hidden: torch.Generator
) -> tuple[Tensor, Tensor]:
    """The same data, with labels that no number behind the features leads to."""
    labels = (torch.rand(count, generator=hidden) < 0.01).float()
    kind = torch.rand(count, generator=hidden) < 0.5
    features = torch.randn(count, 6, generator=shown)
    features[:, 0] += 3.0 * labels * kind
    features[:, 1] += 2.5 * labels * ~kind
    return features, labels


def recall(answers: Sequence[Tensor], exams: Sequence[Exam]) -> float:
    """The share of positives above the threshold that 5 % of the negatives exceed."""
    (scores,), (exam,) = answers, exams
    threshold = scores[exam.hidden == 0].quantile(0.95)
    return float((scores[exam.hidden == 1] > threshold).double().mean())


def distorted(generator: torch.Generator) -> Sequence[Exam]:
    """Logits that are too timid, as focal loss leaves them, and too high; by how much is drawn."""
    shown, hidden = apart(generator, "logits", "labels")
    timid, high = torch.rand(2, generator=hidden, dtype=torch.float64)
    logits = 1.5 * torch.randn(8_000, generator=shown, dtype=torch.float64)
    probability = torch.sigmoid((1.4 + timid) * logits - 1.0 - 2 * high)
    labels = (torch.rand(8_000, generator=hidden, dtype=torch.float64) < probability).double()
    known, unseen = slice(0, 4_000), slice(4_000, None)
    arguments = (logits[known], labels[known], logits[unseen])
    return [Exam(arguments, probability[unseen], (4_000,))]


def excess(answers: Sequence[Tensor], exams: Sequence[Exam]) -> float:
    """How much more than a perfect forecaster one pays per example in cross-entropy, in nats."""
    (said,), (exam,) = answers, exams
    if bool(((said < 0) | (said > 1)).any()):
        return float("inf")
    p, q = exam.hidden, said.clamp(1e-9, 1 - 1e-9)
    return float((p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log()).mean())
