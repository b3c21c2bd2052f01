"""How much runs that differ by their seed alone differ: in figures, weights and decisions."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lossedu.landscape.ensembles import disagreement
from lossedu.losses._checks import check_number
from lossedu.tables import Table


@dataclass(frozen=True)
class RunResult:
    """What one run came to.

    Attributes:
        figures: Name -> number: loss, accuracy and the like.
        point: Its parameters as one vector, or None.
        decisions: What it decides on the same examples as the other runs, shape ``(n,)``, or None.
    """

    figures: Mapping[str, float]
    point: Tensor | None = None
    decisions: Tensor | None = None


@dataclass(frozen=True)
class Spread:
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


@dataclass(frozen=True)
class RunVariance:
    """Runs beside each other.

    Attributes:
        figures: Name -> `Spread`.
        level: Of the intervals.
        distances: Between parameters, shape ``(runs, runs)``; None without points.
        cosines: Of the angles between them at 0; None without points.
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
                ends = (f"{float(pairs.min()):.4g}", f"{float(pairs.max()):.4g}")
                row = (f"{name} (least, most)", float(pairs.mean()), *ends, "", "", "", len(matrix))
                rows.append(row)
        return Table(headings, rows, label=f"variance over runs, {self.level:.0%} intervals")


def run_variance(results: Sequence[RunResult], *, level: float = 0.95) -> RunVariance:
    r"""Compare runs that differ by their seed.

    .. math:: \bar x \pm t_{n-1}\, \frac{s}{\sqrt n}, \qquad
        \Big[ s \sqrt{\tfrac{n - 1}{\chi^2_{hi}}},\ s \sqrt{\tfrac{n - 1}{\chi^2_{lo}}} \Big]

    The intervals take the runs as independent draws and their figures as roughly normal.  With
    three runs the deviation is known within a factor of about six either way: the interval says so.

    Args:
        results: At least two, with the same figures.
        level: How often such an interval holds the truth, above 0 and below 1.

    Raises:
        ValueError: If there are fewer than two runs, or they have different figures.
    """
    check_number("level", level, low=1e-9, high=1 - 1e-9)
    if len(results) < 2:
        raise ValueError(f"results must hold at least 2 runs, but hold {len(results)}.")
    names = [tuple(result.figures) for result in results]
    if len({frozenset(name) for name in names}) > 1:
        raise ValueError(f"results must have the same figures, but have {sorted(set(names))}.")
    points = [result.point for result in results if result.point is not None]
    decisions = [result.decisions for result in results if result.decisions is not None]
    distances, cosines = _between(points) if len(points) == len(results) else (None, None)
    return RunVariance(
        {name: spread([r.figures[name] for r in results], level=level) for name in names[0]},
        level,
        distances,
        cosines,
        disagreement(decisions) if len(decisions) == len(results) else None,
    )


def spread(values: Sequence[float], *, level: float = 0.95) -> Spread:
    """Mean and deviation of the finite ones among a few numbers, with intervals.

    Args:
        values: One a run.
        level: Of the intervals.
    """
    from scipy.stats import chi2, t

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
    rows = torch.stack([point.double().cpu() for point in points])
    # Differences, not the expanded square: near points would lose their digits.
    distances = np.array([[float((a - b).norm()) for b in rows] for a in rows])
    directions = torch.nn.functional.normalize(rows, dim=1)
    return distances, np.asarray((directions @ directions.T).numpy())
