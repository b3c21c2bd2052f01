"""Recording and alerting rules of Prometheus for an objective.

Each window of a policy gets one rule for the share of bad events and one for their number, and the
alert compares these: a dashboard then shows exactly what the alert saw.
"""

from collections.abc import Iterable
from typing import Any

from lossedu.monitoring.slo import durations
from lossedu.monitoring.slo.objective import SLO, Policy

INTERVAL_S = 30.0


def rule_file(slos: Iterable[SLO], *, interval_s: float = INTERVAL_S) -> str:
    """The text of a file of rules, a group an objective.

    Args:
        slos: The objectives.
        interval_s: Seconds from one evaluation to the next.
    """
    import yaml

    groups = [group(slo, interval_s=interval_s) for slo in slos]
    return str(yaml.safe_dump({"groups": groups}, sort_keys=False, width=100))


def group(slo: SLO, *, interval_s: float = INTERVAL_S) -> dict[str, Any]:
    """The rules of an objective, in the order in which Prometheus evaluates them."""
    windows = sorted({w for policy in slo.policies for w in (policy.long_s, policy.short_s)})
    recorded = [rule for window_s in windows for rule in _recorded(slo, window_s)]
    return {
        "name": slo.name,
        "interval": durations.text(interval_s),
        "rules": [*recorded, *(alert(slo, policy) for policy in slo.policies)],
    }


def share(slo: SLO, window_s: float) -> str:
    """The name and label of the recorded share of bad events."""
    return f'slo:bad_share:ratio_rate{durations.text(window_s)}{{slo="{slo.name}"}}'


def count(slo: SLO, window_s: float) -> str:
    """The name and label of the recorded number of events."""
    return f'slo:events:increase{durations.text(window_s)}{{slo="{slo.name}"}}'


def alert(slo: SLO, policy: Policy) -> dict[str, Any]:
    """The alerting rule of a policy."""
    limit = f"{slo.threshold(policy):.12g}"
    rule: dict[str, Any] = {
        "alert": policy.name,
        "expr": (
            f"{share(slo, policy.long_s)} > {limit} and {share(slo, policy.short_s)} > {limit} "
            f"and {count(slo, policy.long_s)} >= {policy.least}"
        ),
        "labels": {"severity": policy.severity, "slo": slo.name, "service": slo.service},
        "annotations": {
            "summary": f"{slo.title}: the error budget burns {policy.burn:g} times too fast",
            "description": (
                "{{ $value | humanizePercentage }} of the events of the last "
                f"{durations.text(policy.long_s)} are bad; {slo.budget:.3g} of all may be."
            ),
            "runbook": policy.name,
        },
    }
    if policy.hold_s:
        rule["for"] = durations.text(policy.hold_s)
    return rule


def _recorded(slo: SLO, window_s: float) -> Iterable[dict[str, Any]]:
    window = durations.text(window_s)
    bad, total = f"{slo.bad}[{window}]", f"{slo.total}[{window}]"
    labels = {"slo": slo.name}
    yield {
        "record": share(slo, window_s).partition("{")[0],
        "expr": f"sum(rate({bad})) / sum(rate({total}))",
        "labels": labels,
    }
    yield {
        "record": count(slo, window_s).partition("{")[0],
        "expr": f"sum(increase({total}))",
        "labels": labels,
    }
