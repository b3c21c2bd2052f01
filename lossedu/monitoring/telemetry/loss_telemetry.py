"""A service's losses as metrics for Prometheus."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from threading import Lock

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossedu.extras import explained
from lossedu.monitoring.telemetry import buckets
from lossedu.monitoring.telemetry.bounded import OTHER, Bounded
from lossedu.monitoring.telemetry.buckets import Buckets
from lossedu.monitoring.telemetry.outcomes import MarginLoss, Outcomes, logistic, outcomes
from lossedu.monitoring.timeline import Values

with explained("lossedu.monitoring", "monitor"):
    from prometheus_client.core import (
        CounterMetricFamily,
        GaugeMetricFamily,
        HistogramMetricFamily,
        InfoMetricFamily,
    )
    from prometheus_client.metrics_core import Metric
    from prometheus_client.registry import Collector, CollectorRegistry

Bad = Callable[[Outcomes], NDArray[np.bool_]]

EVENTS: Mapping[str, Bad] = {
    "margin_violation": lambda o: o.margin < 1,
    "error": lambda o: o.predicted != o.label,
    "hard_example": lambda o: o.p_true < 0.5,
}
"""Bad events of a labelled prediction, by the name of their SLI."""

GAUGES = {
    "label_coverage_ratio": "Share of recent predictions whose label has arrived.",
    "calibration_error_ratio": "Expected calibration error of recent labelled predictions.",
    "gradient_norm": "Euclidean norm of the gradient at the last step of training.",
    "top_eigenvalue": "Largest eigenvalue of the loss's Hessian at the last checkpoint.",
}
RETRAINED = ("accepted", "rejected", "failed")
_MOST_CLASSES, _MOST_DRIFTS = 20, 50


class LossTelemetry(Collector):
    """Counts predictions, labels, bad events and losses; what a server scrapes.

    Args:
        registry: Where it registers.
        model: The model's name.
        version: Of the model.
        loss: A function of the margin, for binary scores.
        events: Name of an SLI -> which labelled predictions are bad.
        classes: The names of the classes, from class 0; those beyond the twentieth count as one.
        high_loss: If given, an event ``high_loss`` is bad above it.

    All methods may be called from several threads.  No value of a label comes from a request: the
    number of series does not grow with traffic.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        *,
        model: str,
        version: str,
        loss: MarginLoss = logistic,
        events: Mapping[str, Bad] = EVENTS,
        classes: Sequence[str] = ("0", "1"),
        high_loss: float | None = None,
    ) -> None:
        self._lock = Lock()
        self._build = {"model": model, "version": version}
        self._loss = loss
        self._events = dict(events)
        if high_loss is not None:
            self._events["high_loss"] = lambda o: o.loss > high_loss
        self._classes = [*classes[:_MOST_CLASSES], *([OTHER] if classes[_MOST_CLASSES:] else [])]
        self._predictions = self._invalid = 0
        self._labelled = np.zeros(len(self._classes))
        self._right = np.zeros(len(self._classes))
        self._total = dict.fromkeys(self._events, 0)
        self._bad = dict.fromkeys(self._events, 0)
        self._histograms = {
            "loss": Buckets(buckets.LOSS),
            "margin": Buckets(buckets.MARGIN),
            "true_class_probability": Buckets(buckets.SHARE),
            "label_lag_seconds": Buckets(buckets.LAG_S),
        }
        self._gauges: dict[str, float] = {}
        self._drift: dict[tuple[str, str], float] = {}
        self._features = Bounded(_MOST_DRIFTS)
        self._retrained = dict.fromkeys(RETRAINED, 0)
        registry.register(self)

    def observe(self, scores: ArrayLike) -> None:
        """Count predictions whose labels are not known yet.

        Args:
            scores: Of shape ``(n,)`` or ``(n, classes)``.  One that is not finite is counted as
                invalid.
        """
        values = np.asarray(scores, float)
        finite = _finite(values)
        with self._lock:
            self._predictions += len(values)
            self._invalid += int(len(values) - np.count_nonzero(finite))

    def observe_labels(
        self, scores: ArrayLike, labels: ArrayLike, *, lag_s: ArrayLike | None = None
    ) -> None:
        """Count predictions when their labels have come.

        Args:
            scores: What had been predicted: ``(n,)`` or ``(n, classes)``.  A row that is not finite
                is a bad event of every kind, and in no histogram.
            labels: Classes from 0, of shape ``(n,)``.
            lag_s: Seconds from the prediction to its label, of shape ``(n,)``.

        Raises:
            ValueError: If shapes do not fit, or a label is no class.
        """
        values = np.asarray(scores, float)
        with np.errstate(invalid="ignore"):
            seen = outcomes(values, labels, self._loss)
        finite = _finite(values) & np.isfinite(seen.loss)
        lags = None if lag_s is None else np.asarray(lag_s, float)
        if lags is not None and lags.shape != seen.label.shape:
            raise ValueError(f"lag_s must have shape {seen.label.shape}, but has {lags.shape}.")
        bad = {
            name: int(np.count_nonzero(is_bad(seen) | ~finite))
            for name, is_bad in self._events.items()
        }
        place = self._places(seen.label)
        right = seen.predicted == seen.label
        with self._lock:
            for name, count in bad.items():
                self._total[name] += len(place)
                self._bad[name] += count
            self._labelled += np.bincount(place, minlength=len(self._classes))
            self._right += np.bincount(place[right], minlength=len(self._classes))
            kept = (seen.loss, seen.margin, seen.p_true)
            if not finite.all():
                kept = tuple(values[finite] for values in kept)  # type: ignore[assignment]
            for histogram, amounts in zip(self._histograms.values(), kept, strict=False):
                histogram.add(amounts)
            if lags is not None:
                self._histograms["label_lag_seconds"].add(lags[np.isfinite(lags)])

    def _places(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """The counter of each label: its class's, or that of all later classes."""
        last = len(self._classes) - 1
        if len(labels) and labels.max() > last and self._classes[-1] != OTHER:
            raise ValueError(
                f"classes must name every class, but name {last + 1}, and a label is "
                f"{labels.max()}. Hint: LossTelemetry(..., classes=[...])."
            )
        return np.minimum(labels, last)

    def report(self, **values: float) -> None:
        """Set gauges: ``label_coverage_ratio``, ``calibration_error_ratio``, ``gradient_norm``...

        Raises:
            ValueError: If a name is none of `GAUGES`.
        """
        unknown = sorted(set(values) - set(GAUGES))
        if unknown:
            raise ValueError(f"values must be among {', '.join(GAUGES)}, but have {unknown[0]}.")
        with self._lock:
            self._gauges.update(values)

    def report_drift(self, feature: str, statistic: str, value: float) -> None:
        """Set the drift of a feature; beyond fifty features, that of ``"other"`` is the largest."""
        with self._lock:
            name = self._features.value(feature)
            key = (name, statistic)
            if name == OTHER:
                value = max(value, self._drift.get(key, value))
            self._drift[key] = value

    def retrained(self, outcome: str) -> None:
        """Count a retraining.

        Raises:
            ValueError: If the outcome is none of ``accepted``, ``rejected`` and ``failed``.
        """
        if outcome not in RETRAINED:
            raise ValueError(f"outcome must be among {', '.join(RETRAINED)}, but is {outcome!r}.")
        with self._lock:
            self._retrained[outcome] += 1

    def collect(self) -> Iterable[Metric]:
        """All metrics as they are now; called by a registry."""
        with self._lock:
            return list(self._metrics())

    def _metrics(self) -> Iterator[Metric]:
        info = InfoMetricFamily("lossedu_build", "The model that is served.")
        info.add_metric([], self._build)
        yield info
        yield CounterMetricFamily("lossedu_predictions", "Predictions made.", self._predictions)
        yield CounterMetricFamily(
            "lossedu_invalid_scores", "Scores that are not finite.", self._invalid
        )
        by_class = dict(zip(self._classes, self._labelled.tolist(), strict=True))
        yield _counter("labelled", "Labels that have come, by class.", "class", by_class)
        right = dict(zip(self._classes, self._right.tolist(), strict=True))
        yield _counter("right", "Of these, predicted rightly.", "class", right)
        yield _counter("events", "Labelled predictions, by SLI.", "sli", self._total)
        yield _counter("bad_events", "Of these, bad ones.", "sli", self._bad)
        yield _counter("retrains", "Retrainings, by outcome.", "outcome", self._retrained)
        for name, histogram in self._histograms.items():
            family = HistogramMetricFamily(f"lossedu_{name}", f"Distribution of {name}.")
            family.add_metric([], histogram.cumulative(), histogram.sum)
            yield family
        for name, value in self._gauges.items():
            yield GaugeMetricFamily(f"lossedu_{name}", GAUGES[name], value)
        drift = GaugeMetricFamily(
            "lossedu_drift", "Drift from the reference.", labels=["feature", "statistic"]
        )
        for (feature, statistic), value in self._drift.items():
            drift.add_metric([feature, statistic], value)
        yield drift


def _finite(scores: Values) -> NDArray[np.bool_]:
    finite = np.isfinite(scores)
    return finite if scores.ndim == 1 else np.logical_and.reduce(finite, axis=-1)


def _counter(name: str, text: str, label: str, counts: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(f"lossedu_{name}", text, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family
