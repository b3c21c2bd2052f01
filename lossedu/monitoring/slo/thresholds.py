"""Alerts on a gauge, and on silence: what an error budget cannot see.

A budget of bad events is spent by events that arrive.  Labels that stop coming and a service that
stops reporting spend nothing: they have alerts of their own.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lossedu.monitoring.slo import durations
from lossedu.monitoring.slo.evaluation import Firing, evaluation_times, intervals
from lossedu.monitoring.slo.objective import Severity
from lossedu.monitoring.slo.rules import INTERVAL_S
from lossedu.monitoring.timeline import Series, Timeline, Values

Direction = Literal["above", "below"]

STALE_S = 300.0  # a sample older than that is none, to Prometheus


@dataclass(frozen=True)
class Threshold:
    """An alert while a gauge is too high or too low.

    Attributes:
        name: What the alert is called.
        severity: ``"page"`` or ``"ticket"``.
        gauge: The series.
        direction: On which side of the limit it is wrong.
        limit: The value.  Each series with the gauge's labels is held against it.
        hold_s: How long it must be wrong before the alert fires.
    """

    name: str
    severity: Severity
    gauge: Series
    direction: Direction
    limit: float
    hold_s: float = 0.0

    def rule(self) -> dict[str, Any]:
        """The alerting rule of Prometheus."""
        sign = ">" if self.direction == "above" else "<"
        return _rule(
            self.name, self.severity, f"{self.gauge} {sign} {self.limit:.12g}", self.hold_s
        )

    def firings(self, timeline: Timeline, *, interval_s: float = INTERVAL_S) -> list[Firing]:
        """Every time that it fired."""
        times = evaluation_times(timeline, interval_s)
        result: list[Firing] = []
        for series in timeline.select(self.gauge.name, **dict(self.gauge.labels)).values():
            values = latest(timeline, series, times)
            wrong = values > self.limit if self.direction == "above" else values < self.limit
            result += intervals(self.name, self.severity, self.hold_s, wrong, times)
        return sorted(result, key=lambda firing: firing.starts_s)


@dataclass(frozen=True)
class Silence:
    """An alert while nothing is reported at all.

    A counter that stands still is another matter: at night there may be nothing to count.

    Attributes:
        name: What the alert is called.
        severity: ``"page"`` or ``"ticket"``.
        series: One that is always there; any with its labels will do.
        hold_s: For how long it must be missing: a service that has just been started has not been
            scraped yet.
    """

    name: str
    severity: Severity
    series: Series
    hold_s: float = 300.0

    def rule(self) -> dict[str, Any]:
        """The alerting rule of Prometheus."""
        return _rule(self.name, self.severity, f"absent({self.series})", self.hold_s)

    def firings(self, timeline: Timeline, *, interval_s: float = INTERVAL_S) -> list[Firing]:
        """Every time that it fired."""
        times = evaluation_times(timeline, interval_s)
        rows = timeline.select(self.series.name, **dict(self.series.labels)).values()
        missing = np.logical_and.reduce([np.isnan(latest(timeline, row, times)) for row in rows])
        silent = np.broadcast_to(missing, times.shape)
        return list(intervals(self.name, self.severity, self.hold_s, silent, times))


Watch = Threshold | Silence


def latest(timeline: Timeline, values: Values, at: Values) -> Values:
    """The last sample of a series, as PromQL's instant vector has it; NaN if it is stale."""
    there = np.flatnonzero(~np.isnan(values))
    if not len(there):
        return np.full(np.shape(at), np.nan)
    place = np.searchsorted(timeline.times[there], at, side="right") - 1
    last = there[np.maximum(place, 0)]
    fresh = (place >= 0) & (at - timeline.times[last] <= STALE_S)
    return np.where(fresh, values[last], np.nan)


def watch_group(name: str, watches: tuple[Watch, ...]) -> dict[str, Any]:
    """A group of rules for a file."""
    return {
        "name": name,
        "interval": durations.text(INTERVAL_S),
        "rules": [watch.rule() for watch in watches],
    }


def _rule(name: str, severity: Severity, expression: str, hold_s: float) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "alert": name,
        "expr": expression,
        "labels": {"severity": severity, "slo": name, "service": "model"},
        "annotations": {"summary": name, "runbook": name},
    }
    if hold_s:
        rule["for"] = durations.text(hold_s)
    return rule
