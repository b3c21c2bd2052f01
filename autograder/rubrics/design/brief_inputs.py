"""The second briefs of the design assignment: what is right, and inputs to ask about it."""

import torch
from torch import Tensor

from autograder.checks.examples import Arguments
from lossedu.losses import binary_cross_entropy_with_logits, cumulative_link_loss, quantile_loss

NAN = float("nan")
RATED = (torch.tensor([0.0, 0.3, -1.4, 2.2]), torch.tensor([-1.0, 1.0]), torch.tensor([1, 0, 2, 2]))
RATED_FAR = (
    torch.tensor([1e4, 1e4, 1e4, -1e4, -1e4, -1e4]),
    torch.tensor([-1.0, 0.5, 2.0]),
    torch.tensor([0, 1, 3, 0, 2, 3]),
)
STOCKED = (torch.tensor([8.0, 12.0, 9.5]), torch.tensor([10.0, 9.0, 10.0]), 9.0, 1.0)
SEEN = torch.tensor([[True, False, True], [False, True, True]])
LOOKED_AT = (
    torch.tensor([[0.4, -1.0, 2.0], [0.7, -0.3, -1.5]]),
    torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 1.0]]),
    SEEN,
)
PROPENSITY = torch.tensor([[0.5, 0.2, 0.8], [0.4, 0.25, 1.0]])


# --- what is right -------------------------------------------------------------------------------


def rating_loss(scores: Tensor, thresholds: Tensor, ratings: Tensor) -> Tensor:
    """The negative log-probability of each rating."""
    return cumulative_link_loss(scores, ratings, thresholds, reduction="none")


def rating_probabilities(scores: Tensor, thresholds: Tensor) -> Tensor:
    """The probability of every rating, on the last axis."""
    levels = range(len(thresholds) + 1)
    charges = [rating_loss(scores, thresholds, torch.full(scores.shape, level)) for level in levels]
    return torch.exp(-torch.stack(charges, dim=-1))


def stock_loss(orders: Tensor, demand: Tensor, short_cost: float, left_cost: float) -> Tensor:
    """What each order costs."""
    both = short_cost + left_cost
    return both * quantile_loss(orders, demand, quantile=short_cost / both, reduction="none")


def best_order(demand: Tensor, short_cost: float, left_cost: float) -> Tensor:
    """The least of the best orders: one of the demands is always among them."""
    costs = [
        stock_loss(order.expand_as(demand), demand, short_cost, left_cost).mean()
        for order in demand
    ]
    return demand[torch.stack(costs).argmin()]


def observed_loss(logits: Tensor, labels: Tensor, observed: Tensor) -> Tensor:
    """The mean over what was looked at."""
    return binary_cross_entropy_with_logits(logits, labels, mask=observed)


def unbiased_loss(logits: Tensor, labels: Tensor, observed: Tensor, propensity: Tensor) -> Tensor:
    """The mean over all entries, estimated from those that were looked at."""
    charges = binary_cross_entropy_with_logits(logits, labels, mask=observed, reduction="none")
    return (charges / propensity).mean()


# --- inputs --------------------------------------------------------------------------------------


def rated(generator: torch.Generator) -> list[Arguments]:
    """Scores, thresholds and ratings; each rating occurs."""
    drawn: list[Arguments] = []
    for levels in (2, 3, 5):
        thresholds = (0.3 + torch.rand(levels - 1, generator=generator)).cumsum(0) - levels / 2
        ratings = torch.arange(3 * levels) % levels
        drawn.append((2 * torch.randn(3 * levels, generator=generator), thresholds, ratings))
    return drawn


def scored(generator: torch.Generator) -> list[Arguments]:
    """The same without ratings."""
    return [arguments[:2] for arguments in rated(generator)]


def stocked(generator: torch.Generator) -> list[Arguments]:
    """Orders, demands and two costs."""
    return [
        (
            10 * torch.rand(7, generator=generator),
            10 * torch.rand(7, generator=generator),
            short,
            left,
        )
        for short, left in ((9.0, 1.0), (1.0, 3.0), (2.5, 0.5))
    ]


def sold(generator: torch.Generator) -> list[Arguments]:
    """Past demands of which one alone is best, so that all ways to interpolate agree."""
    drawn: list[Arguments] = []
    for short, left in ((9.0, 1.0), (1.0, 9.0), (3.0, 2.0)):
        steps = 1 + torch.randint(0, 5, (4,), generator=generator)
        demand = steps.cumsum(0).float().repeat_interleave(4)
        drawn.append((demand[torch.randperm(16, generator=generator)], short, left))
    return drawn


def looked_at(generator: torch.Generator) -> list[Arguments]:
    """Logits, labels and what was observed; unseen labels hold numbers."""
    return [_labelled(generator, 1.0) for _ in range(3)]


def unseen_labels(generator: torch.Generator) -> list[Arguments]:
    """The same with NaN for unseen labels, and with large logits."""
    drawn = [_labelled(generator, NAN) for _ in range(2)]
    return [*drawn, *((1e4 * logits, labels, seen) for logits, labels, seen in drawn)]


def weighted(generator: torch.Generator) -> list[Arguments]:
    """Logits, labels, what was observed, and with which probability."""
    return [
        (*_labelled(generator, NAN), 0.1 + 0.9 * torch.rand(4, 3, generator=generator))
        for _ in range(3)
    ]


def _labelled(generator: torch.Generator, unseen: float) -> tuple[Tensor, Tensor, Tensor]:
    seen = torch.rand(4, 3, generator=generator) < 0.6
    seen[:2, 0] = torch.tensor([True, False])
    labels = torch.randint(0, 2, (4, 3), generator=generator).float()
    logits = 2 * torch.randn(4, 3, generator=generator)
    return logits, torch.where(seen, labels, unseen), seen
