"""What the recipes learn from: data, the loss as it is called, and metrics with a known best."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor

from lossedu.losses import (
    batch_triplet_loss,
    cross_entropy,
    hinge_loss,
    huber_loss,
    info_nce_loss,
    lambdarank_loss,
    mse_loss,
    quantile_loss,
    sigmoid_focal_loss,
    td_loss,
)
from lossedu.ranking_metrics import average_precision, ndcg
from lossedu.training.data import (
    Bundled,
    bundled,
    graded_lists,
    heavy_tails,
    noisy_classes,
    rare_events,
    two_views,
)

# Validation data are drawn from seeds that no training data use.
_APART = 1_000_000
_STATES = 7
_ROUNDING = 1e-6  # what float32 leaves uncertain of the likeness of two embeddings


@dataclass(frozen=True, kw_only=True)
class Task:
    """Something to learn.

    Attributes:
        train: The model's input, then what the loss gets besides the output.
        valid: The same, held out.
        loss: Called with the output and the rest.
        metrics: Name -> function of the output and the rest.
        best: Column -> what the truth itself reaches on the validation data, where that is known.
    """

    train: tuple[Tensor, ...]
    valid: tuple[Tensor, ...]
    loss: Callable[..., Tensor]
    metrics: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    best: Mapping[str, float] = field(default_factory=dict)


def accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """The share of right decisions: by the largest score, or by the sign of a single one."""
    if outputs.ndim == targets.ndim:
        return ((outputs > 0) == (targets > 0)).float().mean()
    return (outputs.argmax(-1) == targets).float().mean()


def progression(seed: int) -> Task:
    """How far diabetes progresses in a year."""
    split = bundled("diabetes", seed=seed)
    return Task(train=split.train, valid=split.valid, loss=mse_loss)


def centres(seed: int) -> Task:
    """The middle of targets with heavy, symmetric tails."""
    train, valid = (heavy_tails(2000, upward=0.5, tail=1.5, seed=s) for s in _seeds(seed))
    return Task(
        train=(train.features, train.targets),
        valid=(valid.features, valid.targets),
        loss=huber_loss,
        best={"valid_loss": huber_loss(valid.median, valid.targets).item()},
    )


def high_quantiles(seed: int) -> Task:
    """A bound that nine targets in ten stay below."""
    train, valid = (heavy_tails(4000, seed=s) for s in _seeds(seed))
    loss = partial(quantile_loss, quantile=0.9)
    return Task(
        train=(train.features, train.targets),
        valid=(valid.features, valid.targets),
        loss=loss,
        metrics={"coverage": lambda bound, targets: (targets <= bound).float().mean()},
        best={"valid_loss": loss(valid.quantile(0.9), valid.targets).item(), "coverage": 0.9},
    )


def classes_of(name: Bundled) -> Callable[[int], Task]:
    """Which class an example of a bundled data set belongs to."""

    def task(seed: int) -> Task:
        split = bundled(name, seed=seed)
        return Task(
            train=split.train,
            valid=split.valid,
            loss=cross_entropy,
            metrics={"accuracy": accuracy},
        )

    return task


def wrong_labels(seed: int) -> Task:
    """Classes of which three labels in ten are wrong."""
    train, valid = (noisy_classes(3000, label_noise=0.3, seed=s) for s in _seeds(seed))
    likeliest = valid.label_probability.argmax(-1)
    return Task(
        train=(train.features, train.labels),
        valid=(valid.features, valid.labels),
        loss=cross_entropy,
        metrics={"accuracy": accuracy},
        best={
            "valid_loss": valid.best_cross_entropy,
            "accuracy": (likeliest == valid.labels).float().mean().item(),
        },
    )


def rare(seed: int) -> Task:
    """One positive in fifty, most of them hard to tell."""
    train, valid = (rare_events(8000, positive_rate=0.02, seed=s) for s in _seeds(seed))
    return Task(
        train=(train.features, train.labels),
        valid=(valid.features, valid.labels),
        loss=sigmoid_focal_loss,
        metrics={"average_precision": average_precision},
        best={"average_precision": average_precision(valid.probability, valid.labels).item()},
    )


def tumours(seed: int) -> Task:
    """Which tumours are benign, as signs."""
    split = bundled("breast_cancer", seed=seed)
    train, valid = ((x, 2.0 * y - 1) for x, y in (split.train, split.valid))
    return Task(train=train, valid=valid, loss=hinge_loss, metrics={"accuracy": accuracy})


def neighbours(seed: int) -> Task:
    """Embeddings in which examples of a class lie together."""
    train, valid = (noisy_classes(1500, classes=6, separation=3.5, seed=s) for s in _seeds(seed))
    return Task(
        train=(train.features, train.labels),
        valid=(valid.features, valid.labels),
        loss=partial(batch_triplet_loss, kind="semihard", margin=0.2),
        metrics={"nearest_is_same": _nearest_is_same},
    )


def views(seed: int) -> Task:
    """Which of two views show the same thing."""
    data = two_views(4000, features=8, correlation=0.9, seed=seed)
    pairs = torch.stack([data.view_a, data.view_b], 1)
    return Task(
        train=(pairs[:3000],),
        valid=(pairs[3000:],),
        loss=_contrast,
        metrics={"found": _found},
    )


def lists(seed: int) -> Task:
    """Items of a list from the most relevant to the least."""
    train, valid = (graded_lists(600, seed=s) for s in _seeds(seed))
    return Task(
        train=(train.features, train.relevance),
        valid=(valid.features, valid.relevance),
        loss=lambdarank_loss,
        metrics={"ndcg": lambda scores, grades: ndcg(scores, grades).mean()},
        best={"ndcg": ndcg(valid.utility, valid.relevance).mean().item()},
    )


def walks(seed: int) -> Task:
    """The chance, from each state of a random walk, to leave it on the right."""
    train, valid = (_walk(4000, s) for s in _seeds(seed))
    return Task(
        train=train,
        valid=valid,
        loss=_one_step,
        metrics={"distance_to_truth": lambda v, r, d, truth: (v[:, 0] - truth).abs().mean()},
        best={"distance_to_truth": 0.0},
    )


def _seeds(seed: int) -> tuple[int, int]:
    return seed, seed + _APART


def _contrast(embedded: Tensor, reduction: Any = "mean") -> Tensor:
    return info_nce_loss(embedded[:, 0], embedded[:, 1], reduction=reduction)


def _found(embedded: Tensor) -> Tensor:
    """How often, among 100 at a time, the other view of the same thing is the nearest.

    One that is as near as another, but for float32's rounding, is not found: rounding would find it
    among embeddings that have collapsed.
    """
    a, b = torch.nn.functional.normalize(embedded.double(), dim=-1).unbind(1)
    hits = []
    for x, y in zip(torch.split(a, 100), torch.split(b, 100), strict=True):
        alike = x @ y.mT
        own = alike.diagonal().clone()
        hits.append(own > alike.fill_diagonal_(-torch.inf).amax(-1) + _ROUNDING)
    return torch.cat(hits).float().mean()


def _nearest_is_same(embedded: Tensor, labels: Tensor) -> Tensor:
    """How often the nearest other example is of the same class, and none is as near."""
    # Products would lose the distances of points that are near to each other.
    apart = torch.cdist(embedded, embedded, compute_mode="donot_use_mm_for_euclid_dist")
    same = labels.unsqueeze(-1) == labels
    other = apart.masked_fill(same, torch.inf).amin(-1)
    own = apart.masked_fill(~same, torch.inf).fill_diagonal_(torch.inf).amin(-1)
    return (own * (1 + _ROUNDING) < other).float().mean()


def _one_step(
    values: Tensor, rewards: Tensor, done: Tensor, truth: Tensor, reduction: Any = "mean"
) -> Tensor:
    return td_loss(
        values[:, 0], rewards, values[:, 1], discount=1.0, done=done, reduction=reduction
    )


def _walk(n: int, seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Single steps from random states of a walk that ends on both sides; right pays 1.

    The value of state i of S, counted from 1, is i / (S + 1): the gambler's ruin.
    """
    generator = torch.Generator().manual_seed(seed)
    state = torch.randint(1, _STATES + 1, (n,), generator=generator)
    after = state + 1 - 2 * torch.randint(0, 2, (n,), generator=generator)
    seen = torch.nn.functional.one_hot(torch.stack([state, after], 1), _STATES + 2).float()
    done = (after == 0) | (after == _STATES + 1)
    return seen, (after == _STATES + 1).float(), done, state / (_STATES + 1)
