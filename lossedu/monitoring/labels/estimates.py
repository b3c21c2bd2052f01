r"""A mean loss while labels are missing: each label stands for those of its class not yet here.

With $F_c(a)$ the share of labels of class $c$ that has arrived by age $a$, a label that is here
stands for $w = 1 / F_c(a)$ predictions, and the mean of a window is $\sum w\,l / \sum w$ (Hájek's
estimator).  That is right if lags depend on the class and on nothing else about an example.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from lossedu.monitoring.labels.cells import Cells
from lossedu.monitoring.labels.lag import LagModel
from lossedu.monitoring.timeline import Values

LEAST_COVERAGE = 0.6


@dataclass(frozen=True)
class Estimate:
    """The mean of a value in one window of predictions.

    Attributes:
        start: The window's begin, in UTC.
        predicted: How many predictions were made in it.
        labelled: How many of these have a label.
        mean: The weighted mean; NaN without labels.
        standard_error: Of that mean; it leaves out that the lags were estimated too.
        status: ``"unknown"`` where too few labels are here, or the mean is NaN: then it must not be
            acted on.
    """

    start: datetime
    predicted: float
    labelled: float
    mean: float
    standard_error: float
    status: Literal["known", "unknown"]

    @property
    def coverage(self) -> float:
        """The share of the predictions that have a label."""
        return self.labelled / self.predicted if self.predicted else 0.0


def means(
    cells: Cells,
    value: str,
    lags: LagModel,
    *,
    window: timedelta,
    least_coverage: float = LEAST_COVERAGE,
) -> list[Estimate]:
    """The weighted mean of each window of predictions, oldest first.

    Args:
        cells: Of the logs.
        value: One of those that were summed.
        lags: Of the same labels.
        window: Whole steps.
        least_coverage: The share of labels below which a window is unknown.

    Raises:
        ValueError: If the window is not whole steps.
    """
    expected = lags.share(cells.label, cells.age)
    weights = np.divide(1.0, expected, out=np.zeros_like(expected), where=expected > 0)
    return _windows(cells, value, weights, cells.made, window, least_coverage)


def unweighted(
    cells: Cells, value: str, *, window: timedelta, least_coverage: float = LEAST_COVERAGE
) -> list[Estimate]:
    """The same without weights: wrong while classes with different lags are missing."""
    return _windows(cells, value, np.ones_like(cells.count), cells.made, window, least_coverage)


def by_arrival(cells: Cells, value: str, *, window: timedelta) -> list[Estimate]:
    """The mean of the labels that arrived in each window, whenever their predictions were made.

    This is what a counter of labelled events shows.  It answers another question than `means`.
    """
    return _windows(cells, value, np.ones_like(cells.count), cells.made + cells.lag, window, 0.0)


def watermark(estimates: Sequence[Estimate]) -> datetime | None:
    """The begin of the last window before the first unknown one; None if there is none."""
    known = None
    for estimate in estimates:
        if estimate.status == "unknown":
            break
        known = estimate.start
    return known


@dataclass(frozen=True)
class Revision:
    """A window whose mean has changed since it was last reported.

    Attributes:
        start: The window's begin, in UTC.
        before: What was reported.
        now: What more labels say.
    """

    start: datetime
    before: Estimate
    now: Estimate

    @property
    def surprise(self) -> float:
        """The change in standard errors of what was reported."""
        return (self.now.mean - self.before.mean) / self.before.standard_error


def backfill(before: Sequence[Estimate], now: Sequence[Estimate]) -> list[Revision]:
    """Windows that have to be written anew because labels have arrived since.

    Args:
        before: What was reported.
        now: The same windows and later ones, as of a later moment.
    """
    old = {estimate.start: estimate for estimate in before}
    return [
        Revision(new.start, old[new.start], new)
        for new in now
        if new.start in old and new.labelled != old[new.start].labelled
    ]


def _windows(
    cells: Cells,
    value: str,
    weights: Values,
    step_of: np.ndarray[tuple[int], np.dtype[np.int64]],
    window: timedelta,
    least_coverage: float,
) -> list[Estimate]:
    if window < cells.step or window % cells.step:
        raise ValueError(f"window must be whole steps of {cells.step}, but is {window}.")
    steps = window // cells.step
    number = -(-cells.as_of // steps)
    place = step_of // steps

    def added(amounts: Values) -> Values:
        result = np.zeros(number)
        np.add.at(result, place, amounts)
        return result

    predicted = np.zeros(number)
    np.add.at(predicted, np.arange(len(cells.predicted)) // steps, cells.predicted)
    labelled, total = added(cells.count), added(weights * cells.count)
    sums, squares = cells.sums[value], cells.squares[value]
    mean = np.divide(added(weights * sums), total, out=np.full(number, np.nan), where=total > 0)
    here = mean[place]
    spread = squares - 2 * here * sums + here**2 * cells.count
    error = np.sqrt(np.maximum(added(weights**2 * spread), 0))
    error = np.divide(error, total, out=np.full(number, np.nan), where=total > 0)
    coverage = np.divide(labelled, predicted, out=np.zeros(number), where=predicted > 0)
    # A label whose class has no usable lags has no weight, and what it stands for is not counted.
    weightless = added(np.where(weights > 0, 0.0, cells.count))
    enough = (coverage >= least_coverage) & (weightless == 0)
    return [
        Estimate(
            start=cells.start + row * window,
            predicted=float(predicted[row]),
            labelled=float(labelled[row]),
            mean=float(mean[row]),
            standard_error=float(error[row]),
            status="known" if mean[row] == mean[row] and enough[row] else "unknown",
        )
        for row in range(number)
    ]
