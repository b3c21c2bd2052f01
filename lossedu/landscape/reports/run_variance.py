"""How much runs that differ by their seed alone differ: in figures, weights and decisions."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lossedu.landscape.connectivity.ensembles import disagreement
from lossedu.landscape.reports.movement import movement
from lossedu.landscape.results.result import Result
from lossedu.tables import Table


@dataclass(frozen=True, eq=False)
class RunResult(Result):
    """What one run came to.

    Attributes:
        figures: Name -> number: loss, accuracy and the like.
        point: Its parameters as one vector, or None.
        decisions: What it decides on the same examples as the other runs, shape ``(n,)``, or None.
    """

    figures: Mapping[str, float]
    point: Tensor | None = None
    decisions: Tensor | None = None

    def table(self) -> Table:
        """One row for each figure."""
        return Table(["", "value"], list(self.figures.items()), label="what one run came to")


@dataclass(frozen=True)
class Spread(Result):
    """One figure over runs.

    Attributes:
        mean: Over runs.
        deviation: The standard deviation over runs, n - 1 below the line.
        interval: Student's interval of the mean.
        deviation_interval: The chi-squared interval of the deviation, for normal figures.
        range: The smallest and the largest.
        runs: How many had a finite figure.
    """

    mean: float
    deviation: float
    interval: tuple[float, float]
    deviation_interval: tuple[float, float]
    range: tuple[float, float]
    runs: int


@dataclass(frozen=True, eq=False)
class RunVariance(Result):
    """Runs beside each other.

    Attributes:
        figures: Name -> `Spread`.
        level: Of the intervals.
        distances: Between parameters, shape ``(runs, runs)``; None without points.
        cosines: Of the angles between them at 0, as in `Drift`; None without points.
        disagreement: The share of examples that two runs decide differently; None without
            decisions.
    """

    figures: dict[str, Spread]
    level: float
    distances: NDArray[np.float64] | None = field(default=None, repr=False)
    cosines: NDArray[np.float64] | None = field(default=None, repr=False)
    disagreement: NDArray[np.float64] | None = field(default=None, repr=False)

    def table(self) -> Table:
        """One row for each figure, then what lies between pairs of runs."""
        headings = ["", "mean", "from", "to", "deviation", "from", "to", "runs"]
        rows: list[tuple[str | float, ...]] = [
            (name, s.mean, *s.interval, s.deviation, *s.deviation_interval, s.runs)
            for name, s in self.figures.items()
        ]
        for name in ("distances", "cosines", "disagreement"):
            matrix: NDArray[np.float64] | None = getattr(self, name)
            if matrix is not None:
                pairs = matrix[np.triu_indices(len(matrix), 1)]
                # Pairs share runs: an interval over pairs would claim too much.
                ends = (float(pairs.min()), float(pairs.max()))
                row = (f"{name} (least, most)", float(pairs.mean()), *ends, "", "", "", len(matrix))
                rows.append(row)
        return Table(headings, rows, label=f"variance over runs, {100 * self.level:.6g}% intervals")


def run_variance(results: Sequence[RunResult], *, level: float = 0.95) -> RunVariance:
    r"""Compare runs that differ by their seed.

    .. math:: \bar x \pm t_{n-1}\, \frac{s}{\sqrt n}, \qquad
        \Big[ s \sqrt{\tfrac{n - 1}{\chi^2_{hi}}},\ s \sqrt{\tfrac{n - 1}{\chi^2_{lo}}} \Big]

    The intervals take the runs as independent draws and their figures as roughly normal.  Few runs
    say little: of three, the truth may lie from half of the deviation that is seen to six times
    it, at a level of 0.95.

    Args:
        results: At least two, with the same figures.
        level: How often such an interval holds the truth, above 0 and below 1.

    Raises:
        ValueError: If there are fewer than two runs, or they have different figures, or points or
            decisions of different shapes, or not all have them.
    """
    if len(results) < 2:
        raise ValueError(f"results must hold at least 2 runs, but hold {len(results)}.")
    names = [tuple(result.figures) for result in results]
    if len({frozenset(name) for name in names}) > 1:
        raise ValueError(f"results must have the same figures, but have {sorted(set(names))}.")
    figures = {name: spread([r.figures[name] for r in results], level=level) for name in names[0]}
    points = _of_all("point", [result.point for result in results])
    decisions = _of_all("decisions", [result.decisions for result in results])
    distances, cosines = _between(points) if points else (None, None)
    return RunVariance(
        figures, level, distances, cosines, disagreement(decisions) if decisions else None
    )


def _of_all(name: str, tensors: Sequence[Tensor | None]) -> list[Tensor]:
    """The tensors, or none if no run has one."""
    shapes = [None if tensor is None else tuple(tensor.shape) for tensor in tensors]
    if len(set(shapes)) > 1:
        raise ValueError(
            f"results must all have {name} of one shape, or none, but have shapes {shapes}."
        )
    return [tensor for tensor in tensors if tensor is not None]


def spread(values: Sequence[float], *, level: float = 0.95) -> Spread:
    """Mean and deviation of the finite ones among a few numbers, with intervals.

    Args:
        values: One a run.
        level: Of the intervals, above 0 and below 1.

    Raises:
        ValueError: If the level is out of range.
    """
    from scipy.stats import chi2, t

    if not 0 < level < 1:
        raise ValueError(f"level must be above 0 and below 1, but is {level}.")
    known = np.array([value for value in values if math.isfinite(value)], dtype=np.float64)
    n = len(known)
    if n == 0:
        nothing = (math.nan, math.nan)
        return Spread(math.nan, math.nan, nothing, nothing, nothing, 0)
    mean, ends = float(known.mean()), (float(known.min()), float(known.max()))
    if n == 1:
        everything = (-math.inf, math.inf)
        return Spread(mean, math.nan, everything, (0.0, math.inf), ends, 1)
    deviation = float(known.std(ddof=1))
    half = float(t.ppf((1 + level) / 2, n - 1)) * deviation / math.sqrt(n)
    low, high = (float(chi2.ppf(p, n - 1)) for p in ((1 + level) / 2, (1 - level) / 2))
    wide = (deviation * math.sqrt((n - 1) / low), deviation * math.sqrt((n - 1) / high))
    return Spread(mean, deviation, (mean - half, mean + half), wide, ends, n)


def _between(points: Sequence[Tensor]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rows = [point.detach().double().cpu() for point in points]
    distances, cosines = (np.zeros((len(rows), len(rows))) for _ in range(2))
    for a, b in combinations_with_replacement(range(len(rows)), 2):
        # A difference, not the expanded square: near points would lose their digits.
        moved = movement(rows[a], rows[b])
        distances[a, b] = distances[b, a] = moved.distance
        cosines[a, b] = cosines[b, a] = moved.cosine
    return distances, cosines
