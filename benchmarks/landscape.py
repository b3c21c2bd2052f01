"""Planes of the loss beside ``loss-landscapes``: its own loop, our interpolation and our grid.

The peer evaluates as many places in a plane of the same size around the same weights.  Its rows are
shifted and its random directions its own, so that accuracy is measured against our full grid.
"""

import time
import warnings
from collections.abc import Callable, Iterator
from statistics import median

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks import landscape_gate
from benchmarks.measure import Measured, Row, peak_mb
from lossedu.landscape import Objective
from lossedu.landscape.slices.directions import random_directions
from lossedu.landscape.slices.plane import Plane, plane
from lossedu.training.random_states import scoped

MAX_ERROR = 0.003


def digits(device: str) -> tuple[Tensor, Tensor]:
    """Images of 8 by 8 and their classes."""
    from sklearn.datasets import load_digits

    bundle = load_digits()
    images = torch.tensor(bundle.images, dtype=torch.float32, device=device)[:, None] / 16
    return images, torch.tensor(bundle.target, device=device)


def perceptron() -> nn.Module:
    """Two hidden layers."""
    hidden = nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU()
    return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(64, 10))


def convolutions() -> nn.Module:
    """Two convolutions."""
    first, second = nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1)
    layers = first, nn.ReLU(), nn.MaxPool2d(2), second, nn.ReLU(), nn.Flatten()
    return nn.Sequential(*layers, nn.Linear(256, 10))


def trained(build: Callable[[], nn.Module], data: tuple[Tensor, Tensor], steps: int) -> nn.Module:
    """A model after some steps of Adam."""
    with scoped(0):
        model = build().to(data[0].device)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    generator = torch.Generator().manual_seed(0)
    for _ in range(steps):
        chosen = torch.randint(len(data[0]), (128,), generator=generator).to(data[0].device)
        optimizer.zero_grad()
        cross_entropy(model(data[0][chosen]), data[1][chosen]).backward()
        optimizer.step()
    return model


def peer(model: nn.Module, data: tuple[Tensor, Tensor], resolution: int) -> None:
    """The plane of ``loss-landscapes``, filter-normalised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import loss_landscapes
        from loss_landscapes.metrics import Loss

        metric = Loss(cross_entropy, *data)
        loss_landscapes.random_plane(model, metric, 1, resolution, "filter", deepcopy_model=True)


def seconds(run: Callable[[], object], device: str) -> float:
    """Of one run."""
    start = time.perf_counter()
    run()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def off_by(found: Plane, exact: Plane) -> float:
    """The largest error as a share of the range."""
    return float(np.abs(found.losses - exact.losses).max() / np.ptp(exact.losses))


def rows(device: str, *, quick: bool) -> Iterator[Row]:
    """Every row, as soon as it is measured."""
    data = digits(device)
    for name, build in (("digits MLP", perceptron), ("digits CNN", convolutions)):
        model = trained(build, data, 5 if quick else 300)
        yield from _of(name, model, data, device, quick=quick)
    if device == "cpu":
        yield from landscape_gate.rows(quick=quick)


def _of(
    name: str, model: nn.Module, data: tuple[Tensor, Tensor], device: str, *, quick: bool
) -> Iterator[Row]:
    objective = Objective(model, cross_entropy, data)
    first, second = random_directions(objective)
    # The same for every number of places: nothing but losses is kept of one.
    ours_mb = peak_mb(lambda: plane(objective, first, second, resolution=9, fill="grid"), device)
    their_mb = peak_mb(lambda: peer(model, data, 9), device)
    for resolution, factor in ((9, 1.0),) if quick else ((51, 14.0), (25, 3.0)):
        few, every, theirs = [], [], []
        for _ in range(1 if quick else 3 if resolution > 25 else 5):
            # Twice: after seconds of the peer its memory would first have to be brought back.
            plane(objective, first, second, resolution=resolution)
            found = plane(objective, first, second, resolution=resolution)
            few.append(found.seconds)
            exact = plane(objective, first, second, resolution=resolution, fill="grid")
            every.append(exact.seconds)
            theirs.append(seconds(lambda n=resolution: peer(model, data, n), device))  # type: ignore[misc]
        other = Measured(1e3 * median(theirs), their_mb)
        error = off_by(found, exact)
        size = f"{name}, {resolution} x {resolution}"
        words = f"error ≤ {MAX_ERROR:.1%} of the range, estimate ≥ half of it"
        kept = error <= MAX_ERROR and found.error >= error / 2
        limit = (f"{words} (found {error:.2%}, {found.error:.2%})", kept)
        ours = Measured(1e3 * median(few), ours_mb)
        what = f"plane, {found.evaluations} evaluations"
        aim = round(1 / factor, 3)
        yield Row(what, size, "loss-landscapes", ours, other, target=aim, limit=limit)
        ours = Measured(1e3 * median(every), ours_mb)
        yield Row("plane, every place", size, "loss-landscapes", ours, other, target=1.05)
