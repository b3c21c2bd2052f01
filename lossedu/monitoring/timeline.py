r"""What a service exports, scrape by scrape, and Prometheus' own arithmetic on it.

A counter only grows, but for restarts, and is read at intervals that need not meet the ends of a
window.  Prometheus therefore extends what it saw between the first sample at $t_1$ and the last at
$t_n$ to the ends of the window, unless these are far away, and never below zero:

$$\operatorname{increase} = \Big(v_n - v_1 + \sum_{\text{resets}} v_{i-1}\Big)
\cdot \frac{(t_n - t_1) + a + b}{t_n - t_1}$$

with $a$ and $b$ the parts added at the two ends.  `increase` is this formula, so that rules can be
judged where no server runs; a test holds it against the server.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = NDArray[np.float64]

_NEAR = 1.1  # average distances of samples: what is nearer to an end of the window reaches it


@dataclass(frozen=True, order=True)
class Series:
    """The name of a metric with its labels.

    Attributes:
        name: As Prometheus has it: letters, digits, ``_`` and ``:``.
        labels: Names and values, sorted by name.

    Example:
        >>> print(Series.of("lossedu_bad_events_total", sli="margin_violation", model="spam"))
        lossedu_bad_events_total{model="spam",sli="margin_violation"}
    """

    name: str
    labels: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, name: str, /, **labels: str) -> "Series":
        """The series of that name with these labels."""
        return cls(name, tuple(sorted(labels.items())))

    def __str__(self) -> str:
        inner = ",".join(f'{name}="{_escaped(value)}"' for name, value in self.labels)
        return f"{self.name}{{{inner}}}" if inner else self.name

    def matches(self, name: str, labels: Mapping[str, str]) -> bool:
        """Whether it has this name and, among others, these labels."""
        return self.name == name and labels.items() <= dict(self.labels).items()


@dataclass(frozen=True, eq=False)
class Timeline:
    """Samples of counters and gauges at a steady interval.

    Attributes:
        start: When the first sample was taken, with its time zone.
        step_s: Seconds from one sample to the next, above 0.
        counters: Series -> its total so far, of shape ``(samples,)``; NaN where no sample is.
        gauges: Series -> its value, likewise.

    Raises:
        ValueError: If the start has no time zone, the step is not above 0, or lengths differ.
    """

    start: datetime
    step_s: float
    counters: Mapping[Series, Values]
    gauges: Mapping[Series, Values] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a start of unknown time zone, and series of different lengths."""
        if self.start.tzinfo is None:
            raise ValueError(
                f"start must have a time zone, but {self.start.isoformat()} has none. "
                "Hint: datetime(..., tzinfo=UTC)."
            )
        if not self.step_s > 0:
            raise ValueError(f"step_s must be above 0, but is {self.step_s}.")
        lengths = {str(series): np.shape(values) for series, values in self.series()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"series must have one length, but have {lengths}.")

    def series(self) -> Iterator[tuple[Series, Values]]:
        """Every counter, then every gauge."""
        yield from self.counters.items()
        yield from self.gauges.items()

    @cached_property
    def times(self) -> Values:
        """Seconds since 1970, of shape ``(samples,)``."""
        samples = max((len(values) for _, values in self.series()), default=0)
        steps: Values = self.start.timestamp() + self.step_s * np.arange(samples, dtype=float)
        return steps

    @property
    def end(self) -> datetime:
        """When the last sample was taken."""
        return datetime.fromtimestamp(float(self.times[-1]), tz=UTC)

    def select(self, name: str, /, **labels: str) -> dict[Series, Values]:
        """The series of a name that have these labels, among others."""
        return {series: values for series, values in self.series() if series.matches(name, labels)}

    def total(self, name: str, /, **labels: str) -> Values:
        """The sum of the counters of a name that have these labels; NaN where one has no sample.

        Raises:
            KeyError: If there is none.
        """
        chosen = self.select(name, **labels)
        if not chosen:
            raise KeyError(f"No series {Series.of(name, **labels)} is in the timeline.")
        summed: Values = np.sum(list(chosen.values()), axis=0)
        return summed

    def openmetrics(self) -> Iterator[str]:
        """Lines of OpenMetrics text with times, as ``promtool tsdb create-blocks-from`` reads."""
        kinds = [(self.counters, "counter"), (self.gauges, "gauge")]
        for group, kind in kinds:
            for name in sorted({series.name for series in group}):
                yield f"# TYPE {name.removesuffix('_total')} {kind}\n"
                for series in sorted(s for s in group if s.name == name):
                    for time, value in zip(self.times, group[series], strict=True):
                        if not np.isnan(value):
                            yield f"{series} {float(value)!r} {float(time)!r}\n"
        yield "# EOF\n"

    def input_series(self) -> list[dict[str, str]]:
        """The samples as ``promtool test rules`` takes them; ``_`` where there is none."""
        return [
            {
                "series": str(series),
                "values": " ".join("_" if np.isnan(v) else repr(float(v)) for v in values),
            }
            for series, values in self.series()
        ]


def increase(
    values: ArrayLike, times: ArrayLike, at: ArrayLike, window_s: float, *, left_open: bool = False
) -> Values:
    r"""How much a counter grew within a window, as PromQL's ``increase`` has it.

    Args:
        values: Its totals, of shape ``(samples,)``; NaN where no sample is.
        times: Seconds, increasing, of the same shape.
        at: The ends of the windows, in seconds, of shape ``(n,)``.
        window_s: The length of a window in seconds, above 0.
        left_open: Whether a sample exactly at the begin of a window counts not, as in Prometheus 3;
            in Prometheus 2 it counts.

    Returns:
        Shape ``(n,)``, at least 0 for counters at least 0; NaN where a window has fewer than two
        samples.  Not whole numbers: the ends of a window are extrapolated.

    Example:
        >>> import numpy as np
        >>> minutes = 60.0 * np.arange(6)
        >>> print(increase([0, 5, 10, 2, 7, 12], minutes, [300.0], 240))
        [17.]
    """
    totals, clock = np.asarray(values, float), np.asarray(times, float)
    there = ~np.isnan(totals)
    totals, clock, ends = totals[there], clock[there], np.asarray(at, float)
    if len(totals) == 0:
        return np.full(ends.shape, np.nan)
    starts = ends - window_s
    first = np.searchsorted(clock, starts, "right" if left_open else "left")
    last = np.searchsorted(clock, ends, "right") - 1
    enough = last > first
    first, last = np.where(enough, first, 0), np.where(enough, last, 0)

    resets = np.where(np.diff(totals) < 0, totals[:-1], 0.0)
    grown = totals + np.concatenate([[0.0], np.cumsum(resets)])
    seen = grown[last] - grown[first]
    span = np.where(enough, clock[last] - clock[first], 1.0)
    distance = span / np.where(enough, last - first, 1)
    before = _down_to_zero(clock[first] - starts, span, totals[first], seen)
    reach = span + _added(before, distance) + _added(ends - clock[last], distance)
    return np.where(enough, seen * reach / span, np.nan)


def _down_to_zero(before: Values, span: Values, value: Values, seen: Values) -> Values:
    """How far back the growth may reach: no further than to where the counter was 0."""
    zero = span * np.divide(value, seen, out=np.full_like(seen, np.inf), where=seen > 0)
    return np.where((seen > 0) & (value >= 0), np.minimum(before, zero), before)


def _added(gap: Values, distance: Values) -> Values:
    """What is added at an end of a window: all of a short gap, half a distance of a long one."""
    return np.where(gap < _NEAR * distance, gap, distance / 2)


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
