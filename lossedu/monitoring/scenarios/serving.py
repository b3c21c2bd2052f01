"""Incidents of a model in service: what it is given, what it is, and who sees it."""

import numpy as np

from lossedu.monitoring.scenarios.scenario import Expected, Scenario
from lossedu.monitoring.scenarios.traffic import DAY_MIN, Traffic, healthy

_TUESDAY = 1 * DAY_MIN + 600  # ten o'clock in the morning of the second day

FLIP = "a deploy maps the labels 0 and 1 the wrong way round"
UNIT = "a feature arrives in another unit from one client, so that its scores shrink"
CANARY = "a canary on a tenth of the traffic is worse"
DRIFT = "the world moves away from what the model has learned"
NOISE = "a source of labels marks some negatives as positives"
BURST = "one bad upload of a few minutes"
FEW = "almost nobody is there at night"
ROUNDED = "the model was compressed for the edge, and its scores are coarser"


def _flipped(seed: int) -> Traffic:
    usual = healthy(2.5, seed=seed)
    hit = usual.during(_TUESDAY)
    return usual.but(label=np.where(hit, 1 - usual.label, usual.label))


def _shrunk(seed: int) -> Traffic:
    usual = healthy(4, seed=seed)
    mobile = np.random.default_rng([seed, 1]).random(len(usual.minute)) < 0.2
    hit = mobile & usual.during(_TUESDAY)
    part = np.where(mobile, "mobile", "web").astype(object)
    return usual.but(score=np.where(hit, usual.score * 0.1, usual.score), part=part)


def _canary(seed: int) -> Traffic:
    usual = healthy(4, seed=seed)
    numbers = np.random.default_rng([seed, 1])
    hit = (numbers.random(len(usual.minute)) < 0.1) & usual.during(_TUESDAY)
    sign = 2.0 * usual.label - 1
    part = np.where(hit, "v2", "v1").astype(object)
    return usual.but(score=np.where(hit, usual.score - 3.0 * sign, usual.score), part=part)


def _drifting(seed: int) -> Traffic:
    usual = healthy(10, a_minute=10, seed=seed)
    days = np.clip((usual.minute - _TUESDAY) / DAY_MIN, 0, 6)
    sign = 2.0 * usual.label - 1
    return usual.but(score=usual.score - 0.18 * days * sign)


def _noisy(seed: int) -> Traffic:
    usual = healthy(4, seed=seed)
    numbers = np.random.default_rng([seed, 1])
    wrong = (usual.label == 0) & (numbers.random(len(usual.minute)) < 0.04)
    hit = wrong & usual.during(_TUESDAY)
    return usual.but(label=np.where(hit, 1, usual.label))


def _burst(seed: int) -> Traffic:
    usual = healthy(2.5, seed=seed)
    hit = usual.during(_TUESDAY, _TUESDAY + 4)
    return usual.but(score=np.where(hit, 0.0, usual.score))


def _night(seed: int) -> Traffic:
    usual = healthy(2.5, seed=seed)
    numbers = np.random.default_rng([seed, 1])
    night = usual.during(_TUESDAY, _TUESDAY + 8 * 60)
    kept = ~night | (numbers.random(len(night)) < 0.01)
    # The few that are there are odder than the many of the day.
    odd = night & (numbers.random(len(night)) < 0.05)
    sign = 2.0 * usual.label - 1
    score = np.where(odd, 0.5 * sign, usual.score)
    arrays = {name: getattr(usual, name)[kept] for name in ("minute", "label", "lag", "part")}
    return usual.but(score=score[kept], **arrays)


def _rounded(seed: int) -> Traffic:
    usual = healthy(4, seed=seed)
    numbers = np.random.default_rng([seed, 1])
    coarse = usual.score + numbers.normal(0, 0.6, len(usual.score))
    return usual.but(score=np.where(usual.during(_TUESDAY), coarse, usual.score))


SCENARIOS = (
    Scenario(
        name="label-flip",
        title="Margin violations jump after a deploy",
        story="At ten in the morning a new version went out. Pages come within the hour.",
        begins=_TUESDAY,
        build=_flipped,
        expected=(
            Expected("ErrorBurnFast", 5, 20),
            Expected("ErrorBurnSlow", 15, 40),
            Expected("ErrorBudgetTicket", 20, 60),
            Expected("MarginViolationBurnFast", 35, 60),
            Expected("MarginViolationBurnSlow", 90, 130),
            Expected("MarginViolationBudgetTicket", 60, 160),
        ),
        spent=(7.0, 9.0),
        cause=FLIP,
        way_out="Roll back; then test the mapping on ten labelled rows before each deploy.",
        runbook="ErrorBurnFast",
    ),
    Scenario(
        name="unit-change",
        title="Confident predictions of one client turn into guesses",
        story="A client released a new app yesterday. Users do not complain.",
        begins=_TUESDAY,
        build=_shrunk,
        expected=(Expected("MarginViolationBudgetTicket", 300, 900),),
        spent=(1.5, 4.5),
        cause=UNIT,
        way_out="Convert the feature at the border, and check its range there.",
        runbook="MarginViolationBudgetTicket",
    ),
    Scenario(
        name="canary-regression",
        title="A canary is worse than what it is to replace",
        story="A tenth of the traffic goes to version 2 since the morning.",
        begins=_TUESDAY,
        build=_canary,
        expected=(
            Expected("ErrorBudgetTicket", 200, 1200),
            Expected("MarginViolationBudgetTicket", 1000, 2600),
        ),
        spent=(0.8, 2.0),
        cause=CANARY,
        way_out="Stop the canary; compare versions by a sequential test, not by the overall loss.",
        runbook="ErrorBudgetTicket",
    ),
    Scenario(
        name="slow-drift",
        title="Every day a little worse",
        story="Nothing was deployed for weeks.",
        begins=_TUESDAY,
        build=_drifting,
        expected=(
            Expected("MarginViolationBudgetTicket", 3 * DAY_MIN, 6 * DAY_MIN),
            Expected("ErrorBudgetTicket", 4 * DAY_MIN, 9 * DAY_MIN),
        ),
        spent=(1.0, 3.5),
        cause=DRIFT,
        way_out="Train anew on recent data, once the drift has lasted; judge it by the gate.",
        runbook="MarginViolationBudgetTicket",
    ),
    Scenario(
        name="noisy-labels",
        title="More false negatives, say the labels",
        story="A second provider of labels was connected in the morning.",
        begins=_TUESDAY,
        build=_noisy,
        expected=(Expected("ErrorBudgetTicket", 400, 2400),),
        spent=(0.3, 1.0),
        cause=NOISE,
        way_out="Compare the two sources on the same rows; leave the new one out until they agree.",
        runbook="ErrorBudgetTicket",
    ),
    Scenario(
        name="short-burst",
        title="A spike of four minutes",
        story="Somebody saw the loss jump on a dashboard. It is back to normal.",
        begins=_TUESDAY,
        build=_burst,
        expected=(),
        spent=(0.2, 0.5),
        cause=BURST,
        way_out="Nothing: a budget is there to be spent, and an alert on this would cry wolf.",
        runbook="MarginViolationBurnFast",
    ),
    Scenario(
        name="quiet-night",
        title="Half of the predictions within the margin, for minutes at a time",
        story="The night's panel of violations jumps between nothing and everything.",
        begins=_TUESDAY,
        build=_night,
        expected=(),
        spent=(0.2, 0.5),
        cause=FEW,
        way_out="Nothing: too few events to say anything; rules have a least number for this.",
        runbook="MarginViolationBurnFast",
    ),
    Scenario(
        name="edge-rounding",
        title="A compressed model on the edge",
        story="The model was quantised to halve its latency. Accuracy is the same.",
        begins=_TUESDAY,
        build=_rounded,
        expected=(),
        spent=(0.4, 0.8),
        cause=ROUNDED,
        way_out="Nothing now: violations rise within the budget. Note that beside the latency.",
        runbook="MarginViolationBudgetTicket",
    ),
)
