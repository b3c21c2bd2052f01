"""Incidents of what watches: labels, exporters, training jobs. The model is as good as ever."""

import numpy as np

from lossedu.monitoring.scenarios.scenario import Expected, Scenario
from lossedu.monitoring.scenarios.traffic import DAY_MIN, Traffic, healthy

_BEGINS = 1 * DAY_MIN + 600

STOPPED = "the job that delivers labels has stopped"
LATE = "positives are confirmed by hand now, which takes a day"
SILENT = "the exporter of metrics is down while the model serves on"
OVERCONFIDENT = "a new version is as accurate and too sure of itself"
DIVERGING = "one worker of a training job sends gradients of a model that is long gone"


def _stopped(seed: int) -> Traffic:
    usual = healthy(2.5, seed=seed)
    return usual.but(lag=np.where(usual.arrived >= _BEGINS, np.inf, usual.lag))


def _late(seed: int) -> Traffic:
    usual = healthy(2.5, positives=0.5, seed=seed)
    numbers = np.random.default_rng([seed, 1])
    hit = (usual.label == 1) & usual.during(_BEGINS)
    slow = numbers.exponential(1.0 * DAY_MIN, len(hit))
    return usual.but(lag=np.where(hit, slow, usual.lag))


def _silent(seed: int) -> Traffic:
    usual = healthy(2.5, seed=seed)
    return usual.but(silent=np.arange(usual.minutes) >= _BEGINS)


def _overconfident(seed: int) -> Traffic:
    usual = healthy(2.5, seed=seed)
    minute = np.arange(usual.minutes)
    jitter = np.random.default_rng([seed, 1]).normal(0, 0.004, usual.minutes)
    error = np.where(minute >= _BEGINS, 0.15, 0.02) + jitter
    return usual.but(gauges={"calibration_error_ratio": error})


def _diverging(seed: int) -> Traffic:
    usual = healthy(2.5, seed=seed)
    after = np.arange(usual.minutes) - _BEGINS
    jitter = np.random.default_rng([seed, 1]).lognormal(0, 0.2, usual.minutes)
    growth = np.exp(np.clip(after, 0, 240) / 30)
    return usual.but(gauges={"gradient_norm": 2.0 * jitter * growth})


SCENARIOS = (
    Scenario(
        name="labels-stop",
        title="No labels since the morning",
        story="All loss alerts are green.",
        begins=_BEGINS,
        build=_stopped,
        expected=(Expected("LabelsLate", 45, 100),),
        spent=(0.2, 0.4),
        cause=STOPPED,
        way_out="Restart the job; until it has caught up, every loss is unknown, not good.",
        runbook="LabelsLate",
    ),
    Scenario(
        name="late-positives",
        title="Labels of one class are late",
        story="The mean loss of what arrives is lower than it was.",
        begins=_BEGINS,
        build=_late,
        expected=(Expected("LabelsLate", 45, 160),),
        spent=(0.2, 0.4),
        cause=LATE,
        way_out="Weight labels by how late they are; below the watermark a loss is unknown.",
        runbook="LabelsLate",
    ),
    Scenario(
        name="telemetry-silent",
        title="A quiet dashboard",
        story="Nothing is red. The panels end at ten in the morning.",
        begins=_BEGINS,
        build=_silent,
        expected=(Expected("TelemetrySilent", 5, 30),),
        spent=(0.2, 0.4),
        cause=SILENT,
        way_out="Restart the exporter; counters that restart lose nothing that was scraped.",
        runbook="TelemetrySilent",
    ),
    Scenario(
        name="overconfident",
        title="As accurate as before, and surer",
        story="A new version went out in the morning. Accuracy and loss alerts are green.",
        begins=_BEGINS,
        build=_overconfident,
        expected=(Expected("CalibrationOff", 25, 60),),
        spent=(0.2, 0.4),
        cause=OVERCONFIDENT,
        way_out="Fit a temperature on recent labels; no weights have to change.",
        runbook="CalibrationOff",
    ),
    Scenario(
        name="diverging-worker",
        title="A training job that explodes",
        story="Tonight's retraining runs on four workers. The service is green.",
        begins=_BEGINS,
        build=_diverging,
        expected=(Expected("GradientSpike", 60, 200),),
        spent=(0.2, 0.4),
        cause=DIVERGING,
        way_out="Stop the job; go on from the last checkpoint without that worker.",
        runbook="GradientSpike",
    ),
)
