"""What rankings are measured against: swaps, a counterexample, and searches to learn from.

The features of a list share a level that says nothing about the order within the list.  Squared
error has to explain grades across lists, so the level is noise to it; pairs within a list never see
it.  That is the whole difference, and it is large.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from autograder.checks.streams import apart
from autograder.checks.training import Exam
from lossedu.ranking_metrics import ndcg

LISTS, NEW_LISTS, ITEMS, SEEDS = 60, 100, 20, 5
TOP = 10


@dataclass(frozen=True)
class Unseen:
    """What only the grader knows of an exam.

    Attributes:
        relevance: Grades of the new items, shape ``(lists, items)``.
        least_squares: NDCG@10 that a linear model fitted by squared error reaches on them.
    """

    relevance: Tensor
    least_squares: float


def make_lists(
    generator: torch.Generator,
    lists: int = LISTS,
    items: int = ITEMS,
    spread: float = 3.0,
    hidden: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Features, shape ``(lists, items, 6)``, and grades from 0 to 4, shape ``(lists, items)``.

    Where a generator of its own draws what is hidden, no number behind the features leads to it.
    """
    own = torch.randn(lists, items, 6, generator=generator)
    shared = spread * torch.tensor([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    level = shared * torch.randn(lists, 1, 6, generator=generator)
    taste = torch.tensor([1.0, -1.0, 0.5, 0.5, 0.25, 0.0])
    noise = 0.5 * torch.randn(lists, items, generator=hidden or generator)
    place = (own @ taste + noise).argsort(dim=1, descending=True).argsort(dim=1)
    relevance = torch.stack([(place < last).float() for last in (1, 3, 6, 10)]).sum(0)
    return own + level, relevance


def searches(generator: torch.Generator) -> list[Exam]:
    """One exam a seed: lists to learn from, and new ones whose grades stay here."""
    return [_search(generator) for _ in range(SEEDS)]


def leads(answers: Sequence[Tensor], exams: Sequence[Exam]) -> Tensor:
    """By how much NDCG@10 is above that of squared error, exam by exam."""
    return reached(answers, exams) - torch.tensor([exam.hidden.least_squares for exam in exams])


def reached(answers: Sequence[Tensor], exams: Sequence[Exam]) -> Tensor:
    """Mean NDCG@10 over the new lists, exam by exam."""
    pairs = zip(answers, exams, strict=True)
    return torch.stack([_quality(scores, exam.hidden.relevance) for scores, exam in pairs])


def swap_weights(scores: Tensor, relevance: Tensor) -> Tensor:
    """By how much NDCG changes if two items swap ranks, shape ``(n, n)``: each pair is swapped."""
    count = len(scores)
    rank = scores.argsort(descending=True, stable=True).argsort()
    standing = (count - rank).double()  # equal scores have an order, too
    items = torch.arange(count)
    swapped = standing.expand(count, count, count).clone()
    swapped[items[:, None], items, items[:, None]] = standing.expand(count, count)
    swapped[items[:, None], items, items] = standing[:, None].expand(count, count)
    grades = relevance.double().expand_as(swapped)
    return (ndcg(swapped, grades) - ndcg(standing, relevance.double())).abs()


def counterexample_fault(relevance: Tensor, close: Tensor, far: Tensor) -> str:
    """Why scores do not show that squared error can praise the wrong ones; empty if they do."""
    shape = relevance.shape
    if len(shape) != 1 or not 2 <= len(relevance) <= 20 or not close.shape == shape == far.shape:
        return "counterexample must return three tensors of one shape (n,), with n from 2 to 20."
    if not bool(((relevance == relevance.round()) & (relevance >= 0) & (relevance <= 4)).all()):
        return "relevance must hold whole grades from 0 to 4."
    near, off = (((scores - relevance) ** 2).mean().item() for scores in (close, far))
    if not near <= off / 10:
        return (
            f"The squared errors of close and far are {near:.4g} and {off:.4g}; "
            "that of close should be at most a tenth."
        )
    low, high = (ndcg(scores, relevance, k=10).item() for scores in (close, far))
    if not high - low >= 0.3:
        return (
            f"NDCG@10 of close and far is {low:.3f} and {high:.3f}; that of far should be at "
            "least 0.3 higher. What may change in all scores without changing their order?"
        )
    return ""


def _search(generator: torch.Generator) -> Exam:
    known, shown, hidden_stream = apart(generator, "known", "features", "grades")
    features, relevance = make_lists(known)
    new_features, new_relevance = make_lists(shown, NEW_LISTS, hidden=hidden_stream)
    usual = _quality(least_squares_scores(features, relevance, new_features), new_relevance)
    arguments = (features, relevance, new_features)
    hidden = Unseen(new_relevance, usual.item())
    return Exam(arguments, hidden, tuple(new_relevance.shape))


def least_squares_scores(features: Tensor, relevance: Tensor, new_features: Tensor) -> Tensor:
    """What a linear model says that squared error was minimised with, shape ``(lists, items)``."""
    rows = _with_one(features).flatten(0, 1)
    weights = torch.linalg.lstsq(rows, relevance.reshape(-1, 1)).solution
    return (_with_one(new_features) @ weights).squeeze(-1)


def _with_one(features: Tensor) -> Tensor:
    return torch.cat([features, torch.ones_like(features[..., :1])], dim=-1)


def _quality(scores: Tensor, relevance: Tensor) -> Tensor:
    return ndcg(scores.double(), relevance, k=TOP).mean()
