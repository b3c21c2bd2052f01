r"""What a gate measures, as functions of weighted sums over examples.

Every measure $f$ of a sample is a function of sums $\sum_i w_i x_i$ with weights 1.  The bootstrap
draws samples anew by drawing weights: how often each example is in the new sample, in both models'
sums at once, so that what is easy or hard for both cancels.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from lossedu.monitoring.gate.evidence import Evidence, Model
from lossedu.monitoring.gate.policy import PolicyError
from lossedu.monitoring.timeline import Values

BINS = 10
TAIL = 0.9


@dataclass(frozen=True, eq=False)
class Measure:
    """A figure of one model.

    Attributes:
        name: Of the check, and of the class where it is of one.
        terms: What is summed, of shape ``(entries, k)``.
        of_sums: The figure from sums of shape ``(..., k)``.
    """

    name: str
    terms: Values
    of_sums: Callable[[Values], Values]


def measures(check: str, evidence: Evidence) -> Iterator[tuple[Measure, Measure]]:
    """A check's figures of the candidate and of the baseline.

    Raises:
        PolicyError: If the tables lack what the check needs.
    """
    both = (evidence.candidate, evidence.baseline)
    if check in ("recall", "precision"):
        for model in both:
            _needs(check, model, "label", "predicted")
        for name in np.unique(np.asarray(evidence.candidate.label)):
            one, other = (_by_class(check, model, name) for model in both)
            yield one, other
    elif check == "tail_loss":
        # One threshold for both: that of the baseline's own tail.
        usable = evidence.baseline.loss[np.isfinite(evidence.baseline.loss)]
        above = float(np.quantile(usable, TAIL)) if len(usable) else np.inf
        yield _tail(both[0], above), _tail(both[1], above)
    else:
        single = {
            "mean_loss": _mean_loss,
            "violation_rate": _violations,
            "calibration_error": _calibration,
            "invalid": _invalid,
        }[check]
        yield single(both[0]), single(both[1])


def _mean_loss(model: Model) -> Measure:
    finite = np.isfinite(model.loss)
    terms = np.stack([np.where(finite, model.loss, 0.0), finite.astype(float)], axis=1)
    return Measure("mean_loss", terms, _ratio)


def _tail(model: Model, above: float) -> Measure:
    """The mean of what a loss exceeds a threshold by: 0 below it, so that all examples count."""
    finite = np.isfinite(model.loss)
    excess = np.maximum(np.where(finite, model.loss, 0.0) - above, 0.0) / (1 - TAIL)
    return Measure("tail_loss", np.stack([excess, finite.astype(float)], axis=1), _ratio)


def _violations(model: Model) -> Measure:
    _needs("violation_rate", model, "margin")
    margin = np.asarray(model.margin)
    bad = ~(margin >= 1)  # NaN is a violation
    return Measure("violation_rate", np.stack([bad, np.ones(len(bad))], axis=1), _ratio)


def _invalid(model: Model) -> Measure:
    bad = ~np.isfinite(model.loss)
    return Measure("invalid", bad[:, None].astype(float), lambda sums: sums[..., 0])


def _by_class(check: str, model: Model, name: str) -> Measure:
    mine, said = (np.asarray(x) == name for x in (model.label, model.predicted))
    counted = mine if check == "recall" else said
    return Measure(f"{check} of {name}", np.stack([mine & said, counted], axis=1) + 0.0, _ratio)


def _calibration(model: Model) -> Measure:
    _needs("calibration_error", model, "label", "predicted", "confidence")
    right = (np.asarray(model.label) == np.asarray(model.predicted)) + 0.0
    confidence = np.asarray(model.confidence)
    usable = np.isfinite(confidence)
    place = np.clip((np.where(usable, confidence, 0) * BINS).astype(int), 0, BINS - 1)
    gap = np.zeros((len(right), BINS + 1))
    gap[np.arange(len(right)), place] = np.where(usable, right - confidence, 0.0)
    gap[:, BINS] = usable

    def of_sums(sums: Values) -> Values:
        gaps = np.abs(sums[..., :BINS]).sum(axis=-1)
        return _ratio(np.stack([gaps, sums[..., BINS]], axis=-1))

    return Measure("calibration_error", gap, of_sums)


def _ratio(sums: Values) -> Values:
    total = sums[..., 1]
    ratio: Values = np.divide(
        sums[..., 0], total, out=np.full(total.shape, np.nan), where=total > 0
    )
    return ratio


def _needs(check: str, model: Model, *names: str) -> None:
    missing = [name for name in names if getattr(model, name) is None]
    if missing:
        raise PolicyError(
            f"{check} needs the columns {', '.join(names)}, but the losses lack "
            f"{', '.join(missing)}."
        )
