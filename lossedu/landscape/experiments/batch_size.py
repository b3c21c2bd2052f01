"""Larger batches end where the loss rises faster, at equal numbers of steps under label noise.

How fast it rises is measured along filter-normalised directions (Li et al. 2018; Keskar et al.
2017 for the claim).  The raw top eigenvalue beside it does not order the batches: it depends on the
scale of the weights.  ``python -m lossedu.landscape.experiments.batch_size`` prints the table.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lossedu.landscape.curvature.eigenvalues import top_eigenvalues
from lossedu.landscape.curvature.lanczos import Array
from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.results.result import Result
from lossedu.landscape.slices.directions import random_directions
from lossedu.tables import Cell, Table
from lossedu.training.random_states import scoped

BATCH_SIZES = (16, 32, 128, 512)
SEEDS = 4
_STEPS = 2500
_RATE = 0.1
_EXAMPLES = 512
_NOISE = 0.2  # of the labels are drawn anew
_DISTANCE = 0.5  # along a direction as long as the weights
_DIRECTIONS = 10


@dataclass(frozen=True)
class BatchSizes(Result):
    """What training with each batch size ends in; all arrays have shape ``(sizes, seeds)``.

    Attributes:
        sizes: Examples in a batch.
        rises: Mean rise of the loss at half the weights' length along random directions.
        sharpness: The top eigenvalue of the Hessian.
        losses: On the data it was trained on.
    """

    sizes: tuple[int, ...]
    rises: Array
    sharpness: Array
    losses: Array

    def table(self) -> Table:
        """One row for each batch size: means over seeds, with standard errors."""
        rows: list[list[Cell]] = [
            [str(size), *map(_with_error, (rise, top)), float(loss.mean())]
            for size, rise, top, loss in zip(
                self.sizes, self.rises, self.sharpness, self.losses, strict=True
            )
        ]
        headings = ["batch", "filter-normalised rise", "top eigenvalue", "loss"]
        return Table(headings, rows, "Rise of the loss by batch size")

    @property
    def rises_with_size(self) -> bool:
        """Whether the mean rise grows from each batch size to the next."""
        return all(a < b for a, b in pairwise(self.rises.mean(1)))

    @property
    def sharpness_is_monotone(self) -> bool:
        """Whether the mean top eigenvalue grows, or falls, from each batch size to the next."""
        steps = np.diff(self.sharpness.mean(1))
        return bool((steps > 0).all() or (steps < 0).all())


def run(seed: int = 0) -> BatchSizes:
    """Train on 512 digits, a fifth of them with random labels, from four starts a batch size.

    Args:
        seed: Of the first start; the others follow.
    """
    found = np.array([[_outcome(size, seed + s) for s in range(SEEDS)] for size in BATCH_SIZES])
    return BatchSizes(BATCH_SIZES, found[..., 0], found[..., 1], found[..., 2])


def _with_error(values: Array) -> str:
    return f"{values.mean():.3g} ± {values.std(ddof=1) / np.sqrt(len(values)):.1g}"


def _outcome(size: int, seed: int) -> tuple[float, float, float]:
    model, data = _trained(size, seed)
    objective = Objective(model, cross_entropy, data)
    base = objective.value(objective.point)
    directions = random_directions(objective, _DIRECTIONS, seed=seed)
    rises = [objective.value(objective.point + _DISTANCE * d) - base for d in directions]
    top = top_eigenvalues(objective, 1, tolerance=1e-2)
    return float(np.mean(rises)), float(top.values[0]), base


def _trained(size: int, seed: int) -> tuple[nn.Module, tuple[Tensor, Tensor]]:
    from sklearn.datasets import load_digits

    digits = load_digits()
    inputs = torch.tensor(digits.data[:_EXAMPLES] / 16, dtype=torch.float32)
    labels = torch.tensor(digits.target[:_EXAMPLES])
    generator = torch.Generator().manual_seed(seed)
    wrong = torch.rand(_EXAMPLES, generator=generator) < _NOISE
    labels = torch.where(wrong, torch.randint(10, (_EXAMPLES,), generator=generator), labels)
    with scoped(seed):
        model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=_RATE, momentum=0.9)
    for _ in range(_STEPS):
        chosen = torch.randperm(_EXAMPLES, generator=generator)[:size]
        optimizer.zero_grad()
        torch.autograd.backward(cross_entropy(model(inputs[chosen]), labels[chosen]))
        optimizer.step()
    return model, (inputs, labels)


if __name__ == "__main__":
    from lossedu.tables import print_table

    print_table(run().table())
