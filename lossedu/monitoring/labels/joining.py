"""Predictions beside the labels that have arrived, by the time of the prediction."""

from dataclasses import dataclass
from datetime import UTC, datetime

import narwhals as nw

from lossedu.monitoring.frames import (
    Frame,
    FrameError,
    Source,
    columns,
    in_utc,
    opened,
    present,
)

ID = "prediction_id"


def joined(predictions: Source, labels: Source, *, as_of: datetime) -> Frame:
    """Each prediction with its label, if that had arrived by then.

    Args:
        predictions: Columns ``prediction_id``, ``time`` and what else there is.  Times without a
            zone are in UTC.
        labels: Columns ``prediction_id``, ``label`` and ``arrived``.  A corrected label is a row of
            its own: the last to arrive counts.  One that is null or NaN is none.
        as_of: The moment that is looked at, with its time zone; later rows of both are left out.

    Returns:
        The columns of the predictions, and ``label`` and ``arrived``, empty where none has arrived.
        A prediction that was logged twice is there once, as it was logged first.

    Raises:
        FrameError: If columns are missing, hold no times or ids of another kind, or ``as_of`` has
            no time zone.
    """
    made, come = _both(predictions, labels)
    moment = utc("as_of", as_of)
    first = made.filter(nw.col("time") <= moment).unique([ID], keep="first", order_by=["time"])
    last = (
        come.select(ID, "label", "arrived")
        .filter(nw.col("arrived") <= moment)
        .unique([ID], keep="last", order_by=["arrived", "label"])
    )
    return first.join(last, on=ID, how="left")


@dataclass(frozen=True)
class LogFaults:
    """What is wrong with logs that should match; each a number of rows.

    Attributes:
        repeated_predictions: Logged again under the same id.
        corrected_labels: Followed by a later label of the same id.
        labels_of_nothing: Without a prediction.
        labels_before_predictions: Arrived before the prediction was made: a clock is wrong.
    """

    repeated_predictions: int
    corrected_labels: int
    labels_of_nothing: int
    labels_before_predictions: int


def faults(predictions: Source, labels: Source) -> LogFaults:
    """Count what is wrong with two logs.

    Raises:
        FrameError: If columns are missing, or hold no times or ids of another kind.
    """
    made, come = _both(predictions, labels)
    made = made.select(ID, "time")
    ids, labelled = made.unique([ID]), come.unique([ID])
    both = come.join(ids, on=ID, how="inner")
    return LogFaults(
        repeated_predictions=_count(made) - _count(ids),
        corrected_labels=_count(come) - _count(labelled),
        labels_of_nothing=_count(come) - _count(both),
        labels_before_predictions=_count(both.filter(nw.col("arrived") < nw.col("time"))),
    )


def utc(argument: str, moment: datetime) -> datetime:
    """A moment as the logs write it: in UTC, without a zone.

    Raises:
        FrameError: If it has no zone.
    """
    if moment.tzinfo is None:
        raise FrameError(
            f"{argument} must have a time zone, but {moment.isoformat()} has none. "
            "Hint: datetime(..., tzinfo=UTC)."
        )
    return moment.astimezone(UTC).replace(tzinfo=None)


def _both(predictions: Source, labels: Source) -> tuple[Frame, Frame]:
    made = in_utc("predictions", opened("predictions", predictions, ID, "time"), "time")
    come = in_utc("labels", opened("labels", labels, ID, "label", "arrived"), "arrived")
    kinds = [frame.collect_schema()[ID] for frame in (made, come)]
    if kinds[0].is_numeric() != kinds[1].is_numeric():
        raise FrameError(
            f"{ID} must be numbers in both logs or in none, but is {kinds[0]} in predictions and "
            f"{kinds[1]} in labels."
        )
    return made, present(come, "label")


def _count(frame: Frame) -> int:
    return int(columns(frame.select(nw.len().alias("n")))["n"][0])
