r"""Indicators of labelled predictions, on frames of any library and size.

Rows have a margin score $s$ for class 1 and a label $y$ of 0 or 1; the margin is
$m = (2y - 1)\,s$.  Where guides contradict each other: a violation rate depends on the scale of the
scores, so it is read beside the median margin; and the 90th percentile of a hinge loss is 0 as long
as fewer than one in ten violate the margin, so the tail is the *mean* of the worst tenth.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import narwhals as nw
import numpy as np

from lossedu.monitoring.frames import Frame, FrameError, Source, columns, opened
from lossedu.monitoring.slis.indicator import FromWhat, Indicator, Reading, by_name, reading

SIGN = 2.0 * nw.col("label") - 1.0
MARGIN = SIGN * nw.col("score")
HINGE = nw.max_horizontal(nw.lit(0.0), 1.0 - MARGIN)
LOGISTIC = nw.max_horizontal(nw.lit(0.0), -MARGIN) + (1.0 + (-MARGIN.abs()).exp()).log()
_TAIL = 0.9
_BINS = 10

_OF: FromWhat = "labelled predictions"
INDICATORS = by_name(
    Indicator(
        "hinge_loss", "Mean hinge loss", "loss", "Mean of max(0, 1 - m).", 100,
        "Confident mistakes and many small violations look alike.", "higher", _OF,
    ),
    Indicator(
        "logistic_loss", "Mean logistic loss", "nats", "Mean of log(1 + exp(-m)).", 100,
        "One very confident mistake hides among many good predictions.", "higher", _OF,
    ),
    Indicator(
        "violation_rate", "Margin violations", "share", "Share of m < 1.", 100,
        "The scale of scores: halve them, and it rises while nothing is wrong more often. Read it "
        "with the median margin.", "higher", _OF,
    ),
    Indicator(
        "violation_rate_of_0", "Margin violations of class 0", "share", "Share of m < 1, y = 0.",
        100, "The other class, and the scale of scores.", "higher", _OF,
    ),
    Indicator(
        "violation_rate_of_1", "Margin violations of class 1", "share", "Share of m < 1, y = 1.",
        100, "The other class, and the scale of scores.", "higher", _OF,
    ),
    Indicator(
        "median_margin", "Median margin", "score", "Median of m.", 100,
        "Everything about the worst half.", "lower", _OF,
    ),
    Indicator(
        "tail_hinge_loss", "Mean hinge loss of the worst tenth", "loss",
        "The 90th percentile, and ten times the mean of what exceeds it (expected shortfall).", 200,
        "Whether the worst tenth is one slice or many.", "higher", _OF,
    ),
    Indicator(
        "error_rate", "Errors", "share", "Share of m <= 0.", 100,
        "How sure the model was, and which class it was.", "higher", _OF,
    ),
    Indicator(
        "recall", "Recall of class 1", "share", "Share of s > 0 among y = 1.", 50,
        "False alarms.", "lower", _OF,
    ),
    Indicator(
        "precision", "Precision of class 1", "share", "Share of y = 1 among s > 0.", 50,
        "What was missed.", "lower", _OF,
    ),
    Indicator(
        "false_positive_rate", "False positives", "share", "Share of s > 0 among y = 0.", 50,
        "What was missed.", "higher", _OF,
    ),
    Indicator(
        "false_negative_rate", "False negatives", "share", "Share of s <= 0 among y = 1.", 50,
        "False alarms.", "higher", _OF,
    ),
    Indicator(
        "hard_example_rate", "Hard examples", "share",
        "Share of predictions that give the true class less than one half.", 100,
        "Whether they are hard or mislabelled.", "higher", _OF,
    ),
    Indicator(
        "loss_to_metric_gap", "Logistic loss without errors", "nats",
        "Mean logistic loss of right predictions: what the loss still asks for where the metric "
        "asks for nothing.", 100, "Errors.", "higher", _OF,
    ),
    Indicator(
        "calibration_error", "Expected calibration error", "share",
        "Mean distance of confidence and accuracy over ten bins of confidence, weighted by size.",
        1000, "Bins in which errors of both signs cancel; it is above 0 by chance.", "higher", _OF,
    ),
)  # fmt: skip
"""By name, what `readings` can compute."""

_MEANS: Mapping[str, tuple[Callable[[], nw.Expr], Callable[[], nw.Expr] | None]] = {
    "hinge_loss": (lambda: HINGE, None),
    "logistic_loss": (lambda: LOGISTIC, None),
    "violation_rate": (lambda: _share(MARGIN < 1), None),
    "violation_rate_of_0": (lambda: _share(MARGIN < 1), lambda: nw.col("label") == 0),
    "violation_rate_of_1": (lambda: _share(MARGIN < 1), lambda: nw.col("label") == 1),
    "error_rate": (lambda: _share(MARGIN <= 0), None),
    "recall": (lambda: _share(nw.col("score") > 0), lambda: nw.col("label") == 1),
    "precision": (lambda: _share(nw.col("label") == 1), lambda: nw.col("score") > 0),
    "false_positive_rate": (lambda: _share(nw.col("score") > 0), lambda: nw.col("label") == 0),
    "false_negative_rate": (lambda: _share(nw.col("score") <= 0), lambda: nw.col("label") == 1),
    "hard_example_rate": (lambda: _share(MARGIN < 0), None),
    "loss_to_metric_gap": (lambda: LOGISTIC, lambda: MARGIN > 0),
}


def readings(name: str, frame: Source, *, window: str | None = None) -> list[Reading]:
    """An indicator of each window, oldest first.

    Args:
        name: One of `INDICATORS`.
        frame: Columns ``score`` and ``label``, and ``time`` (UTC) if there are windows; rows whose
            label is missing do not count.
        window: Its length as ``"1h"`` or ``"1d"``; None takes everything as one.

    Raises:
        FrameError: If there is no such indicator, or a column is missing.
    """
    if name not in INDICATORS:
        raise FrameError(f"name must be among {', '.join(INDICATORS)}, but is {name!r}.")
    needed = ("score", "label", *(("time",) if window else ()))
    rows = opened("frame", frame, *needed).filter(~nw.col("label").is_null())
    start = nw.col("time").dt.truncate(window) if window else nw.lit(0)
    rows = rows.with_columns(_window=start)
    if name in _MEANS:
        table = _means(name, rows)
    elif name == "median_margin":
        table = _medians(rows)
    elif name == "tail_hinge_loss":
        table = _tails(rows)
    else:
        table = _calibration(rows)
    return _in_order(INDICATORS[name], table, windowed=window is not None)


def _share(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(1.0).otherwise(0.0)


def _means(name: str, rows: Frame) -> Mapping[str, Any]:
    value, condition = _MEANS[name]
    chosen = rows if condition is None else rows.filter(condition())
    chosen = chosen.with_columns(_value=value())
    return _with_error(columns(_grouped(chosen)))


def _grouped(rows: Frame) -> Frame:
    return (
        rows.with_columns(_square=nw.col("_value") * nw.col("_value"))
        .group_by("_window")
        .agg(nw.len().alias("n"), nw.col("_value").sum().alias("sum"), nw.col("_square").sum())
    )


def _with_error(table: Mapping[str, Any]) -> Mapping[str, Any]:
    n = table["n"].astype(float)
    mean = table["sum"] / n
    spread = np.maximum(table["_square"] / n - mean**2, 0)
    error = np.sqrt(spread / np.maximum(n - 1, 1))
    return {"window": table["_window"], "value": mean, "n": n, "error": error}


def _medians(rows: Frame) -> Mapping[str, Any]:
    made = rows.with_columns(_value=MARGIN).group_by("_window")
    table = columns(made.agg(nw.len().alias("n"), nw.col("_value").median().alias("value")))
    nothing = np.full(len(table["n"]), math.nan)
    return {"window": table["_window"], "value": table["value"], "n": table["n"], "error": nothing}


def _tails(rows: Frame) -> Mapping[str, Any]:
    r"""Expected shortfall: $q + E[\max(0, l - q)] / 0.1$, which is right where losses are tied."""
    made = rows.with_columns(_loss=HINGE)
    edges = made.group_by("_window").agg(nw.col("_loss").quantile(_TAIL, "linear").alias("_edge"))
    beyond = nw.max_horizontal(nw.lit(0.0), nw.col("_loss") - nw.col("_edge"))
    both = made.join(edges, on="_window")
    return _with_error(columns(_grouped(both.with_columns(_value=nw.col("_edge") + beyond * 10.0))))


def _calibration(rows: Frame) -> Mapping[str, Any]:
    confidence = 1.0 / (1.0 + (-nw.col("score").abs()).exp())
    scaled = (confidence * _BINS).floor()
    place = nw.min_horizontal(scaled, nw.lit(float(_BINS - 1)))
    made = rows.with_columns(_bin=place, _gap=_share(MARGIN > 0) - confidence)
    summed = made.group_by("_window", "_bin").agg(nw.len().alias("n"), nw.col("_gap").sum())
    table = columns(summed)
    starts, which = np.unique(table["_window"], return_inverse=True)
    n = np.bincount(which, table["n"].astype(float))
    gaps = np.bincount(which, np.abs(table["_gap"].astype(float)))
    return {"window": starts, "value": gaps / n, "n": n, "error": np.full(len(n), math.nan)}


def _in_order(indicator: Indicator, table: Mapping[str, Any], *, windowed: bool) -> list[Reading]:
    order = np.argsort(table["window"])
    return [
        reading(
            indicator,
            float(table["value"][row]),
            int(table["n"][row]),
            standard_error=float(table["error"][row]),
            start=table["window"][row].item() if windowed else None,
        )
        for row in order
    ]
