"""Indicators of labelled predictions are what their definitions say, on every engine alike."""

import math
import re
from datetime import datetime, timedelta

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from prometheus_client import CollectorRegistry

from lossedu.calibration import expected_calibration_error
from lossedu.monitoring.frames import FrameError
from lossedu.monitoring.slis.catalog import indicators, table
from lossedu.monitoring.slis.predictions import INDICATORS, readings
from lossedu.monitoring.telemetry.loss_telemetry import LossTelemetry

START = datetime(2026, 3, 1)
N = 4000


@pytest.fixture(scope="module")
def frame():
    numbers = np.random.default_rng(0)
    label = numbers.integers(2, size=N)
    margin = numbers.normal(1.2, 1.4, N)
    time = [START + timedelta(minutes=minute) for minute in range(N)]
    score = np.where(label == 1, margin, -margin)
    return pd.DataFrame({"time": time, "label": label, "score": score})


def by_hand(rows):
    """Every indicator by its definition, in plain numpy."""
    y, s = rows["label"].to_numpy(), rows["score"].to_numpy()
    m = np.where(y == 1, s, -s)
    hinge, logistic = np.maximum(0, 1 - m), np.logaddexp(0, -m)
    edge = np.quantile(hinge, 0.9)
    scores = torch.tensor(np.stack([0 * s, s], axis=1))
    ece = expected_calibration_error(scores.softmax(-1), torch.tensor(y), bins=10)
    return {
        "hinge_loss": hinge.mean(),
        "logistic_loss": logistic.mean(),
        "violation_rate": (m < 1).mean(),
        "violation_rate_of_0": (m < 1)[y == 0].mean(),
        "violation_rate_of_1": (m < 1)[y == 1].mean(),
        "median_margin": np.median(m),
        "tail_hinge_loss": edge + np.maximum(0, hinge - edge).mean() / 0.1,
        "error_rate": ((s > 0) != (y == 1)).mean(),
        "recall": (s > 0)[y == 1].mean(),
        "precision": (y == 1)[s > 0].mean(),
        "false_positive_rate": (s > 0)[y == 0].mean(),
        "false_negative_rate": (s <= 0)[y == 1].mean(),
        "hard_example_rate": (m < 0).mean(),
        "loss_to_metric_gap": logistic[m > 0].mean(),
        "calibration_error": float(ece),
        "invalid_rate": (~np.isfinite(s)).mean(),
    }


def test_each_indicator_is_what_its_definition_says(frame):
    expected = by_hand(frame)

    assert set(expected) == set(INDICATORS)
    for name, value in expected.items():
        (one,) = readings(name, frame)
        assert one.value == pytest.approx(value, abs=1e-6), name
        assert one.status == "known"
        assert one.start is None


@pytest.mark.parametrize("name", INDICATORS)
def test_every_engine_reads_the_same_windows(name, frame):
    engines = (
        frame,
        pl.DataFrame({c: frame[c].to_list() for c in frame}).lazy(),
        duckdb.from_df(frame),
    )

    first, *others = (readings(name, engine, window="1d") for engine in engines)

    assert [one.start for one in first] == [START + timedelta(days=day) for day in range(3)]
    days = (frame["time"] - START).dt.days
    expected = [by_hand(frame[days == day])[name] for day in range(3)]
    np.testing.assert_allclose([one.value for one in first], expected, atol=1e-6)
    for other in others:
        assert [one.start for one in other] == [one.start for one in first]
        for ours, theirs in zip(first, other, strict=True):
            assert (ours.n, ours.status) == (theirs.n, theirs.status)
            values = (theirs.value, theirs.standard_error)
            np.testing.assert_allclose((ours.value, ours.standard_error), values, rtol=1e-9)


def test_a_standard_error_is_that_of_the_mean(frame):
    (one,) = readings("hinge_loss", frame)
    margin = np.where(frame["label"] == 1, frame["score"], -frame["score"])

    error = np.maximum(0, 1 - margin).std(ddof=1) / np.sqrt(N)

    assert one.standard_error == pytest.approx(error)


def test_too_few_examples_are_unknown_and_missing_labels_do_not_count(frame):
    few = frame[:150].assign(label=frame["label"][:150].astype(float))
    few.loc[few.index >= 99, "label"] = np.nan

    (one,) = readings("violation_rate", few)

    assert (one.n, one.status) == (99, "unknown")
    assert readings("violation_rate", frame[:100])[0].status == "known"


def test_the_scale_of_scores_moves_violations_and_the_median_margin_tells(frame):
    half = frame.assign(score=frame["score"] / 2)

    rate, wrong, middle = (
        [readings(name, rows)[0].value for rows in (frame, half)]
        for name in ("violation_rate", "error_rate", "median_margin")
    )

    assert rate[1] > 1.3 * rate[0]
    assert wrong[1] == pytest.approx(wrong[0])
    assert middle[1] == pytest.approx(middle[0] / 2)


def test_a_percentile_of_hinge_losses_is_zero_where_the_tail_mean_is_not():
    margin = np.where(np.arange(1000) < 80, -4.0, 3.0)
    rows = pd.DataFrame({"label": np.ones(1000, int), "score": margin})

    assert np.quantile(np.maximum(0, 1 - margin), 0.9) == 0
    assert readings("hinge_loss", rows)[0].value == pytest.approx(0.4)
    assert readings("tail_hinge_loss", rows)[0].value == pytest.approx(4.0)


def test_the_tail_of_losses_without_ties_is_the_mean_of_the_worst_tenth(frame):
    margin = np.where(frame["label"] == 1, frame["score"], -frame["score"])
    worst = np.sort(np.maximum(0, 1 - margin))[-N // 10 :]

    assert readings("tail_hinge_loss", frame)[0].value == pytest.approx(worst.mean(), rel=1e-3)


def test_an_unknown_indicator_is_named():
    with pytest.raises(FrameError, match=re.escape("name must be among hinge_loss, logistic")):
        readings("accuracy", pd.DataFrame({"label": [1], "score": [1.0]}))
    with pytest.raises(FrameError, match="must have the columns score, label, time, but lacks"):
        readings("recall", pd.DataFrame({"label": [1], "score": [1.0]}), window="1d")


def test_every_indicator_says_what_it_cannot_see():
    for name, one in indicators().items():
        assert one.name == name
        assert one.blind_to.endswith(".")
        assert one.definition.endswith(".")
        assert one.least >= 1
    assert len(table().rows) == len(indicators()) >= 25


def engines(frame):
    """The same rows in three libraries."""
    return frame, pl.DataFrame({c: frame[c].to_numpy() for c in frame}), duckdb.from_df(frame)


# Right, within the margin, wrong, NaN and infinite, of class 1; then a tie of class 0.
ODD_SCORES = pd.DataFrame(
    {"score": [2.0, 0.5, -1.0, math.nan, math.inf, 0.0], "label": [1, 1, 1, 1, 1, 0]}
)


@pytest.mark.parametrize(
    ("name", "value", "n"),
    [
        ("invalid_rate", 2 / 6, 6),
        ("error_rate", 3 / 6, 6),
        ("violation_rate", 5 / 6, 6),
        ("hard_example_rate", 3 / 6, 6),
        ("recall", 2 / 5, 5),
        ("false_negative_rate", 3 / 5, 5),
        ("false_positive_rate", 0.0, 1),
        ("precision", 1.0, 2),
        ("hinge_loss", (0 + 0.5 + 2 + 1) / 4, 4),
        ("median_margin", 0.25, 4),
    ],
)
def test_a_score_that_is_not_finite_is_a_bad_event_and_in_no_mean_of_losses(name, value, n):
    for frame in engines(ODD_SCORES):
        (one,) = readings(name, frame)

        assert (one.value, one.n) == (pytest.approx(value), n)


def test_errors_are_counted_as_the_telemetry_counts_them():
    scored = ODD_SCORES["score"].to_numpy(), ODD_SCORES["label"].to_numpy()
    registry = CollectorRegistry()
    telemetry = LossTelemetry(registry, model="m", version="1")
    telemetry.observe_labels(*scored)

    for sli, name in (
        ("error", "error_rate"),
        ("margin_violation", "violation_rate"),
        ("hard_example", "hard_example_rate"),
    ):
        (one,) = readings(name, ODD_SCORES)
        bad = registry.get_sample_value("lossedu_bad_events_total", {"sli": sli})
        assert bad == pytest.approx(one.value * one.n), name


def test_a_label_that_is_nan_counts_as_missing():
    rows = pd.DataFrame({"score": [1.5, -2.0, 0.0], "label": [1.0, math.nan, 0.0]})

    for frame in engines(rows):
        (one,) = readings("hinge_loss", frame)

        assert (one.value, one.n) == (pytest.approx(0.5), 2)


def test_labels_may_be_bools_and_scores_of_half_precision():
    rows = pd.DataFrame({"score": np.float16([1.5, -2.0]), "label": [True, True]})

    assert readings("hinge_loss", rows)[0].value == pytest.approx(1.5)
    assert readings("hinge_loss", duckdb.from_df(rows.astype({"score": "float32"})))[0].n == 2


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([1, -1], "label of frame must be 0 or 1, but holds other numbers. Hint: map -1 and 1"),
        (["spam", "ham"], "label of frame must be numbers, but is String."),
    ],
)
def test_other_labels_are_refused(labels, message):
    for frame in engines(pd.DataFrame({"score": [1.0, 2.0], "label": labels})):
        with pytest.raises(FrameError, match=re.escape(message)):
            readings("error_rate", frame)


@pytest.mark.parametrize("name", INDICATORS)
def test_without_rows_an_indicator_is_unknown(name):
    nothing = ODD_SCORES[:0]

    for frame in engines(nothing):
        (one,) = readings(name, frame)
        assert (one.n, one.status) == (0, "unknown")
    assert readings(name, nothing.assign(time=pd.Timestamp(START)), window="1h") == []


def test_a_window_that_is_no_length_of_time_is_refused(frame):
    message = "window must be a number and s, m, h or d, but is '5 minutes'."

    with pytest.raises(FrameError, match=re.escape(message)):
        readings("hinge_loss", frame, window="5 minutes")


def test_windows_begin_in_utc_whatever_the_zone_of_the_times(frame):
    zoned = frame.assign(time=frame["time"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"))
    polars = pl.DataFrame({c: frame[c].to_list() for c in frame}).with_columns(
        pl.col("time").dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo")
    )
    first = readings("hinge_loss", frame, window="1d")

    for engine in (zoned, polars, duckdb.from_df(zoned)):
        others = readings("hinge_loss", engine, window="1d")
        assert [one.start for one in others] == [one.start for one in first]
        np.testing.assert_allclose([o.value for o in others], [o.value for o in first])
