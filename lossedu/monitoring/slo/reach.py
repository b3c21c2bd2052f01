"""What a policy can see and what it costs: minutes to page, budget spent, false pages a year."""

import math
from collections.abc import Sequence

from lossedu.monitoring.slo.burn import spent_when_fired, time_to_fire
from lossedu.monitoring.slo.least_events import false_alarm_rate
from lossedu.monitoring.slo.objective import SLO, Policy
from lossedu.tables import Cell, Table

YEAR_S = 365.25 * 86_400


def reach(slo: SLO, *, bad_shares: Sequence[float] = (0.1, 0.3, 1.0)) -> Table:
    """For each alert, the minutes until it fires when the bad share jumps, and what is spent then.

    Args:
        slo: The objective.
        bad_shares: The shares of bad events to jump to, from none.
    """
    headings = ["alert", "severity", "burn", "bad share above"]
    headings += [f"min to fire at {share:.0%}" for share in bad_shares]
    headings += [f"budget spent at {bad_shares[-1]:.0%}"]
    rows: list[list[Cell]] = [
        [
            policy.name,
            policy.severity,
            policy.burn,
            f"{slo.threshold(policy):.2%}",
            *(_minutes(time_to_fire(slo, policy, share)) for share in bad_shares),
            f"{spent_when_fired(slo, policy, bad_shares[-1]):.1%}",
        ]
        for policy in slo.policies
    ]
    return Table(headings, rows, label=f"What the alerts of {slo.title} can see")


def false_alarms(slo: SLO, *, usual: float, events_an_hour: float) -> Table:
    """For each alert, how often its long window is false by chance, and how often in a year.

    Windows that overlap are false together, so a year is counted as windows side by side: the
    number of separate false alarms is of that size, not exactly it.

    Args:
        slo: The objective.
        usual: The share of bad events while nothing is wrong.
        events_an_hour: How many events are labelled in an hour.
    """
    rows: list[list[Cell]] = []
    for policy in slo.policies:
        events = math.floor(events_an_hour * policy.long_s / 3600)
        rate = false_rate(slo, policy, usual=usual, events=events)
        yearly = rate * YEAR_S / policy.long_s
        rows.append([policy.name, events, policy.least, f"{rate:.2g}", f"{yearly:.2g}"])
    headings = ["alert", "events in its window", "least", "false window", "false a year"]
    return Table(headings, rows, label=f"False alarms of {slo.title}")


def false_rate(slo: SLO, policy: Policy, *, usual: float, events: int) -> float:
    """The probability that a window of so many events fires by chance; 0 below the least number."""
    if events < policy.least:
        return 0.0
    return false_alarm_rate(events, usual, slo.threshold(policy))


def _minutes(wait_s: float) -> str | float:
    return "never" if math.isinf(wait_s) else wait_s / 60
