r"""How many events a window must have before its share of bad ones means something.

While nothing is wrong, the number of bad events among $n$ is binomial with the usual share $b$.
An alert above the threshold $q$ is false with probability $P(X > q n)$, exactly; few events make
that large: with $b = 0.015$ and $q = 0.06$, one bad event among ten is enough.
"""

import math

from lossedu.monitoring.slo.objective import SLO, Policy

_MOST = 1_000_000


def false_alarm_rate(events: int, usual: float, threshold: float) -> float:
    """The probability that a window of so many events passes the threshold by chance.

    Args:
        events: How many are in the window, at least 0.
        usual: The share of bad ones while nothing is wrong.
        threshold: The share that must be passed.

    Example:
        >>> [round(false_alarm_rate(n, 0.015, 0.06), 4) for n in (10, 50, 100)]
        [0.1403, 0.0067, 0.0008]
    """
    from scipy.stats import binom

    return float(binom.sf(_passed_by(events, threshold), events, usual))


def least_events(usual: float, threshold: float, wanted: float) -> int:
    """The number of events from which on a window is false no more often than wanted.

    More events can make it worse for a moment, since shares come in steps: from this number on none
    does.

    Args:
        usual: The share of bad events while nothing is wrong, below the threshold.
        threshold: The share that must be passed.
        wanted: The largest acceptable probability of a false alarm a window, above 0.

    Raises:
        ValueError: If the usual share is not below the threshold, or so near to it that a million
            events are too few.

    Example:
        >>> least_events(usual=0.015, threshold=0.06, wanted=0.001)
        117
    """
    if not 0 <= usual < threshold:
        raise ValueError(
            f"usual must be at least 0 and below the threshold of {threshold:g}, but is {usual:g}. "
            "Hint: an alert on what is usual is never false."
        )
    if not 0 < wanted < 1:
        raise ValueError(f"wanted must be above 0 and below 1, but is {wanted}.")
    most = _surely_enough(usual, threshold, wanted)
    import numpy as np
    from scipy.stats import binom

    numbers = np.arange(most + 1)
    rates = binom.sf(np.floor(threshold * numbers + 1e-9), numbers, usual)
    bad = np.flatnonzero(rates > wanted)
    return int(bad[-1]) + 1 if len(bad) else 1


def for_policy(slo: SLO, policy: Policy, *, usual: float, wanted: float) -> int:
    """The least number of events for an alert of an objective."""
    return least_events(usual, slo.threshold(policy), wanted)


def _passed_by(events: int, threshold: float) -> int:
    """The largest number of bad events that does not pass a threshold; 0.06 * 50 is 3, not 2."""
    return math.floor(threshold * events + 1e-9)


def _surely_enough(usual: float, threshold: float, wanted: float) -> int:
    """A number from which on Chernoff's bound alone is below what is wanted."""
    divergence = threshold * math.log(threshold / usual) if usual else math.inf
    if usual and threshold < 1:
        divergence += (1 - threshold) * math.log((1 - threshold) / (1 - usual))
    # Of shares that are nearly equal, rounding leaves nothing, or less: as near as too near.
    if divergence * _MOST < -math.log(wanted):
        raise ValueError(
            f"threshold must be further from the usual share: {threshold:g} and {usual:g} need "
            f"more than {_MOST} events in a window."
        )
    return math.ceil(-math.log(wanted) / divergence) if divergence < math.inf else 1
