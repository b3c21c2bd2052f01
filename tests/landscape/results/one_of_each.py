"""A result of every kind, computed from models so small that all of them take a moment."""

from dataclasses import fields, is_dataclass

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from lossedu import landscape
from lossedu.landscape.experiments.batch_size import BatchSizes
from lossedu.landscape.experiments.connected_minima import ConnectedMinima
from lossedu.landscape.experiments.edge_of_stability import Descent, EdgeOfStability
from lossedu.landscape.experiments.flatter_minima import METHODS, FlatterMinima
from lossedu.landscape.experiments.stale_gradients import StaleGradients
from lossedu.landscape.experiments.weight_matching import WeightMatching
from lossedu.landscape.results.result import Result
from lossedu.training import fit
from lossedu.training.random_states import scoped


def network(seed):
    with scoped(seed):
        return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))


def examples():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(12, 4, generator=generator), torch.arange(12) % 3


def curvature(objective):
    yield landscape.top_eigenvalues(objective, 3)
    yield landscape.trace(objective, max_products=30)
    yield landscape.spectral_density(objective, probes=2, steps=10)
    yield landscape.diagonal(objective, probes=4)
    yield landscape.natural_gradient(objective, "categorical", max_products=5)
    yield landscape.gradient_noise_scale(objective)
    yield landscape.worst_case_sharpness(objective, steps=2, restarts=1)
    yield landscape.expected_sharpness(objective, samples=3)


def slices(objective):
    yield landscape.line(objective, resolution=5)
    yield landscape.plane(objective, resolution=5, fill="grid")
    trajectory = landscape.Trajectory()
    for seed in range(4):
        trajectory.record(network(seed))
    yield landscape.principal_plane(trajectory)


def connections(objective, other):
    yield landscape.low_loss_path(objective, objective.point, other.point, steps=3)
    yield landscape.aligned_barrier(objective, network(0), network(1))
    yield landscape.checkpoint_ensemble([network(0), network(1)], examples())


def forgetting():
    old = landscape.OldTask(mse_loss, (torch.eye(4), torch.ones(4, 3)), predict=True)
    model = network(0)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    data = examples()
    fit(model, cross_entropy, data, steps=3, optimizer=optimizer, callbacks=[old], progress=False)
    return old.result()


def reports(objective, other):
    yield landscape.compare_objectives(objective, other)
    yield landscape.compression_path(objective, pruned=[0.5])
    yield landscape.gate_objective(objective, {"loss": landscape.Limit(most=9.0)})
    runs = [landscape.RunResult({"loss": float(seed)}, torch.randn(3)) for seed in range(3)]
    yield from (runs[0], landscape.run_variance(runs), forgetting())


def experiments(path, barrier):
    row = np.linspace(1.0, 2.0, 6)
    descent = Descent(0.1, 0, row, 0.5)
    yield BatchSizes((8, 16), *[row.reshape(2, 3)] * 3)
    yield ConnectedMinima((path,))
    yield WeightMatching((barrier,))
    yield EdgeOfStability((descent,))
    yield StaleGradients((descent,))
    yield FlatterMinima({method: {"trace": [1.0, 2.0]} for method in METHODS})


def inside(result):
    """A result and all that are parts of it."""
    yield result
    waiting = [getattr(result, field.name) for field in fields(result)]
    while waiting:
        value = waiting.pop()
        if is_dataclass(value):
            yield from inside(value)
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, (list, tuple)):
            waiting += value


def every_kind() -> dict[str, Result]:
    """Name of a class -> one of it."""
    objective, other = (
        landscape.Objective(network(seed), cross_entropy, examples(), batch_size=3)
        for seed in (0, 1)
    )
    ways = list(connections(objective, other))
    made = [
        *curvature(objective),
        *slices(objective),
        *ways,
        *reports(objective, other),
        *experiments(*ways[:2]),
    ]
    return {type(part).__name__: part for whole in made for part in inside(whole)}
