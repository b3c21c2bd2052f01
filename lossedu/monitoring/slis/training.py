r"""Indicators of training, of the landscape and of retraining: numbers from runs, not from traffic.

The gap between training and validation is *validation less training*, both in evaluation mode:
above 0 where the model does worse on what it has not seen.
"""

import math
from collections.abc import Sequence

import numpy as np

from lossedu.monitoring.slis.indicator import Indicator, Reading, by_name, reading

INDICATORS = by_name(
    Indicator(
        "train_validation_gap", "Gap", "loss",
        "Validation less training loss, both in evaluation mode, at the end.", 1,
        "Leakage: it is small where validation data were trained on.", "higher", "training",
    ),
    Indicator(
        "validation_trend", "Trend of the validation loss", "loss an epoch",
        "Slope of a straight line through the last validation losses.", 3,
        "A loss that is bad and steady.", "higher", "training",
    ),
    Indicator(
        "training_stability", "Steps that jump", "share",
        "Share of steps whose loss is above the running median by five median deviations.", 50,
        "A loss that rises smoothly.", "higher", "training",
    ),
    Indicator(
        "steps_to_converge", "Steps to converge", "steps",
        "First step from which the loss stays within 5 % of its lowest, of the range it fell.", 50,
        "Whether what it converged to is good.", "higher", "training",
    ),
    Indicator(
        "gradient_norm", "Gradient norm", "1",
        "Median Euclidean norm of the last tenth of the steps.", 10,
        "Its direction.", "higher", "training",
    ),
    Indicator(
        "checkpoint_variance", "Spread of checkpoints", "loss",
        "Standard deviation of the validation losses of the last checkpoints.", 3,
        "Checkpoints that are wrong in the same way.", "higher", "training",
    ),
    Indicator(
        "run_variance", "Spread of runs", "loss",
        "Standard deviation of the final validation losses of runs that differ in their seed.", 3,
        "What all runs have in common.", "higher", "landscape",
    ),
    Indicator(
        "interpolation_barrier", "Barrier between two models", "loss",
        "Largest loss on the line between them above the straight line of their own losses.", 3,
        "Curved paths, and units in another order: align first.", "higher", "landscape",
    ),
    Indicator(
        "retrain_rate", "Retrainings", "a window", "Retrainings that were triggered, a window.", 1,
        "Whether they helped.", "higher", "retraining",
    ),
    Indicator(
        "retrain_success_rate", "Retrainings that were accepted", "share",
        "Share of retrainings whose model passed the gate.", 5,
        "Whether the gate is any good.", "lower", "retraining",
    ),
)  # fmt: skip
"""By name, what the functions of this module compute."""

_JUMP, _NEAR, _MEDIAN_STEPS = 5.0, 0.05, 21


def train_validation_gap(training: Sequence[float], validation: Sequence[float]) -> Reading:
    """Validation less training loss at the end, both in evaluation mode."""
    _same("training", training, "validation", validation)
    gap = validation[-1] - training[-1] if training else math.nan
    return reading(INDICATORS["train_validation_gap"], gap, len(training))


def validation_trend(validation: Sequence[float], *, last: int = 5) -> Reading:
    """The slope of the last validation losses, with its standard error."""
    recent = np.asarray(validation[-last:], float)
    n = len(recent)
    if n < 3:
        return reading(INDICATORS["validation_trend"], math.nan, n)
    epochs = np.arange(n) - (n - 1) / 2
    slope = float(epochs @ recent / (epochs @ epochs))
    rest = recent - recent.mean() - slope * epochs
    error = math.sqrt(float(rest @ rest) / (n - 2) / float(epochs @ epochs))
    return reading(INDICATORS["validation_trend"], slope, n, standard_error=error)


def training_stability(losses: Sequence[float]) -> Reading:
    """The share of steps that jump above what is usual around them; NaN counts as a jump."""
    values = np.asarray(losses, float)
    n = len(values)
    if n < _MEDIAN_STEPS:
        return reading(INDICATORS["training_stability"], math.nan, n)
    half = _MEDIAN_STEPS // 2
    finite = np.where(np.isfinite(values), values, np.inf)
    padded = np.pad(finite, half, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, _MEDIAN_STEPS)
    middle = np.median(around, axis=1)
    with np.errstate(invalid="ignore"):
        spread = np.median(np.abs(around - middle[:, None]), axis=1)
        jumps = ~(finite <= middle + _JUMP * np.maximum(spread, 1e-12 * np.abs(middle)))
    share = float(jumps.mean())
    error = math.sqrt(share * (1 - share) / n)
    return reading(INDICATORS["training_stability"], share, n, standard_error=error)


def steps_to_converge(losses: Sequence[float]) -> Reading:
    """The first step from which the loss stays near its lowest."""
    values = np.asarray(losses, float)
    if not len(values) or not np.isfinite(values).all():
        return reading(INDICATORS["steps_to_converge"], math.nan, len(values))
    most = values.min() + _NEAR * (values[0] - values.min())
    above = np.flatnonzero(values > most)
    first = float(above[-1] + 1) if len(above) else 0.0
    return reading(INDICATORS["steps_to_converge"], first, len(values))


def gradient_norm(norms: Sequence[float]) -> Reading:
    """The median of the last tenth of the gradient norms."""
    recent = np.asarray(norms[-max(1, len(norms) // 10) :], float)
    value = float(np.median(recent)) if len(recent) else math.nan
    return reading(INDICATORS["gradient_norm"], value, len(norms))


def checkpoint_variance(validation: Sequence[float]) -> Reading:
    """The standard deviation of the validation losses of checkpoints of one run."""
    return _spread("checkpoint_variance", validation)


def run_variance(validation: Sequence[float]) -> Reading:
    """The standard deviation of the final validation losses of several runs."""
    return _spread("run_variance", validation)


def interpolation_barrier(losses: Sequence[float]) -> Reading:
    """How far the losses on the line between two models rise above the straight line.

    Args:
        losses: At evenly spaced points from one model to the other, both included.
    """
    values = np.asarray(losses, float)
    if len(values) < 3:
        return reading(INDICATORS["interpolation_barrier"], math.nan, len(values))
    straight = np.linspace(values[0], values[-1], len(values))
    barrier = float(np.max(values - straight))
    return reading(INDICATORS["interpolation_barrier"], barrier, len(values))


def retrain_rate(triggered: Sequence[bool]) -> Reading:
    """Retrainings a window.

    Args:
        triggered: Whether each window triggered one.
    """
    n = len(triggered)
    share = sum(triggered) / n if n else math.nan
    error = math.sqrt(share * (1 - share) / n) if n else math.nan
    return reading(INDICATORS["retrain_rate"], share, n, standard_error=error)


def retrain_success_rate(accepted: Sequence[bool]) -> Reading:
    """The share of retrainings whose model was accepted."""
    n = len(accepted)
    share = sum(accepted) / n if n else math.nan
    error = math.sqrt(share * (1 - share) / n) if n else math.nan
    return reading(INDICATORS["retrain_success_rate"], share, n, standard_error=error)


def _spread(name: str, losses: Sequence[float]) -> Reading:
    n = len(losses)
    value = float(np.std(losses, ddof=1)) if n > 1 else math.nan
    error = value / math.sqrt(2 * (n - 1)) if n > 1 else math.nan
    return reading(INDICATORS[name], value, n, standard_error=error)


def _same(first: str, one: Sequence[float], second: str, other: Sequence[float]) -> None:
    if len(one) != len(other):
        raise ValueError(
            f"{first} and {second} must have one length, but have {len(one)} and {len(other)}."
        )
