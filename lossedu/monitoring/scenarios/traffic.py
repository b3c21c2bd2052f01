"""Predictions and labels of a simulated service, and the metrics that it would have exported.

Whatever goes wrong in a scenario is done to the predictions and labels themselves; every metric
then follows by the same formulas as in a real service, and no number of an incident is written by
hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossedu.monitoring.telemetry.loss_telemetry import EVENTS
from lossedu.monitoring.telemetry.outcomes import MarginLoss, hinge, outcomes
from lossedu.monitoring.timeline import Series, Timeline, Values

START = datetime(2026, 3, 2, tzinfo=UTC)
STEP_S = 60.0
DAY_MIN = 1440
_HIGH_LOSS = 2.0


@dataclass(frozen=True, eq=False)
class Traffic:
    """Predictions in the order in which they were made; arrays have an entry a prediction.

    Attributes:
        minutes: How long the service is watched.
        minute: When each prediction was made, in minutes from the start.
        label: Its true class, 0 or 1.
        score: The model's margin score for class 1.
        lag: Minutes until the label comes; infinite if it never does.
        part: A name for the slice that it belongs to, such as the version that served it.
        silent: Minutes in which the service exports nothing.
        gauges: What else it reports, a value a minute.
    """

    minutes: int
    minute: Values
    label: NDArray[np.int64]
    score: Values
    lag: Values
    part: NDArray[Any]
    silent: NDArray[np.bool_]
    gauges: Mapping[str, Values]

    def during(self, start: float, end: float = np.inf) -> NDArray[np.bool_]:
        """Which predictions were made between two minutes."""
        return (self.minute >= start) & (self.minute < end)

    def but(self, **changed: Any) -> "Traffic":
        """The same traffic with some of it changed."""
        return replace(self, **changed)

    @property
    def arrived(self) -> Values:
        """When each label comes, in minutes from the start."""
        return self.minute + self.lag


def healthy(
    days: float,
    *,
    a_minute: int = 20,
    positives: float = 0.3,
    distance: float = 3.2,
    spread: float = 1.0,
    seed: int = 0,
) -> Traffic:
    """A service with nothing wrong: few margin violations, labels within minutes.

    Args:
        days: How long it is watched.
        a_minute: Predictions a minute, on average.
        positives: The share of class 1.
        distance: The mean margin of a prediction.
        spread: The standard deviation of margins.
        seed: Of everything.
    """
    numbers = np.random.default_rng(seed)
    minutes = round(days * DAY_MIN)
    n = int(numbers.poisson(a_minute * minutes))
    label = (numbers.random(n) < positives).astype(np.int64)
    margin = numbers.normal(distance, spread, n)
    return Traffic(
        minutes=minutes,
        minute=np.sort(numbers.random(n) * minutes),
        label=label,
        score=np.where(label == 1, margin, -margin),
        lag=numbers.exponential(2.0, n),
        part=np.full(n, "v1", dtype=object),
        silent=np.zeros(minutes, bool),
        gauges={},
    )


def timeline(traffic: Traffic, *, loss: MarginLoss = hinge) -> Timeline:
    """What Prometheus would have scraped of it, once a minute."""
    made = _counted(traffic.minute, traffic.minutes)
    known = traffic.arrived < traffic.minutes
    arrived = traffic.arrived[known]
    seen = outcomes(traffic.score[known], traffic.label[known], loss)
    counters = {Series("lossedu_predictions_total"): made}
    for label in (0, 1):
        mine = seen.label == label
        by_class = {"class": str(label)}
        total = _counted(arrived[mine], traffic.minutes)
        right = _counted(arrived[mine & (seen.predicted == label)], traffic.minutes)
        counters[Series.of("lossedu_labelled_total", **by_class)] = total
        counters[Series.of("lossedu_right_total", **by_class)] = right
    bad = {name: is_bad(seen) for name, is_bad in EVENTS.items()}
    bad["high_loss"] = seen.loss > _HIGH_LOSS
    everything = _counted(arrived, traffic.minutes)
    for name, which in bad.items():
        counters[Series.of("lossedu_events_total", sli=name)] = everything
        counted = _counted(arrived[which], traffic.minutes)
        counters[Series.of("lossedu_bad_events_total", sli=name)] = counted
    gauges = {"label_coverage_ratio": coverage(traffic), **traffic.gauges}
    hidden = traffic.silent
    return Timeline(
        start=START,
        step_s=STEP_S,
        counters={series: np.where(hidden, np.nan, row) for series, row in counters.items()},
        gauges={
            Series(f"lossedu_{name}"): np.where(hidden, np.nan, row) for name, row in gauges.items()
        },
    )


def coverage(traffic: Traffic, *, window: int = 60, grace: int = 15) -> Values:
    """The share of recent predictions whose label came within the minutes of grace.

    Looked at is an hour of predictions that ended as many minutes ago.
    """
    made = _counted(traffic.minute, traffic.minutes)
    settled = traffic.arrived <= np.floor(traffic.minute) + grace
    come = _counted(traffic.minute[settled], traffic.minutes)

    def within(counts: Values) -> Values:
        late = np.concatenate([np.zeros(grace), counts])[: len(counts)]
        earlier = np.concatenate([np.zeros(window), late])[: len(late)]
        recent: Values = late - earlier
        return recent

    predicted = within(made)
    share: Values = np.divide(within(come), predicted, out=np.ones(len(made)), where=predicted > 0)
    return share


def _counted(times: Values, minutes: int) -> Values:
    """How many of these times are over at the end of each minute."""
    counts = np.bincount(times[times < minutes].astype(np.int64), minlength=minutes)
    total: Values = np.cumsum(counts).astype(float)
    return total
