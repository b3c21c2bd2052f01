"""While labels are missing a mean loss is right within its standard error, or unknown."""

import math
import re
from dataclasses import replace
from datetime import timedelta

import narwhals as nw
import numpy as np
import pytest

from lossedu.monitoring.labels.cells import Cells, cells
from lossedu.monitoring.labels.estimates import (
    backfill,
    by_arrival,
    means,
    unweighted,
    watermark,
)
from lossedu.monitoring.labels.lag import fit
from tests.monitoring.labels.late import AS_OF, LAG_DAYS, START, logs, true_means

DAY = timedelta(days=1)
SIGN = 2.0 * nw.col("label") - 1.0
HINGE = {"hinge": nw.max_horizontal(nw.lit(0.0), 1.0 - SIGN * nw.col("score"))}


@pytest.fixture(scope="module")
def month():
    return logs()


@pytest.fixture(scope="module")
def small(month):
    return cells(*month, HINGE, as_of=AS_OF)


def test_the_shares_that_have_arrived_are_those_of_the_true_lags(small):
    lags = fit(small)

    for label, mean in LAG_DAYS.items():
        ages = np.array([6, 24, 72, 240])
        # A lag is known by the steps of its two ends: half a step more, on average.
        expected = 1 - np.exp(-(ages + 0.5) / 24 / mean)
        shares = lags.share(np.full(len(ages), label), ages)
        np.testing.assert_allclose(shares, expected, atol=0.04)
        assert lags.median(label) == pytest.approx(24 * mean * np.log(2), rel=0.15)


def test_a_histogram_of_what_has_come_would_make_lags_too_short(small):
    late = small.label == 1
    naive = (small.count * small.lag)[late].sum() / small.count[late].sum() / 24

    shares = fit(small).arrived[1]

    assert naive < 4.5
    assert (1 - shares[: 29 * 24]).sum() / 24 == pytest.approx(LAG_DAYS[1], rel=0.12)


def test_known_windows_are_within_their_standard_errors():
    off = []
    for seed in range(12):
        month = logs(seed=seed)
        small = cells(*month, HINGE, as_of=AS_OF)
        truth = true_means(*month)
        for day, estimate in enumerate(means(small, "hinge", fit(small), window=DAY)):
            if estimate.status == "known":
                off.append((estimate.mean - truth[day]) / estimate.standard_error)

    assert len(off) >= 12 * 25
    assert abs(np.mean(off)) < 0.15
    assert np.mean(np.abs(off) <= 2) > 0.95


def test_counted_by_arrival_a_real_regression_makes_the_loss_fall_and_weighted_it_rises(month):
    truth = true_means(*month)
    small = cells(*month, HINGE, as_of=AS_OF)
    late = slice(21, 28)
    rows = {
        "weighted": means(small, "hinge", fit(small), window=DAY),
        "plain": unweighted(small, "hinge", window=DAY),
    }
    level = {name: np.mean([e.mean for e in row[late]]) for name, row in rows.items()}

    assert level["plain"] < truth[late].mean() * 0.8
    assert level["weighted"] == pytest.approx(truth[late].mean(), rel=0.06)
    arrived = np.mean([e.mean for e in by_arrival(small, "hinge", window=DAY)[21:]])
    assert arrived < truth[late].mean() * 0.93


def test_below_the_least_coverage_a_window_is_unknown_and_the_watermark_lies_before_it(small):
    estimates = means(small, "hinge", fit(small), window=DAY)

    states = [estimate.status for estimate in estimates]
    first = states.index("unknown")
    assert set(states[first:]) == {"unknown"}
    assert all((e.coverage >= 0.6) == (e.status == "known") for e in estimates)
    assert watermark(estimates) == START + (first - 1) * DAY
    assert watermark(estimates[first:]) is None


def test_all_labels_here_make_weights_one(month):
    predictions, labels = month
    at_once = labels.assign(arrived=predictions["time"])

    small = cells(predictions, at_once, HINGE, as_of=AS_OF)

    estimates = means(small, "hinge", fit(small), window=DAY)
    np.testing.assert_allclose([e.mean for e in estimates], true_means(*month), rtol=1e-9)
    assert {e.coverage for e in estimates} == {1.0}


def test_labels_that_arrived_since_ask_for_windows_to_be_written_anew(month):
    def seen(days_before):
        then = cells(*month, HINGE, as_of=AS_OF - days_before * DAY)
        return means(then, "hinge", fit(then), window=DAY, least_coverage=0.3)

    before, now = seen(5), seen(0)

    revised = backfill(before, now)

    assert [r.start for r in revised][-1] == before[-1].start
    assert all(r.now.labelled > r.before.labelled for r in revised)
    known = [r.surprise for r in revised if r.before.status == "known"]
    assert np.mean(np.abs(known) <= 3) > 0.9
    assert backfill(now, now) == []


def test_the_last_step_does_not_count_before_it_is_over(month):
    begun = cells(*month, HINGE, as_of=AS_OF + timedelta(minutes=59))
    over = cells(*month, HINGE, as_of=AS_OF)

    assert begun.as_of == over.as_of
    assert begun.count.sum() == over.count.sum()


def test_a_window_without_labels_is_unknown(small):
    none = replace(small, count=np.zeros_like(small.count))

    estimate = means(none, "hinge", fit(small), window=DAY)[0]

    assert estimate.status == "unknown"
    assert np.isnan(estimate.mean)


@pytest.mark.parametrize("window", [timedelta(minutes=30), timedelta(minutes=90), timedelta(0)])
def test_a_window_that_is_not_whole_steps_is_refused(small, window):
    with pytest.raises(ValueError, match=re.escape("window must be whole steps of 1:00:00")):
        unweighted(small, "hinge", window=window)


def of_cells(**changed):
    """Cells by hand: one value, an hour a step."""
    made, lag = changed.pop("made"), changed.pop("lag")
    n = len(made)
    parts = {
        "label": np.zeros(n, int),
        "count": np.ones(n),
        "sums": {"loss": np.ones(n)},
        "squares": {"loss": np.ones(n)},
    }
    return Cells(
        start=START,
        step=timedelta(hours=1),
        made=np.array(made),
        lag=np.array(lag),
        **(parts | changed),
    )


def test_a_window_whose_mean_is_nan_is_unknown():
    made = of_cells(
        made=[0], lag=[0], as_of=1, predicted=np.ones(1), sums={"loss": np.array([math.nan])}
    )

    (one,) = unweighted(made, "loss", window=timedelta(hours=1))

    assert one.status == "unknown"


def test_labels_that_the_lag_model_gives_no_weight_leave_a_window_unknown():
    # Of the only label that is old enough to tell, the lag is 5: a share of 0 comes earlier.
    made = of_cells(made=[0, 5], lag=[5, 2], as_of=9, predicted=np.array([1.0, 0, 0, 0, 0, 1]))

    first, *_, last = (
        one for one in means(made, "loss", fit(made), window=timedelta(hours=1)) if one.labelled
    )

    assert (first.status, last.status) == ("known", "unknown")
