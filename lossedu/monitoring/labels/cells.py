"""Late labels in small: numbers and sums for each hour of prediction, hour of arrival and class.

Everything that corrects for missing labels follows from these, so that the logs themselves, however
large, are only counted and summed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import narwhals as nw
import numpy as np

from lossedu.monitoring.frames import Frame, FrameError, Source, columns, finite
from lossedu.monitoring.labels.joining import joined, utc
from lossedu.monitoring.timeline import Values

STEP = timedelta(hours=1)
_UNITS = {timedelta(minutes=1): "1m", timedelta(hours=1): "1h", timedelta(days=1): "1d"}


@dataclass(frozen=True, eq=False)
class Cells:
    """Labelled predictions by when they were made, how long the label took, and its class.

    Arrays have an entry a cell.  Times are in steps since the first prediction's.

    Attributes:
        start: The begin of step 0, in UTC.
        step: The length of a step.
        as_of: The moment that was looked at, in whole steps; what came before it is in.
        made: The step in which the predictions were made.
        lag: Steps from then until the labels arrived, at least 0.
        label: The class.
        count: How many there are.
        sums: For each value that was asked for, the sum over them; NaN if one is not finite.
        squares: The sum of its squares.
        predicted: How many predictions each step made, labelled or not, of shape ``(steps,)``.
    """

    start: datetime
    step: timedelta
    as_of: int
    made: np.ndarray[Any, np.dtype[np.int64]]
    lag: np.ndarray[Any, np.dtype[np.int64]]
    label: np.ndarray[Any, Any]
    count: Values
    sums: Mapping[str, Values]
    squares: Mapping[str, Values]
    predicted: Values

    @property
    def age(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The longest lag that could have been seen of each cell's predictions."""
        return self.as_of - 1 - self.made


def cells(
    predictions: Source,
    labels: Source,
    values: Mapping[str, nw.Expr],
    *,
    as_of: datetime,
    step: timedelta = STEP,
) -> Cells:
    """Count and sum over the logs, where they lie.

    Args:
        predictions: As `lossedu.monitoring.labels.joining.joined` takes them.
        labels: Likewise.
        values: What to sum, as expressions of the joined columns; see `lossedu.monitoring.slis`.
        as_of: The moment that is looked at, with its time zone; a step that has begun does not
            count yet.
        step: A minute, an hour or a day: how finely lags are known.

    Raises:
        FrameError: If a column is missing, there are no predictions, or the step is none of these.
    """
    unit = _UNITS.get(step)
    if unit is None:
        raise FrameError(f"step must be a minute, an hour or a day, but is {step}.")
    end = _floor(utc("as_of", as_of), step)
    before = (end - timedelta(microseconds=1)).replace(tzinfo=UTC)
    rows = joined(predictions, labels, as_of=before).with_columns(
        _made=nw.col("time").dt.truncate(unit), **values
    )
    made = columns(rows.group_by("_made").agg(nw.len().alias("_n")))
    if not len(made["_n"]):
        raise FrameError(f"predictions must have rows before {as_of.isoformat()}, but has none.")
    known = columns(_summed(rows, list(values), unit))
    start = made["_made"].min()
    unit_us = np.timedelta64(step)
    come = (known["_come"] - start) // unit_us
    at = (known["_made"] - start) // unit_us
    steps = ((made["_made"] - start) // unit_us).astype(int)
    predicted = np.zeros(steps.max() + 1)
    predicted[steps] = made["_n"]
    return Cells(
        start=start.astype(datetime),
        step=step,
        as_of=int((np.datetime64(end) - start) // unit_us),
        made=at,
        lag=np.maximum(come - at, 0),
        label=known["label"],
        count=known["_n"].astype(float),
        sums={name: _whole(known, "sum", name) for name in values},
        squares={name: _whole(known, "square", name) for name in values},
        predicted=predicted,
    )


def _floor(moment: datetime, step: timedelta) -> datetime:
    epoch = datetime(1970, 1, 1)
    return moment - (moment - epoch) % step


def _whole(known: Mapping[str, Any], kind: str, name: str) -> Values:
    """Sums; NaN where a value was not finite, which libraries may leave out in silence."""
    complete = known[f"_finite_{name}"] == known["_n"]
    return np.where(complete, known[f"_{kind}_{name}"].astype(float), np.nan)


def _summed(rows: Frame, names: list[str], unit: str) -> Frame:
    there = rows.filter(~nw.col("arrived").is_null()).with_columns(
        _come=nw.col("arrived").dt.truncate(unit),
        **{f"_square_{name}": nw.col(name) * nw.col(name) for name in names},
        **{f"_finite_{name}": finite(nw.col(name).cast(nw.Float64)) for name in names},
    )
    totals = [nw.col(name).sum().alias(f"_sum_{name}") for name in names]
    squares = [nw.col(f"_{kind}_{name}").sum() for name in names for kind in ("square", "finite")]
    return there.group_by("_made", "_come", "label").agg(nw.len().alias("_n"), *totals, *squares)
