"""The alerts of an objective on a timeline, as Prometheus would have fired them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lossedu.monitoring.slo.objective import SLO, Severity
from lossedu.monitoring.slo.rules import INTERVAL_S
from lossedu.monitoring.timeline import Series, Timeline, Values, increase


@dataclass(frozen=True)
class Firing:
    """An alert that fired.

    Attributes:
        alert: Its name.
        severity: ``"page"`` or ``"ticket"``.
        starts_s: Seconds from the begin of the timeline.
        ends_s: The same for its end; infinite if it still fires at the end.
    """

    alert: str
    severity: Severity
    starts_s: float
    ends_s: float


def firings(
    timeline: Timeline, slo: SLO, *, interval_s: float = INTERVAL_S, left_open: bool = False
) -> list[Firing]:
    """Every time that an alert of an objective fired, by time.

    Args:
        timeline: The counters that the objective names.
        slo: The objective.
        interval_s: Seconds from one evaluation of the rules to the next.
        left_open: As `lossedu.monitoring.timeline.increase` has it.
    """
    times = evaluation_times(timeline, interval_s)
    windows = {w for policy in slo.policies for w in (policy.long_s, policy.short_s)}
    shares = {w: bad_share(timeline, slo, times, w, left_open=left_open) for w in windows}
    result: list[Firing] = []
    for policy in slo.policies:
        limit = slo.threshold(policy)
        events = summed(timeline, slo.total, times, policy.long_s, left_open=left_open)
        active = (shares[policy.long_s] > limit) & (shares[policy.short_s] > limit)
        active &= events >= policy.least
        result += intervals(policy.name, policy.severity, policy.hold_s, active, times)
    return sorted(result, key=lambda firing: (firing.starts_s, firing.alert))


def evaluation_times(timeline: Timeline, interval_s: float = INTERVAL_S) -> Values:
    """When rules are evaluated, from the first sample to the last, in seconds since 1970."""
    length = timeline.times[-1] - timeline.times[0]
    steps: Values = timeline.times[0] + interval_s * np.arange(int(length / interval_s + 1e-9) + 1)
    return steps


def bad_share(
    timeline: Timeline, slo: SLO, at: Values, window_s: float, *, left_open: bool = False
) -> Values:
    """The share of bad events in windows that end at these times; NaN without events."""
    bad = summed(timeline, slo.bad, at, window_s, left_open=left_open)
    total = summed(timeline, slo.total, at, window_s, left_open=left_open)
    return np.divide(bad, total, out=np.full_like(bad, np.nan), where=total > 0)


def summed(
    timeline: Timeline, selector: Series, at: Values, window_s: float, *, left_open: bool = False
) -> Values:
    """PromQL's ``sum(increase(selector[window]))``; NaN where no series has two samples."""
    chosen = timeline.select(selector.name, **dict(selector.labels)).values()
    rows = [
        increase(values, timeline.times, at, window_s, left_open=left_open) for values in chosen
    ]
    if not rows:
        return np.full(np.shape(at), np.nan)
    stack = np.stack(rows)
    none = np.isnan(stack).all(axis=0)
    return np.where(none, np.nan, np.nansum(stack, axis=0))


def intervals(
    alert: str, severity: Severity, hold_s: float, active: NDArray[np.bool_], times: Values
) -> Iterator[Firing]:
    """Times without a break in which a condition held, from when it had held long enough.

    Args:
        alert: The alert's name.
        severity: Its severity.
        hold_s: How long the condition must hold before it fires.
        active: Whether the condition holds at each evaluation.
        times: Of the evaluations, in seconds since 1970; the first is the timeline's begin.
    """
    clock = times - times[0]
    edges = np.diff(np.concatenate([[0], active.astype(int), [0]]))
    for begin, end in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        held = clock[begin:end] - clock[begin] >= hold_s - 1e-9
        if held.any():
            starts = clock[begin + int(np.argmax(held))]
            ends = clock[end] if end < len(clock) else np.inf
            yield Firing(alert, severity, float(starts), float(ends))
