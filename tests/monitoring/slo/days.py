"""Days of a service whose share of bad events rises and falls."""

from datetime import UTC, datetime

import numpy as np

from lossedu.monitoring.timeline import Series, Timeline

START = datetime(2026, 3, 2, tzinfo=UTC)
SLI = "margin_violations"


def counted(shares, *, events=100, step_s=60.0, seed=None):
    """A timeline of counters whose bad share a step is as listed; exact, or drawn with a seed."""
    shares = np.asarray(shares, float)
    totals = np.full(len(shares), float(events))
    bad = totals * shares
    if seed is not None:
        numbers = np.random.default_rng(seed)
        totals = numbers.poisson(events, len(shares)).astype(float)
        bad = numbers.binomial(totals.astype(int), shares).astype(float)
    rows = {
        Series.of("lossedu_events_total", sli=SLI, model="a"): np.cumsum(totals),
        Series.of("lossedu_bad_events_total", sli=SLI, model="a"): np.cumsum(bad),
    }
    return Timeline(START, step_s, rows)


def jump(before, after, *, at_min, length_min):
    """Shares that jump at a minute."""
    return np.where(np.arange(length_min) < at_min, before, after)
