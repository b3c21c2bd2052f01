"""The barrier on the straight line between two points, refined until its error is small."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lossedu.arguments.checks import check_count, check_positive
from lossedu.landscape.objective.digest import digest_of
from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.results.result import Result
from lossedu.landscape.slices.directions import Point
from lossedu.landscape.slices.store import Store
from lossedu.landscape.slices.survey import Segment, is_main
from lossedu.tables import Table
from lossedu.training.progress import progress_bar

_ROUNDING = 10  # units in the last place that a mean loss may owe to the order of its sum
_SAFETY = 2.0
"""Curvature inside an interval may be this many times what differences beside it show."""


@dataclass(frozen=True, eq=False)
class Barrier(Result):
    """How far the loss rises above the straight line between its end values.

    Attributes:
        height: At least 0; infinite where the loss is not finite on the way.
        place: Where, from 0 (the start) to 1 (the end): the first place that is as high, but for
            ten units in the last place of the loss.
        error: How much higher the barrier may be between the points that were looked at, by an
            estimate from second differences; infinite where the loss is not finite.
        converged: Whether the error is within the tolerance.
        positions: Where the loss was looked at, float64, ascending from 0 to 1.
        losses: The loss there, float64.
    """

    height: float
    place: float
    error: float
    converged: bool
    positions: NDArray[np.float64] = field(repr=False)
    losses: NDArray[np.float64] = field(repr=False)

    def table(self) -> Table:
        """The barrier in one line."""
        ends = [float(self.losses[0]), float(self.losses[-1])]
        row = [self.height, self.error, self.place, *ends, len(self.losses)]
        headings = ["", "height", "error", "at", "loss at 0", "loss at 1", "evaluations"]
        return Table(headings, [["barrier", *row]], label="the barrier on a straight line")


def linear_barrier(
    objective: Objective,
    start: Point,
    end: Point,
    *,
    tolerance: float = 1e-2,
    resolution: int = 11,
    most: int = 65,
    file: str | Path | None = None,
    progress: bool = False,
) -> Barrier:
    r"""Measure the barrier between two points.

    .. math:: B = \max_{t \in [0, 1]}\ L\big((1 - t)\,\theta_0 + t\,\theta_1\big)
        - (1 - t)\,L(\theta_0) - t\,L(\theta_1)

    Equal steps come first; then the interval that may hide most above the highest point so far is
    halved, until none may hide more than the tolerance or cannot be halved: a loss that jumps is
    never called converged.

    Args:
        objective: With batch norm not frozen: each model has its own statistics.
        start: A ``state_dict`` or a point, as for `interpolation`.
        end: Another one.
        tolerance: The error at which to stop, in units of the loss's range on the line or of the
            larger end value, whichever is larger; above 0.
        resolution: How many places in equal steps come first, both ends among them; at least 3.
        most: Evaluations at most.
        file: An ``.npz`` file for finished evaluations, from which an interrupted run goes on; one
            of `interpolation` between the same ends does as well.
        progress: Whether to show a bar in a terminal.

    Raises:
        TypeError: If an end is neither a tensor nor a ``state_dict``.
        ValueError: If an argument is out of range or an end of another size, batch norm is frozen,
            or ``file`` is of another run.

    References:
        J. Frankle et al., Linear mode connectivity and the lottery ticket hypothesis, ICML 2020,
        arXiv 1912.05671, who subtract the mean of the end values; R. Entezari et al., The role of
        permutation invariance in linear mode connectivity of neural networks, ICLR 2022, arXiv
        2110.06296, who subtract the line between them, as here.
    """
    check_moves_statistics(objective)
    check_positive("tolerance", tolerance)
    check_count("resolution", resolution)
    check_count("most", most)
    if not 3 <= resolution <= most:
        raise ValueError(f"resolution must lie in 3 to most, {most}, but is {resolution}.")
    ends = end_of_path(objective, "start", start), end_of_path(objective, "end", end)
    with _losses(objective, *ends, file=file, progress=progress, total=most) as loss:
        seen = {t: loss(t) for t in np.linspace(0, 1, resolution).tolist()}
        while True:
            barrier, worst = _so_far(seen, tolerance, torch.finfo(objective.dtype).eps)
            if barrier.converged or worst is None or len(seen) >= most:
                return barrier
            seen[worst] = loss(worst)


@contextmanager
def _losses(
    objective: Objective,
    start: Tensor,
    end: Tensor,
    *,
    file: str | Path | None,
    progress: bool,
    total: int,
) -> Iterator[Callable[[float], float]]:
    """The loss at a share of the way: each computed once, kept in a file and shown."""
    digest = ""
    if file is not None:  # that of `interpolation`
        digest = digest_of((Segment.__name__, objective.digest()), (start, end))
    store, count = Store(file, digest, writes=is_main()), itertools.count(1)
    with progress_bar(total, shown=progress and is_main()) as show:

        def loss(t: float) -> float:
            if (t,) not in store.known:
                store.add((t,), _loss_at(objective, start, end, t))
            show(next(count), {"loss": store.known[t,]})
            return store.known[t,]

        try:
            yield loss
        finally:
            store.save()


def _loss_at(objective: Objective, start: Tensor, end: Tensor, t: float) -> float:
    # Weighted so that both ends are met exactly, whatever the dtype; but 0 times NaN is NaN.
    ends = {0.0: start, 1.0: end}
    return objective.value(ends[t] if t in ends else (1 - t) * start + t * end)


def _so_far(seen: dict[float, float], tolerance: float, eps: float) -> tuple[Barrier, float | None]:
    """The barrier among the points seen, and where to look next."""
    positions = np.array(sorted(seen))
    losses = np.array([seen[t] for t in positions.tolist()])
    if not np.isfinite(losses).all():
        place = float(positions[~np.isfinite(losses)][0])
        return Barrier(math.inf, place, math.inf, False, positions, losses), None
    rise = losses - ((1 - positions) * losses[0] + positions * losses[-1])
    rounding = _ROUNDING * eps * float(np.abs(losses).max())
    top = _first_highest(rise, rounding)
    hidden = _possible(positions, rise)
    height = float(rise.max())
    error = max(float(hidden.max()) - height, 0.0)
    scale = max(float(np.ptp(losses)), abs(float(losses[0])), abs(float(losses[-1])))
    widest = _first_highest(hidden, rounding)
    middle = float((positions[widest] + positions[widest + 1]) / 2)
    converged = error <= tolerance * scale
    found = Barrier(height, float(positions[top]), error, converged, positions, losses)
    return found, None if middle in seen else middle


def _first_highest(values: NDArray[np.float64], rounding: float) -> int:
    """On a plateau, or a hill of two equal sides, rounding alone would choose."""
    return int((values >= values.max() - rounding).argmax())


def _possible(positions: NDArray[np.float64], rise: NDArray[np.float64]) -> NDArray[np.float64]:
    """How high the rise may be inside each interval: a chord, and a parabola bent as it may be.

    Between ends a and b, at distance h, a function with second derivative of at least -M is at
    most max over s of (1 - s) a + s b + M h² s (1 - s) / 2.
    """
    slopes = np.diff(rise) / np.diff(positions)
    bends = -2 * np.diff(slopes) / (positions[2:] - positions[:-2])
    first = _trend(positions[1:-1], bends, positions[0])
    last = _trend(positions[-2:0:-1], bends[::-1], positions[-1])
    around = np.maximum(np.concatenate([[first], bends, [last]]), 0.0)
    highest = []
    for k, (low, high) in enumerate(pairwise(range(len(positions)))):
        width = positions[high] - positions[low]
        bow = _SAFETY * max(around[low], around[high]) * width**2 / 2
        tilt = rise[high] - rise[low]
        s = float(np.clip(0.5 + tilt / (2 * bow), 0, 1)) if bow > 0 else float(tilt > 0)
        highest.append(rise[k] + s * tilt + bow * s * (1 - s))
    return np.array(highest)


def _trend(places: NDArray[np.float64], bends: NDArray[np.float64], end: float) -> float:
    """The most that the nearest bends let expect at an end, where no difference can be taken.

    What a constant, a line and a parabola through the first one, two and three of them give there,
    by Neville's scheme.
    """
    level = bends[:3].tolist()
    most = level[0]
    for reach in range(1, len(level)):
        level = [
            ((end - places[k + reach]) * near + (places[k] - end) * far)
            / (places[k] - places[k + reach])
            for k, (near, far) in enumerate(pairwise(level))
        ]
        most = max(most, level[0])
    return float(most)


def end_of_path(objective: Objective, name: str, given: Point) -> Tensor:
    """A point to begin or end at, detached and on the objective's device; it may hold NaN.

    Raises:
        TypeError: If it is neither a tensor nor a ``state_dict``.
        ValueError: If it is of another size.
    """
    if isinstance(given, Mapping):
        return objective.flatten(given)
    if not isinstance(given, Tensor):
        raise TypeError(
            f"{name} must be a tensor or a state_dict, but is {type(given).__name__}. Hint: "
            "torch.from_numpy makes a tensor of an array."
        )
    objective.layout.check(name, given)
    return given.detach().to(objective.device)


def check_moves_statistics(objective: Objective) -> None:
    """Refuse frozen statistics where a point is far from the model's own.

    Raises:
        ValueError: If the model has batch norm and the objective freezes its statistics.
    """
    if objective.has_batch_norm and objective.batch_norm == "frozen":
        raise ValueError(
            'objective must have batch_norm="recomputed" or "batch" between two models, but has '
            '"frozen". Hint: the statistics of one model make the other\'s loss meaningless.'
        )
