"""The error budget of an objective: what of it is spent, and when it will be gone."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from lossedu.monitoring.slo.evaluation import summed
from lossedu.monitoring.slo.objective import SLO
from lossedu.monitoring.timeline import Timeline
from lossedu.tables import Table

DAY_S = 86_400.0


@dataclass(frozen=True)
class Budget:
    """How an objective stands at the end of a timeline.

    Attributes:
        slo: The objective.
        at: When.
        bad: Bad events within the objective's window, or since the timeline began.
        total: All events within it.
        burn: How many times too fast the budget is being spent over the last day.
    """

    slo: SLO
    at: datetime
    bad: float
    total: float
    burn: float

    @property
    def allowed(self) -> float:
        """Bad events that the objective allows for so many events."""
        return self.slo.budget * self.total

    @property
    def spent(self) -> float:
        """The share of the budget that is gone; above 1 if the objective is missed, NaN unknown."""
        return self.bad / self.allowed if self.allowed else math.nan

    @property
    def gone_at(self) -> datetime | None:
        """When the rest will be gone at the rate of the last day; None if it will not."""
        if not self.burn > 0 or math.isnan(self.spent):
            return None
        left_s = max(0.0, 1 - self.spent) / self.burn * self.slo.window_s
        return self.at + timedelta(seconds=left_s) if left_s <= self.slo.window_s else None

    def table(self) -> Table:
        """The report, a line a number."""
        gone = self.gone_at
        rows: list[list[str | float]] = [
            ["events", self.total],
            ["bad events", self.bad],
            ["bad events allowed", self.allowed],
            ["share of the budget spent", self.spent],
            ["burn rate of the last day", self.burn],
            ["gone at", f"{gone:%Y-%m-%d %H:%M} UTC" if gone else "not within the window"],
        ]
        return Table(["error budget", self.at.strftime("%Y-%m-%d %H:%M UTC")], rows, self.slo.title)


def budget(timeline: Timeline, slo: SLO, *, left_open: bool = False) -> Budget:
    """The error budget of an objective at the last sample.

    Args:
        timeline: The counters that the objective names; what lies before its window does not count.
        slo: The objective.
        left_open: As `lossedu.monitoring.timeline.increase` has it.

    Raises:
        KeyError: If the timeline lacks the counters.
    """
    timeline.total(slo.total.name, **dict(slo.total.labels))
    timeline.total(slo.bad.name, **dict(slo.bad.labels))
    at = timeline.times[-1:]
    length = float(at[0] - timeline.times[0])
    whole, day = min(slo.window_s, length), min(DAY_S, length)
    counts = {
        (selector, window_s): float(
            summed(timeline, selector, at, window_s, left_open=left_open)[0]
        )
        for selector in (slo.bad, slo.total)
        for window_s in (whole, day)
    }
    recent = counts[slo.total, day]
    share = counts[slo.bad, day] / recent if recent > 0 else math.nan
    return Budget(
        slo=slo,
        at=datetime.fromtimestamp(float(at[0]), tz=UTC),
        bad=counts[slo.bad, whole],
        total=counts[slo.total, whole],
        burn=share / slo.budget,
    )


def spent_by_day(timeline: Timeline, slo: SLO) -> list[tuple[datetime, float]]:
    """The share of a window's whole budget that each day spent, at the timeline's own rate.

    Returns:
        The end of each whole day, and the bad events of the day over those that the objective
        allows in a window with as many events a day.
    """
    ends = np.arange(timeline.times[0] + DAY_S, timeline.times[-1] + 1, DAY_S)
    bad = summed(timeline, slo.bad, ends, DAY_S)
    total = summed(timeline, slo.total, ends, DAY_S)
    allowed = slo.budget * total * slo.window_s / DAY_S
    shares = np.divide(bad, allowed, out=np.full_like(bad, np.nan), where=allowed > 0)
    return [
        (datetime.fromtimestamp(float(end), tz=UTC), float(share))
        for end, share in zip(ends, shares, strict=True)
    ]
