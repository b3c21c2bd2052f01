r"""How long until an alert fires, and how much of the budget is gone by then.

Let the share of bad events jump from $b$ to $r$ at time 0.  A window of $w$ then holds a share of
$(r t + b (w - t)) / w$ after $t < w$, which passes the threshold $m (1 - o)$ at

$$t = w\,\frac{m (1 - o) - b}{r - b}.$$

All of this supposes a steady stream of events, and takes them to be labelled at once.
"""

import math

from lossedu.monitoring.slo.objective import SLO, Policy

DAY_S = 86_400.0


def burn_rate(bad: float, total: float, target: float) -> float:
    """How many times too fast the budget is spent; NaN without events.

    Example:
        >>> round(burn_rate(bad=30, total=1000, target=0.99), 6)
        3.0
    """
    return bad / total / (1 - target) if total else math.nan


def time_to_fire(slo: SLO, policy: Policy, bad_share: float, before: float = 0.0) -> float:
    """Seconds from a jump of the bad share until an alert fires; infinite if it never does.

    Args:
        slo: The objective.
        policy: One of its alerts.
        bad_share: The share of bad events from time 0 on.
        before: The share until then.

    Example:
        >>> from lossedu.monitoring.slo.standard import textbook
        >>> slo = textbook(target=0.99)
        >>> round(time_to_fire(slo, slo.policies[0], bad_share=1.0) / 60, 1)
        8.6
    """
    threshold = slo.threshold(policy)
    if before > threshold:
        return 0.0
    if bad_share <= threshold:
        return math.inf
    wait = policy.long_s * (threshold - before) / (bad_share - before)
    return wait + policy.hold_s


def spent_when_fired(slo: SLO, policy: Policy, bad_share: float) -> float:
    """The share of the whole budget that is gone when an alert fires; infinite if it never does."""
    wait = time_to_fire(slo, policy, bad_share)
    return wait * bad_share / (slo.budget * slo.window_s)


def time_to_spend(slo: SLO, bad_share: float) -> float:
    """Seconds until the whole budget is gone; infinite if it is not within the window."""
    wait = slo.window_s * slo.budget / bad_share if bad_share else math.inf
    return wait if wait <= slo.window_s else math.inf
