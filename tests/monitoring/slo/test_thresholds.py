"""An alert on a gauge holds each of its series against the limit."""

from datetime import UTC, datetime

import numpy as np

from lossedu.monitoring.slo.thresholds import Threshold
from lossedu.monitoring.timeline import Series, Timeline


def test_the_second_series_of_a_gauge_fires_as_the_first_does():
    series = [Series.of("norm", job=job) for job in ("a", "b")]
    rows = [np.zeros(10), np.where(np.arange(10) >= 4, 5.0, 0.0)]
    threshold = Threshold("Spike", "page", Series("norm"), "above", 1.0)

    for gauges in (rows, rows[::-1]):
        timeline = Timeline(
            datetime(2026, 3, 1, tzinfo=UTC), 60.0, {}, dict(zip(series, gauges, strict=True))
        )
        fired = threshold.firings(timeline, interval_s=60.0)
        assert [one.starts_s for one in fired] == [240.0]
