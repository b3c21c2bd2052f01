"""Sharpness-aware minimisation and weight averaging end in flatter places than SGD alone.

Foret et al. 2021 (arXiv 2010.01412) and Izmailov et al. 2018 (arXiv 1803.05407) in small: equal
data with some wrong labels, equal first weights and order of batches, three ways to train.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape.curvature.eigenvalues import top_eigenvalues
from lossedu.landscape.curvature.products import hessian
from lossedu.landscape.curvature.sharpness import expected_sharpness
from lossedu.landscape.curvature.trace import trace
from lossedu.landscape.experiments.digits_networks import Batch, digits, in_batches, network
from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.optimisers.averaging import average_weights
from lossedu.landscape.optimisers.sam import SAM
from lossedu.landscape.reports.run_variance import Spread, spread
from lossedu.landscape.results.result import Result
from lossedu.tables import Table
from lossedu.training.random_states import stream_seed

Method = Literal["SGD", "SAM", "averaged SGD"]
METHODS: tuple[Method, ...] = ("SGD", "SAM", "averaged SGD")
MEASURES = ("top eigenvalue", "trace", "expected sharpness")


@dataclass(frozen=True)
class FlatterMinima(Result):
    """Measures of flatness for each method, over seeds.

    Attributes:
        measured: Method -> measure -> one number a seed, in the same order of seeds.
    """

    measured: dict[Method, dict[str, list[float]]]

    def ratio(self, method: Method, measure: str) -> Spread:
        """The logarithm of SGD's measure over the method's, seed by seed."""
        pairs = zip(self.measured["SGD"][measure], self.measured[method][measure], strict=True)
        return spread([math.log(sgd / own) for sgd, own in pairs])

    def table(self) -> Table:
        """Means over seeds, and how many times flatter than SGD with 95 % intervals."""
        rows: list[tuple[str | float, ...]] = []
        for method in METHODS:
            for measure, values in self.measured[method].items():
                times = ""
                if method != "SGD" and measure in MEASURES:
                    ratio = self.ratio(method, measure)
                    low, high = (math.exp(end) for end in ratio.interval)
                    times = f"{math.exp(ratio.mean):.3g} ({low:.3g} to {high:.3g})"
                rows.append((method, measure, spread(values).mean, times))
        headings = ["method", "measure", "mean over seeds", "times flatter than SGD"]
        return Table(headings, rows, label="flatness by method")


def run(seed: int = 0, *, seeds: int = 10, epochs: int = 40) -> FlatterMinima:
    """Train in three ways from each of several seeds, and measure where they end.

    Args:
        seed: Of everything.
        seeds: How many; at least 2 for an interval.
        epochs: Of training; the average is over the ends of the last half of them.
    """
    measured: dict[Method, dict[str, list[float]]] = {method: {} for method in METHODS}
    for number in range(seeds):
        own = stream_seed(seed, number)
        data = digits(wrong_labels=0.2, seed=own)
        for method, model in _trained(own, data, epochs).items():
            for measure, value in _flatness(model, data).items():
                measured[method].setdefault(measure, []).append(value)
    return FlatterMinima(measured)


def _trained(seed: int, data: Batch, epochs: int) -> dict[Method, nn.Module]:
    states: list[dict[str, torch.Tensor]] = []

    def keep(epoch: int) -> None:
        if epoch >= epochs // 2:
            states.append({name: t.clone() for name, t in models["SGD"].state_dict().items()})

    methods: tuple[Method, ...] = ("SGD", "SAM")
    models: dict[Method, nn.Module] = {m: network(seed, 64, 32, 10) for m in methods}
    for method in methods:
        base = torch.optim.SGD(models[method].parameters(), lr=0.05, momentum=0.9)
        optimizer = base if method == "SGD" else SAM(base, rho=0.1)
        in_batches(
            models[method],
            data,
            optimizer,
            epochs=epochs,
            batch_size=32,
            seed=seed,
            after_epoch=keep if method == "SGD" else None,
        )
    models["averaged SGD"] = average_weights(models["SGD"], states)
    return models


def _flatness(model: nn.Module, data: Batch) -> dict[str, float]:
    objective = Objective(model, cross_entropy, data)
    curvature = hessian(objective)
    top = top_eigenvalues(curvature, 1, tolerance=0.01)
    return {
        "loss": objective.value(objective.point),
        "top eigenvalue": float(top.values[0]),
        "trace": trace(curvature, known=top, tolerance=0.02, seed=1).value,
        "expected sharpness": expected_sharpness(objective, sigma=0.05, samples=100).rise,
    }


if __name__ == "__main__":
    from lossedu.tables import print_table

    print_table(run().table())
