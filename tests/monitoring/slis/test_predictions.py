"""Indicators of labelled predictions are what their definitions say, on every engine alike."""

import re
from datetime import datetime, timedelta

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from lossedu.calibration import expected_calibration_error
from lossedu.monitoring.frames import FrameError
from lossedu.monitoring.slis.catalog import indicators, table
from lossedu.monitoring.slis.predictions import INDICATORS, readings

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
        "error_rate": (m <= 0).mean(),
        "recall": (s > 0)[y == 1].mean(),
        "precision": (y == 1)[s > 0].mean(),
        "false_positive_rate": (s > 0)[y == 0].mean(),
        "false_negative_rate": (s <= 0)[y == 1].mean(),
        "hard_example_rate": (m < 0).mean(),
        "loss_to_metric_gap": logistic[m > 0].mean(),
        "calibration_error": float(ece),
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
