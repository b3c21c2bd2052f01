"""Small runs with one thing that goes wrong: what an incident shows on its panels.

A model in service is seen day by day, a training step by step.  Everything is computed, from a
seed; a cause changes the run, never a panel, so that panels fit together as those of a real
incident do.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from lossedu.names import unknown_name

SERVICE_CAUSES = ("none", "prior", "drift", "stuck", "swapped", "late")
TRAINING_CAUSES = ("none", "rate", "batch", "overflow", "worker")
_ROWS = 16_000
_PRIOR = 0.1
_MEANS = (1.2, 0.6)  # of both inputs of a positive; of a negative they are 0
_NEWTON = 12
_WORKERS = 4
_INPUTS = 6
_SHARD = 256
_RATE = 0.05
_SCALE = 2.0**12
_LASTING = ("overflow", "worker")


@dataclass(frozen=True)
class Service:
    """A model in service, a number a day.

    Attributes:
        loss: Mean cross-entropy, in nats.
        positives: Share of labels that are positive.
        predicted: Mean predicted probability.
        auc: Area under the ROC curve.
        inputs: Mean of the first input.
    """

    loss: tuple[float, ...]
    positives: tuple[float, ...]
    predicted: tuple[float, ...]
    auc: tuple[float, ...]
    inputs: tuple[float, ...]


@dataclass(frozen=True)
class Training:
    """A training run, a number a step.

    Attributes:
        loss: Mean squared error of the step's rows, before the step.
        gradient: Length of the gradient, averaged over the workers.
        update: Length of the step that the first worker takes.
        apart: Distance between the weights of the first and the last worker, after the step.
        last_loss: As ``loss``, of the last worker alone.
        scaled: The largest entry of the scaled gradient, before it is rounded to half precision.
    """

    loss: tuple[float, ...]
    gradient: tuple[float, ...]
    update: tuple[float, ...]
    apart: tuple[float, ...]
    last_loss: tuple[float, ...]
    scaled: tuple[float, ...]


@lru_cache(maxsize=256)
def service(
    cause: str = "none", *, since: int = 5, days: int = 8, size: float = 1.0, seed: int = 0
) -> Service:
    """A logistic model, fitted on clean days and then watched.

    Args:
        cause: ``"prior"``: the odds of a positive are multiplied by ``size``; ``"drift"``: the
            first input arrives shifted by ``size``; ``"stuck"``: it arrives as 0; ``"swapped"``:
            both labels are exchanged; ``"late"``: labels of positives arrive over the last
            ``days - since`` days, until then they count as negative.
        since: The first day, from 0, on which it happens.
        days: How many days are watched.
        size: How much of it.
        seed: Of the data.

    Raises:
        ValueError: If the cause is none of `SERVICE_CAUSES`.
    """
    _check("cause", cause, SERVICE_CAUSES)
    days, since = int(days), int(since)
    draw = torch.Generator().manual_seed(int(seed))
    weights = _fitted(*_rows(draw, _PRIOR))
    seen = []
    for day in range(days):
        active = cause if day >= since else "none"
        odds = _PRIOR / (1 - _PRIOR) * (size if active == "prior" else 1.0)
        inputs, labels = _rows(draw, odds / (1 + odds))
        if active == "drift":
            inputs[:, 0] += size
        elif active == "stuck":
            inputs[:, 0] = 0.0
        elif active == "swapped":
            labels = 1 - labels
        elif active == "late":
            known = (days - day) / (days - since + 1)
            labels *= torch.rand(len(labels), generator=draw) < known
        seen.append(_watched(weights, inputs, labels))
    return Service(*map(_readable, zip(*seen, strict=True)))


def _check(name: str, text: str, known: tuple[str, ...]) -> None:
    if text not in known:
        raise ValueError(unknown_name(name, text, known))


def _rows(draw: torch.Generator, prior: float) -> tuple[Tensor, Tensor]:
    """Labels by their share; inputs by their label, so that a shift of the share is only that."""
    labels = (torch.rand(_ROWS, generator=draw) < prior).double()
    noise = torch.randn(_ROWS, len(_MEANS), generator=draw, dtype=torch.float64)
    return noise + labels[:, None] * torch.tensor(_MEANS, dtype=torch.float64), labels


def _with_ones(inputs: Tensor) -> Tensor:
    return torch.cat([inputs, torch.ones(len(inputs), 1, dtype=inputs.dtype)], dim=1)


def _fitted(inputs: Tensor, labels: Tensor) -> Tensor:
    """Logistic regression by Newton's method."""
    design = _with_ones(inputs)
    weights = torch.zeros(design.shape[1], dtype=torch.float64)
    for _ in range(_NEWTON):
        p = (design @ weights).sigmoid()
        hessian = (design * (p * (1 - p))[:, None]).T @ design
        weights = weights - torch.linalg.solve(hessian, design.T @ (p - labels))
    return weights


def _watched(weights: Tensor, inputs: Tensor, labels: Tensor) -> tuple[float, ...]:
    logits = _with_ones(inputs) @ weights
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels)
    ranks = logits.argsort().argsort().double() + 1
    positive = labels == 1
    above = ranks[positive].sum() - positive.sum() * (positive.sum() + 1) / 2
    auc = above / (positive.sum() * (~positive).sum())
    shown = (loss, labels.mean(), logits.sigmoid().mean(), auc, inputs[:, 0].mean())
    return tuple(float(one) for one in shown)


def _readable(values: tuple[float, ...]) -> tuple[float, ...]:
    """Two digits, as on a panel; what is next to nothing is 0."""
    return tuple(float(f"{0.0 if abs(value) < 5e-3 else value:.2g}") for value in values)


@lru_cache(maxsize=256)
def training(
    cause: str = "none", *, at: int = 6, steps: int = 12, size: float = 1.0, seed: int = 0
) -> Training:
    """A linear model, trained by gradient descent on four workers that average their gradients.

    Args:
        cause: ``"rate"``: the rate of one step is multiplied by ``size``; ``"batch"``: the inputs
            of one step are; ``"overflow"``: gradients are rounded to half precision after scaling,
            the scale is multiplied by ``size`` in each step, and steps that overflow are left out;
            ``"worker"``: the last worker steps along its own gradient, on targets multiplied by
            ``size``.
        at: The step, from 0, at which it happens; a worker or a scale goes on from there.
        steps: How many steps are seen.
        size: How much of it.
        seed: Of the data.

    Raises:
        ValueError: If the cause is none of `TRAINING_CAUSES`.
    """
    _check("cause", cause, TRAINING_CAUSES)
    draw = torch.Generator().manual_seed(int(seed))
    truth = torch.randn(_INPUTS, generator=draw, dtype=torch.float64)
    weights = torch.zeros(_WORKERS, _INPUTS, dtype=torch.float64)
    seen = []
    for step in range(int(steps)):
        active = cause if step == at or (step > at and cause in _LASTING) else "none"
        inputs, targets = _shards(draw, truth)
        if active == "batch":
            inputs = inputs * size
        elif active == "worker":
            targets[-1] *= size
        residuals = (inputs @ weights[..., None])[..., 0] - targets
        slopes = 2 * (inputs * residuals[..., None]).mean(1)
        pulls = slopes.mean(0).expand_as(slopes).clone()
        if active == "worker":
            pulls[:-1], pulls[-1] = slopes[:-1].mean(0), slopes[-1]
        scale = _SCALE * (size ** (step - at + 1) if active == "overflow" else 1.0)
        scaled = float(pulls[0].abs().max()) * scale
        pulls = _in_half(pulls, scale) if cause == "overflow" else pulls
        moves = _RATE * (size if active == "rate" else 1.0) * pulls
        weights = weights - moves
        losses = residuals.square().mean(1)
        seen.append(_of_a_step(losses, slopes.mean(0), moves[0], weights, scaled))
    return Training(*map(_readable, zip(*seen, strict=True)))


def _shards(draw: torch.Generator, truth: Tensor) -> tuple[Tensor, Tensor]:
    """The rows of each worker, and their noisy targets."""
    shape = (_WORKERS, _SHARD)
    inputs = torch.randn(*shape, _INPUTS, generator=draw, dtype=torch.float64)
    noise = 0.3 * torch.randn(*shape, generator=draw, dtype=torch.float64)
    return inputs, inputs @ truth + noise


def _in_half(pulls: Tensor, scale: float) -> Tensor:
    """Gradients that have gone through half precision; none where one of them overflows."""
    rounded = (pulls * scale).half().double() / scale
    return rounded if bool(rounded.isfinite().all()) else torch.zeros_like(rounded)


def _of_a_step(
    losses: Tensor, slope: Tensor, move: Tensor, weights: Tensor, scaled: float
) -> tuple[float, ...]:
    apart = (weights[0] - weights[-1]).norm()
    shown = (losses[:-1].mean(), slope.norm(), move.norm(), apart, losses[-1])
    return (*(float(one) for one in shown), scaled)
