"""Alerts by what they are for: how soon they must see a total failure, and how rarely cry wolf."""

from collections.abc import Iterator

from lossedu.monitoring.slo.objective import SHORT_SHARE, SLO, Policy, Severity
from lossedu.monitoring.timeline import Series

HOUR_S, DAY_S = 3600.0, 86_400.0

# Of the Site Reliability Workbook (Beyer et al., 2018), chapter 5, for a window of 30 days: the
# share of the budget that is gone when the alert fires, and the windows.
TEXTBOOK: tuple[tuple[str, Severity, float, float], ...] = (
    ("BurnFast", "page", 0.02, 1 * HOUR_S),
    ("BurnSlow", "page", 0.05, 6 * HOUR_S),
    ("BudgetTicket", "ticket", 0.10, 3 * DAY_S),
)


def textbook(
    name: str = "margin-violations", *, target: float, window_s: float = 30 * DAY_S
) -> SLO:
    """An objective for a counter of the same name, with those alerts that can fire.

    Args:
        name: The objective's; its counter's ``sli`` has underscores for hyphens.
        target: The share of good events.
        window_s: The objective's rolling window in seconds.
    """
    sli = name.replace("-", "_")
    return SLO(
        name=name,
        title=name.replace("-", " ").capitalize(),
        service="model",
        target=target,
        window_s=window_s,
        bad=Series.of("lossedu_bad_events_total", sli=sli),
        total=Series.of("lossedu_events_total", sli=sli),
        policies=tuple(_reachable(name, target, window_s)),
    )


def alert_name(slo: str, ending: str) -> str:
    """The name of an alert of an objective.

    Example:
        >>> alert_name("margin-violations", "BurnFast")
        'MarginViolationsBurnFast'
    """
    return "".join(word.capitalize() for word in slo.split("-")) + ending


def _reachable(name: str, target: float, window_s: float) -> Iterator[Policy]:
    for ending, severity, spent, long_s in TEXTBOOK:
        burn = spent * window_s / long_s
        if burn * (1 - target) < 1:
            short_s = long_s / SHORT_SHARE
            yield Policy(alert_name(name, ending), severity, burn, long_s, short_s)
