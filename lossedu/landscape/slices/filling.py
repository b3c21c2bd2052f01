"""Losses on a grid: each evaluated, or interpolated from few where the error stays small."""

from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from lossedu.landscape.slices import chebyshev
from lossedu.landscape.slices.store import Place
from lossedu.landscape.slices.survey import Survey

Array = NDArray[np.float64]
Fill = Literal["adaptive", "chebyshev", "grid"]
Range = tuple[float, float]
_CHECKS = 6
_ROUNDING = 4


@dataclass(frozen=True)
class Filled:
    """Losses on a grid and what is known of them; the fields are those of `Plane`."""

    losses: Array
    fill: Literal["chebyshev", "grid"]
    nodes: tuple[int, int]
    log: bool
    error: float
    reached: bool


def filled(losses: Survey, x: Array, y: Array, *, fill: Fill, tolerance: float) -> Filled:
    """The losses at all pairs of places; see `plane`.

    Args:
        losses: What is evaluated.
        x: Equally spaced places along the first direction.
        y: As many along the second.
        fill: How.
        tolerance: The error that is allowed, as a share of the range.
    """
    if fill != "grid":
        found = _interpolated(losses, x, y, tolerance)
        if found is not None and (found.reached or fill == "chebyshev"):
            return found
    grid = losses(_places(x, y)).reshape(len(y), len(x))
    return Filled(grid, "grid", (len(x), len(y)), log=False, error=0.0, reached=True)


def _interpolated(losses: Survey, x: Array, y: Array, tolerance: float) -> Filled | None:
    """Refine until the error is small or evaluations run out; None if a value is not finite."""
    unit = places_of((-1, 1), len(x))
    across = down = chebyshev.FIRST
    best = None
    while across * down + _CHECKS <= len(x) * len(y) / 2:
        at_x, at_y = (_within(span, chebyshev.nodes(n)) for span, n in ((x, across), (y, down)))
        at_nodes = losses(_places(at_x, at_y)).reshape(down, across)
        if not np.isfinite(at_nodes).all():
            return None
        found = chebyshev.interpolate(at_nodes, unit, unit)
        scale = float(np.ptp(found.values))
        rounding = float(np.abs(found.values).max()) * torch.finfo(losses.objective.dtype).eps
        # Where losses differ by their rounding only, which an interpolant makes larger, there is
        # nothing to refine.
        flat = bool(np.ptp(at_nodes) <= _ROUNDING * rounding)
        enough, error = tolerance * scale + flat * 4 * _ROUNDING * rounding, found.error
        if error <= enough:
            error = max(error, _seen_error(losses, x, y, found.values))
        if not np.isfinite(error):
            return None
        share = error / scale if scale else (np.inf if error else 0.0)
        reached = error <= enough
        best = Filled(found.values, "chebyshev", (across, down), found.log, share, reached)
        if reached:
            break
        if found.errors[0] >= found.errors[1]:
            across = chebyshev.finer(across)
        else:
            down = chebyshev.finer(down)
    return best


def places_of(span: Range, count: int) -> Array:
    """Equally spaced places; the middle of an odd number is exact."""
    low, high = span
    share = np.arange(1 - count, count, 2) / max(count - 1, 1)
    places: Array = (low + high) / 2 + (high - low) / 2 * share
    return places


def _seen_error(losses: Survey, x: Array, y: Array, interpolated: Array) -> float:
    """Twice the largest error at a few places of the grid; infinite if one is not finite."""
    k = np.arange(1, _CHECKS + 1)
    # Multiples of these numbers, without their whole parts, lie evenly in the unit square.
    columns, rows = ((k * step % 1 * len(x)).astype(int) for step in (0.7548777, 0.5698403))
    exact = losses([(a, b) for a, b in zip(x[columns].tolist(), y[rows].tolist(), strict=True)])
    worst = float(np.abs(exact - interpolated[rows, columns]).max())
    return 2 * worst if np.isfinite(worst) else np.inf


def _places(x: Array, y: Array) -> list[Place]:
    """Row by row."""
    return [(a, b) for b, a in product(y.tolist(), x.tolist())]


def _within(ends: Array, unit: Array) -> Array:
    """From [-1, 1] to between the first and the last place."""
    low, high = ends[0], ends[-1]
    places: Array = (low + high) / 2 + (high - low) / 2 * unit
    return places
