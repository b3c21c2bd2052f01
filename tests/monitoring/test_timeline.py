"""A timeline is what a service exports; `increase` is Prometheus' own arithmetic."""

import re
from datetime import UTC, datetime

import numpy as np
import pytest

from lossedu.monitoring.services.prometheus import serving_past
from lossedu.monitoring.timeline import Series, Timeline, increase
from tests import needs

START = datetime(2026, 3, 1, tzinfo=UTC)
STEP_S = 15.0
WINDOWS_S = (40, 60, 300, 3600)


def counters(samples, *, seed):
    """Counters that rest, hurry, restart and are sometimes not scraped."""
    numbers = np.random.default_rng(seed)
    rows = {}
    for row, rate in enumerate((0.05, 3.0, 200.0)):
        values = 1000.0 * row + np.cumsum(numbers.poisson(rate, samples)).astype(float)
        for restart in numbers.integers(1, samples, 3):
            values[restart:] -= values[restart]
        values[numbers.random(samples) < 0.15] = np.nan
        start = numbers.integers(0, samples - 40)
        values[start : start + 30] = np.nan
        rows[Series.of("events_total", row=str(row))] = values
    return rows


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_increase_is_what_prometheus_says(seed):
    needs.monitoring()
    timeline = Timeline(START, STEP_S, counters(400, seed=seed))
    first, last = timeline.times[0] - 60, timeline.times[-1] + 60

    with serving_past(timeline) as server:
        left_open = server.version() >= (3,)
        for window_s in WINDOWS_S:
            asked = f"increase(events_total[{window_s}s])"
            times, rows = server.query_range(asked, first, last, 7.0)
            for series, values in timeline.counters.items():
                ours = increase(values, timeline.times, times, window_s, left_open=left_open)
                theirs = rows[Series("", series.labels)]
                np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


def test_a_restart_loses_nothing_that_was_counted_before_it():
    minutes = 60.0 * np.arange(4)

    grown = increase([90.0, 100.0, 4.0, 10.0], minutes, [180.0], 180)

    np.testing.assert_allclose(grown, [10 + 4 + 6])


def test_a_window_of_one_sample_has_no_increase():
    grown = increase([1.0, np.nan, 9.0], [0.0, 60.0, 120.0], [60.0, 120.0, 130.0], 60)

    assert np.isnan(grown).all()


def test_a_counter_is_not_extended_below_zero():
    grown = increase([1.0, 31.0], [60.0, 120.0], [120.0], 90)

    np.testing.assert_allclose(grown, [30 * (60 + 2) / 60])


def test_no_samples_have_no_increase():
    assert np.isnan(increase([], [], [10.0, 20.0], 5)).all()


def test_a_total_sums_the_series_that_have_the_labels():
    names = [Series.of("bad_total", sli=sli, model=model) for sli in "ab" for model in "xy"]
    timeline = Timeline(START, 60, {name: np.array([i, 10.0 + i]) for i, name in enumerate(names)})

    np.testing.assert_allclose(timeline.total("bad_total", sli="b"), [5, 25])
    np.testing.assert_allclose(timeline.total("bad_total"), [6, 46])
    with pytest.raises(KeyError, match=re.escape('No series bad_total{sli="c"}')):
        timeline.total("bad_total", sli="c")


def test_labels_are_written_as_prometheus_reads_them():
    assert str(Series.of("a", b='say "no"\n\\')) == 'a{b="say \\"no\\"\\n\\\\"}'


def test_openmetrics_leaves_out_what_was_not_scraped():
    counter, gauge = Series.of("bad_total", sli="a"), Series("lag")
    rows = {counter: np.array([1.0, np.nan, 3.0])}
    timeline = Timeline(START, 60, rows, {gauge: np.array([np.nan, 0.5, np.nan])})
    clock = START.timestamp()

    assert "".join(timeline.openmetrics()).splitlines() == [
        "# TYPE bad counter",
        f'bad_total{{sli="a"}} 1.0 {clock}',
        f'bad_total{{sli="a"}} 3.0 {clock + 120}',
        "# TYPE lag gauge",
        f"lag 0.5 {clock + 60}",
        "# EOF",
    ]
    assert timeline.input_series()[0] == {"series": 'bad_total{sli="a"}', "values": "1.0 _ 3.0"}


@pytest.mark.parametrize(
    ("start", "step_s", "rows", "complaint"),
    [
        (START.replace(tzinfo=None), 60, {}, "start must have a time zone, but 2026-03-01"),
        (START, 0, {}, "step_s must be above 0, but is 0"),
        (START, float("nan"), {}, "step_s must be above 0, but is nan"),
        (
            START,
            60,
            {Series("a"): np.zeros(2), Series("b"): np.zeros(3)},
            "series must have one length, but have {'a': (2,), 'b': (3,)}",
        ),
    ],
)
def test_a_timeline_that_cannot_be_is_refused(start, step_s, rows, complaint):
    with pytest.raises(ValueError, match=re.escape(complaint)):
        Timeline(start, step_s, rows)
