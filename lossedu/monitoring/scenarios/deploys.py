"""Incidents around deploys and decisions: versions, thresholds, traffic that changes its mix."""

import numpy as np

from lossedu.monitoring.scenarios.scenario import Expected, Scenario
from lossedu.monitoring.scenarios.traffic import DAY_MIN, Traffic, healthy

_BEGINS = 1 * DAY_MIN + 600

REVERTED = "a deploy mapped labels the wrong way, and was rolled back within the hour"
THRESHOLD = "the decision threshold was moved by a change of configuration"
SURGE = "a version that learned from noisy positives sees them everywhere"
MIX = "a campaign brings twice as many positives"
HIDDEN = "a version is worse on positives, whose labels come a day late"


def _reverted(seed: int) -> Traffic:
    usual = healthy(2.5, seed=seed)
    hit = usual.during(_BEGINS, _BEGINS + 30)
    return usual.but(label=np.where(hit, 1 - usual.label, usual.label))


def _threshold(seed: int) -> Traffic:
    usual = healthy(4, seed=seed)
    return usual.but(score=usual.score - np.where(usual.during(_BEGINS), 2.2, 0.0))


def _surge(seed: int) -> Traffic:
    usual = healthy(2, seed=seed)
    numbers = np.random.default_rng([seed, 1])
    hit = (usual.label == 0) & (numbers.random(len(usual.label)) < 0.12) & usual.during(_BEGINS)
    return usual.but(score=np.where(hit, np.abs(usual.score), usual.score))


def _mix(seed: int) -> Traffic:
    calm, busy = healthy(2.5, seed=seed), healthy(2.5, positives=0.6, seed=seed)
    hit = calm.during(_BEGINS)
    return calm.but(
        label=np.where(hit, busy.label, calm.label), score=np.where(hit, busy.score, calm.score)
    )


def _hidden(seed: int) -> Traffic:
    usual = healthy(2.5, seed=seed)
    numbers = np.random.default_rng([seed, 1])
    late = (usual.label == 1) & usual.during(_BEGINS)
    slow = DAY_MIN + numbers.exponential(300, len(late))
    score = np.where(late, usual.score - 2.5, usual.score)
    return usual.but(score=score, lag=np.where(usual.label == 1, slow, usual.lag))


SCENARIOS = (
    Scenario(
        name="rolled-back",
        title="A page that resolves by itself",
        story="Version 8 went out at ten, and version 7 is back since half past.",
        begins=_BEGINS,
        build=_reverted,
        expected=(
            Expected("ErrorBurnFast", 5, 20),
            Expected("ErrorBurnSlow", 15, 45),
            Expected("ErrorBudgetTicket", 15, 60),
        ),
        spent=(0.3, 0.8),
        cause=REVERTED,
        way_out="Nothing more now: write down what was spent, and why the mapping had no test.",
        runbook="ErrorBurnFast",
    ),
    Scenario(
        name="threshold-moved",
        title="One kind of mistake has multiplied",
        story="No model was deployed. Somebody tidied a file of settings.",
        begins=_BEGINS,
        build=_threshold,
        expected=(
            Expected("ErrorBudgetTicket", 200, 1500),
            Expected("MarginViolationBudgetTicket", 500, 2600),
        ),
        spent=(1.0, 3.0),
        cause=THRESHOLD,
        way_out="Restore the threshold, and log it with every prediction as the version is.",
        runbook="ErrorBudgetTicket",
    ),
    Scenario(
        name="false-positive-surge",
        title="Users are blocked who were not",
        story="A version trained with a stronger focus on hard examples went out at ten.",
        begins=_BEGINS,
        build=_surge,
        expected=(
            Expected("ErrorBurnSlow", 150, 400),
            Expected("ErrorBudgetTicket", 60, 500),
        ),
        spent=(0.5, 1.8),
        cause=SURGE,
        way_out="Roll back; clean the positives before training anew, or focus less.",
        runbook="ErrorBurnSlow",
    ),
    Scenario(
        name="prior-shift",
        title="Twice as many positives as last week",
        story="Marketing has started a campaign. Counts of class 1 have doubled.",
        begins=_BEGINS,
        build=_mix,
        expected=(),
        spent=(0.2, 0.5),
        cause=MIX,
        way_out="Nothing: the model is as right on each class as before. Watch its calibration.",
        runbook="CalibrationOff",
    ),
    Scenario(
        name="hidden-regression",
        title="Green, and wrong",
        story="A new version went out at ten. Positives are confirmed after a day, as always.",
        begins=_BEGINS,
        build=_hidden,
        expected=(),
        spent=(0.2, 0.5),
        cause=HIDDEN,
        way_out="Roll back; hold versions to the gate on labelled rows before they serve.",
        runbook="LabelsLate",
    ),
)
