"""What an incident is: a story, a fault, what should be seen of it, and the way out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from lossedu.monitoring.scenarios.traffic import STEP_S, Traffic, timeline
from lossedu.monitoring.slo.budget import budget
from lossedu.monitoring.slo.evaluation import Firing, firings
from lossedu.monitoring.slo.least_events import for_policy
from lossedu.monitoring.slo.objective import SLO
from lossedu.monitoring.slo.standard import textbook
from lossedu.monitoring.slo.thresholds import Silence, Threshold, Watch
from lossedu.monitoring.timeline import Series, Timeline

_TARGETS = {"margin-violation": (0.95, 0.014), "error": (0.99, 0.001)}
_FALSE_ALARMS = 1e-6  # a window; rules are evaluated every half minute


@cache
def slos() -> tuple[SLO, ...]:
    """The objectives of the service that every scenario watches.

    Each alert asks for as many events as keep false alarms rare at the usual share of bad ones:
    otherwise the first bad event after a start would page.
    """
    made = []
    for name, (target, usual) in _TARGETS.items():
        slo = textbook(name, target=target)
        guarded = [
            replace(policy, least=for_policy(slo, policy, usual=usual, wanted=_FALSE_ALARMS))
            for policy in slo.policies
        ]
        made.append(replace(slo, policies=tuple(guarded)))
    return tuple(made)


WATCHES: tuple[Watch, ...] = (
    Threshold("LabelsLate", "ticket", Series("lossedu_label_coverage_ratio"), "below", 0.6, 1800),
    Threshold(
        "CalibrationOff", "ticket", Series("lossedu_calibration_error_ratio"), "above", 0.1, 1800
    ),
    Threshold("GradientSpike", "page", Series("lossedu_gradient_norm"), "above", 100.0),
    Silence("TelemetrySilent", "page", Series("lossedu_predictions_total")),
)
"""Its alerts on what spends no error budget."""


def alerts() -> tuple[str, ...]:
    """The names of all alerts of the service."""
    burns = [policy.name for slo in slos() for policy in slo.policies]
    return (*burns, *(watch.name for watch in WATCHES))


@dataclass(frozen=True)
class Expected:
    """An alert that must fire.

    Attributes:
        alert: Its name.
        after: Not earlier than this many minutes after the fault began.
        before: But before this many.
    """

    alert: str
    after: float
    before: float


@dataclass(frozen=True)
class Scenario:
    """An incident that can be run.

    Attributes:
        name: Words joined by hyphens.
        title: The same for people.
        story: What whoever is on call knows beforehand.
        begins: The minute in which the fault begins.
        build: The traffic with the fault, from a seed.
        expected: The alerts that must fire; all others must stay silent.
        spent: Between which shares the budget of margin violations is spent in the end.
        cause: What is wrong, in a sentence.
        way_out: What to do.
        runbook: The alert whose runbook leads there.
    """

    name: str
    title: str
    story: str
    begins: float
    build: Callable[[int], Traffic]
    expected: tuple[Expected, ...]
    spent: tuple[float, float]
    cause: str
    way_out: str
    runbook: str


@dataclass(frozen=True, eq=False)
class Run:
    """A scenario that was run.

    Attributes:
        scenario: Which.
        traffic: What was served.
        timeline: What was exported.
        fired: The alerts, by time.
        spent: The share of the budget of margin violations that is gone in the end.
    """

    scenario: Scenario
    traffic: Traffic
    timeline: Timeline
    fired: tuple[Firing, ...]
    spent: float

    def first(self, alert: str) -> float:
        """Minutes from the begin of the fault until an alert first fired; NaN if it did not."""
        times = [one.starts_s for one in self.fired if one.alert == alert]
        return times[0] / 60 - self.scenario.begins if times else float("nan")

    @property
    def silent(self) -> tuple[str, ...]:
        """The alerts that did not fire."""
        seen = {one.alert for one in self.fired}
        return tuple(name for name in alerts() if name not in seen)

    def faults(self) -> list[str]:
        """What was not as expected, a sentence each."""
        wrong = []
        wanted = {one.alert: one for one in self.scenario.expected}
        for name, window in wanted.items():
            minutes = self.first(name)
            if not window.after <= minutes < window.before:
                wrong.append(
                    f"{name} must fire {window.after:g} to {window.before:g} minutes after the "
                    f"fault began, but did so after {minutes:g}."
                )
        others = dict.fromkeys(one.alert for one in self.fired if one.alert not in wanted)
        wrong += [
            f"{name} must stay silent, but fired after {self.first(name):g} minutes."
            for name in others
        ]
        low, high = self.scenario.spent
        if not low <= self.spent <= high:
            wrong.append(f"the budget must be spent from {low} to {high}, but is {self.spent:.3f}.")
        return wrong


def run(scenario: Scenario, *, seed: int = 0) -> Run:
    """Run a scenario: serve its traffic, and judge what was exported."""
    traffic = scenario.build(seed)
    exported = timeline(traffic)
    fired = judged(exported)
    return Run(scenario, traffic, exported, tuple(fired), budget(exported, slos()[0]).spent)


def judged(exported: Timeline) -> list[Firing]:
    """All alerts of the service on a timeline, by time."""
    fired = [one for slo in slos() for one in firings(exported, slo, interval_s=STEP_S)]
    fired += [one for watch in WATCHES for one in watch.firings(exported, interval_s=STEP_S)]
    return sorted(fired, key=lambda one: (one.starts_s, one.alert))
