"""Full-batch gradient descent settles where the sharpness is two over the learning rate.

On a quadratic, steps diverge where the curvature is above ``2 / learning_rate``.  Training of a
network does not diverge there: the sharpness rises, or falls, to that value and hovers (Cohen et
al. 2021).  Gradients that come late lower the edge: see `stale_gradients`.
``python -m lossedu.landscape.experiments.edge_of_stability`` prints the table.
"""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from lossedu.landscape.curvature.eigenvalues import top_eigenvalues
from lossedu.landscape.curvature.lanczos import Array
from lossedu.landscape.curvature.products import hessian
from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.results.result import Result
from lossedu.tables import Cell, Table
from lossedu.training.random_states import scoped

LEARNING_RATES = (0.05, 0.2, 0.3, 0.4)
FLOW = 800.0  # learning rate times steps: the same for all
_LOOKS = 20
_EXAMPLES = 200


@dataclass(frozen=True)
class Descent(Result):
    """One training run.

    Attributes:
        learning_rate: Of every step.
        delay: How many steps old the weights are that a gradient is of.
        sharpness: The top eigenvalue at the start and at equal distances up to the end.
        loss: At the end.
    """

    learning_rate: float
    delay: int
    sharpness: Array
    loss: float

    @property
    def edge(self) -> float:
        """The sharpness at which a quadratic diverges."""
        return 2 * math.sin(math.pi / 2 / (2 * self.delay + 1)) / self.learning_rate

    @property
    def settled(self) -> float:
        """The mean sharpness over the second half; NaN if the loss diverged."""
        late = self.sharpness[len(self.sharpness) // 2 :]
        return float(late.mean()) if math.isfinite(self.loss) else math.nan


@dataclass(frozen=True)
class EdgeOfStability(Result):
    """The runs, by rising learning rate."""

    descents: tuple[Descent, ...]

    def table(self) -> Table:
        """One row for each learning rate."""
        rows: list[list[Cell]] = [
            [
                f"{d.learning_rate:g}",
                d.edge,
                float(d.sharpness[0]),
                d.settled,
                d.settled / d.edge,
                d.loss,
            ]
            for d in self.descents
        ]
        headings = ["learning rate", "2 / rate", "at the start", "settled", "of 2 / rate", "loss"]
        return Table(headings, rows, "Sharpness under full-batch gradient descent")


def run(seed: int = 0) -> EdgeOfStability:
    """Train one network with several learning rates for equal time, on 200 digits.

    Args:
        seed: Of the initial weights, the same for all.
    """
    objective = small_digits(seed)
    return EdgeOfStability(tuple(descend(objective, rate) for rate in LEARNING_RATES))


def small_digits(seed: int) -> Objective:
    """Half the squared error of a small network on 200 digits.

    Args:
        seed: Of the initial weights.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    inputs = torch.tensor(digits.data[:_EXAMPLES] / 16, dtype=torch.float32)
    targets = one_hot(torch.tensor(digits.target[:_EXAMPLES]), 10).float()
    with scoped(seed):
        model = nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10))
    return Objective(model, _half_squared_error, (inputs, targets))


def _half_squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs - targets).square().sum(1).mean() / 2


def descend(objective: Objective, rate: float, delay: int = 0) -> Descent:
    """Full-batch gradient descent for a time of FLOW, or until the loss is not finite.

    Args:
        objective: The loss.
        rate: The learning rate.
        delay: How many steps old the weights are that a gradient is of.
    """
    theta, seen, late = objective.point, list[float](), deque[Tensor]()
    between = round(FLOW / rate / _LOOKS)
    for step in range(_LOOKS * between + 1):
        value, gradient = objective.value_and_gradient(theta)
        if not math.isfinite(value):
            break
        if step % between == 0:
            top = top_eigenvalues(hessian(objective, theta), 1, tolerance=1e-2)
            seen.append(float(top.values[0]))
        late.append(gradient)
        if step >= delay:
            theta = theta - rate * late.popleft()
    return Descent(rate, delay, np.array(seen), value)


if __name__ == "__main__":
    from lossedu.tables import print_table

    print_table(run().table())
