r"""Indicators of labelled predictions, on frames of any library and size.

Rows have a margin score $s$ for class 1 and a label $y$ of 0 or 1; the margin is
$m = (2y - 1)\,s$.  Where guides contradict each other: a violation rate depends on the scale of the
scores, so it is read beside the median margin; and the 90th percentile of a hinge loss is 0 as long
as fewer than one in ten violate the margin, so the tail is the *mean* of the worst tenth.

A score that is missing or not finite is a bad event in every share of bad ones, and in no mean of
losses or margins: `lossedu.monitoring.telemetry` counts alike.  Class 1 is predicted where s > 0.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import narwhals as nw
import numpy as np

from lossedu.monitoring.frames import (
    Frame,
    FrameError,
    Source,
    columns,
    finite,
    in_utc,
    opened,
    present,
)
from lossedu.monitoring.slis.indicator import FromWhat, Indicator, Reading, by_name, reading

SIGN = 2.0 * nw.col("label").cast(nw.Float64) - 1.0
MARGIN = SIGN * nw.col("score")
HINGE = nw.max_horizontal(nw.lit(0.0), 1.0 - MARGIN)
LOGISTIC = nw.max_horizontal(nw.lit(0.0), -MARGIN) + (1.0 + (-MARGIN.abs()).exp()).log()
_WRONG = (nw.col("score") > 0) != (nw.col("label") > 0)
_INVALID = nw.col("_finite") < 1.0
_WINDOW = re.compile(r"[1-9]\d*[smhd]")
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
        "error_rate", "Errors", "share", "Share of predictions of the other class.", 100,
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
        "Mean distance of confidence and accuracy over ten equal bins of confidence from 0 to 1, "
        "weighted by size; with two classes the lower five are empty.",
        1000, "Bins in which errors of both signs cancel; it is above 0 by chance.", "higher", _OF,
    ),
    Indicator(
        "invalid_rate", "Scores that are not finite", "share",
        "Share of s that is missing, NaN or infinite.", 1,
        "Scores that are finite and wrong.", "higher", _OF,
    ),
)  # fmt: skip
"""By name, what `readings` can compute."""

_MEANS: Mapping[str, tuple[Callable[[], nw.Expr], Callable[[], nw.Expr] | None]] = {
    "hinge_loss": (lambda: HINGE, lambda: ~_INVALID),
    "logistic_loss": (lambda: LOGISTIC, lambda: ~_INVALID),
    "violation_rate": (lambda: _share(MARGIN < 1), None),
    "violation_rate_of_0": (lambda: _share(MARGIN < 1), lambda: nw.col("label") == 0),
    "violation_rate_of_1": (lambda: _share(MARGIN < 1), lambda: nw.col("label") == 1),
    "error_rate": (lambda: _share(_INVALID | _WRONG), None),
    "recall": (lambda: _share(nw.col("score") > 0), lambda: nw.col("label") == 1),
    "precision": (lambda: _share(nw.col("label") == 1), lambda: nw.col("score") > 0),
    "false_positive_rate": (lambda: _share(nw.col("score") > 0), lambda: nw.col("label") == 0),
    "false_negative_rate": (lambda: _share(nw.col("score") <= 0), lambda: nw.col("label") == 1),
    "hard_example_rate": (lambda: _share(_INVALID | (MARGIN < 0)), None),
    "loss_to_metric_gap": (lambda: LOGISTIC, lambda: ~_INVALID & ~_WRONG),
    "invalid_rate": (lambda: _share(_INVALID), None),
}


def readings(name: str, frame: Source, *, window: str | None = None) -> list[Reading]:
    """An indicator of each window, oldest first.

    Args:
        name: One of `INDICATORS`.
        frame: Columns ``score`` and ``label``, and ``time`` if there are windows, in UTC where it
            has no zone; rows whose label is missing do not count.
        window: Its length as ``"1h"`` or ``"1d"``; None takes everything as one.

    Returns:
        One reading a window that has examples; without windows always one, unknown if it has none.

    Raises:
        FrameError: If there is no such indicator, a column is missing or not of numbers, or a label
            is neither 0 nor 1.
    """
    if name not in INDICATORS:
        raise FrameError(f"name must be among {', '.join(INDICATORS)}, but is {name!r}.")
    rows = _prepared(frame, window)
    if name in _MEANS:
        table = _means(name, rows)
    elif name == "median_margin":
        table = _medians(rows)
    elif name == "tail_hinge_loss":
        table = _tails(rows)
    else:
        table = _calibration(rows)
    if window is None and not len(table["n"]):
        return [reading(INDICATORS[name], math.nan, 0)]
    return _in_order(INDICATORS[name], table, windowed=window is not None)


def _prepared(source: Source, window: str | None) -> Frame:
    """Rows with a label as floats; a score that is not finite is 0."""
    needed = ("score", "label", *(("time",) if window else ()))
    frame = opened("frame", source, *needed)
    kinds = frame.collect_schema()
    for name in ("score", "label"):
        if not (kinds[name].is_numeric() or (name == "label" and kinds[name] == nw.Boolean)):
            raise FrameError(f"{name} of frame must be numbers, but is {kinds[name]}.")
    start = nw.lit(0)
    if window is not None:
        if not _WINDOW.fullmatch(window):
            raise FrameError(f"window must be a number and s, m, h or d, but is {window!r}.")
        frame, start = in_utc("frame", frame, "time"), nw.col("time").dt.truncate(window)
    rows = frame.with_columns(
        score=nw.col("score").cast(nw.Float64), label=nw.col("label").cast(nw.Float64)
    )
    rows = present(rows, "label").with_columns(_finite=finite(nw.col("score")), _window=start)
    odd = (nw.col("label") * (nw.col("label") - 1.0)).abs()
    score = nw.when(_INVALID).then(nw.lit(0.0)).otherwise(nw.col("score"))
    return rows.with_columns(score=score, _odd=odd)


def _summary(rows: Frame, *by: str, **values: nw.Expr) -> dict[str, np.ndarray[Any, Any]]:
    """A row a group, with its number of examples.

    Raises:
        FrameError: If a label is neither 0 nor 1.
    """
    named = [value.alias(name) for name, value in values.items()]
    table = columns(rows.group_by(*by).agg(nw.len().alias("n"), nw.col("_odd").sum(), *named))
    if np.any(table["_odd"] > 0):
        raise FrameError(
            "label of frame must be 0 or 1, but holds other numbers. Hint: map -1 and 1 to 0 and 1."
        )
    return table


def _share(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(1.0).otherwise(0.0)


def _means(name: str, rows: Frame) -> Mapping[str, Any]:
    value, condition = _MEANS[name]
    chosen = rows if condition is None else rows.filter(condition())
    chosen = chosen.with_columns(_value=value())
    return _with_error(chosen)


def _with_error(rows: Frame) -> Mapping[str, Any]:
    squared = rows.with_columns(_square=nw.col("_value") * nw.col("_value"))
    sums = {"sum": nw.col("_value").sum(), "_square": nw.col("_square").sum()}
    table = _summary(squared, "_window", **sums)
    n = table["n"].astype(float)
    mean = table["sum"] / n
    spread = np.maximum(table["_square"] / n - mean**2, 0)
    error = np.sqrt(spread / np.maximum(n - 1, 1))
    return {"window": table["_window"], "value": mean, "n": n, "error": error}


def _medians(rows: Frame) -> Mapping[str, Any]:
    made = rows.filter(~_INVALID).with_columns(_value=MARGIN)
    table = _summary(made, "_window", value=nw.col("_value").median())
    nothing = np.full(len(table["n"]), math.nan)
    return {"window": table["_window"], "value": table["value"], "n": table["n"], "error": nothing}


def _tails(rows: Frame) -> Mapping[str, Any]:
    r"""Expected shortfall: $q + E[\max(0, l - q)] / 0.1$, which is right where losses are tied."""
    made = rows.filter(~_INVALID).with_columns(_loss=HINGE)
    edges = made.group_by("_window").agg(nw.col("_loss").quantile(_TAIL, "linear").alias("_edge"))
    beyond = nw.max_horizontal(nw.lit(0.0), nw.col("_loss") - nw.col("_edge"))
    both = made.join(edges, on="_window")
    return _with_error(both.with_columns(_value=nw.col("_edge") + beyond * 10.0))


def _calibration(rows: Frame) -> Mapping[str, Any]:
    confidence = 1.0 / (1.0 + (-nw.col("score").abs()).exp())
    scaled = (confidence * _BINS).floor()
    place = nw.min_horizontal(scaled, nw.lit(float(_BINS - 1)))
    made = rows.filter(~_INVALID).with_columns(_bin=place, _gap=_share(~_WRONG) - confidence)
    table = _summary(made, "_window", "_bin", _gap=nw.col("_gap").sum())
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
