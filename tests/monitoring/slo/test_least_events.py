"""How many events a window needs before its share of bad ones means something."""

import math
import re

import pytest

from lossedu.monitoring.slo.least_events import false_alarm_rate, for_policy, least_events
from lossedu.monitoring.slo.standard import textbook


def by_sum(events, usual, threshold):
    """The same by adding up the probabilities, in whole numbers of bad events."""
    return sum(
        math.comb(events, bad) * usual**bad * (1 - usual) ** (events - bad)
        for bad in range(events + 1)
        if bad * 1000 > round(threshold * 1000) * events
    )


@pytest.mark.parametrize("events", [0, 1, 10, 50, 100, 333])
@pytest.mark.parametrize("threshold", [0.02, 0.06, 0.144])
def test_the_rate_is_the_binomials_tail(events, threshold):
    rate = false_alarm_rate(events, 0.015, threshold)

    assert rate == pytest.approx(by_sum(events, 0.015, threshold), abs=1e-12)


@pytest.mark.parametrize("wanted", [0.05, 0.001, 1e-6])
@pytest.mark.parametrize(("usual", "threshold"), [(0.015, 0.06), (0.001, 0.0144), (0.4, 0.5)])
def test_from_the_least_number_on_no_window_is_false_more_often(usual, threshold, wanted):
    least = least_events(usual, threshold, wanted)

    assert false_alarm_rate(least - 1, usual, threshold) > wanted
    following = [false_alarm_rate(least + more, usual, threshold) for more in range(500)]
    assert max(following) <= wanted


def test_an_alert_above_certainty_of_none_needs_one_event():
    assert least_events(0.0, 0.5, 0.01) == 1


def test_an_alert_of_an_objective_uses_its_own_threshold():
    slo = textbook(target=0.97)

    numbers = [for_policy(slo, policy, usual=0.015, wanted=0.001) for policy in slo.policies]

    assert numbers == sorted(numbers)
    assert numbers[-1] == least_events(0.015, 0.03, 0.001)


@pytest.mark.parametrize(
    ("usual", "wanted", "complaint"),
    [
        (0.06, 0.01, "usual must be at least 0 and below the threshold of 0.06, but is 0.06"),
        (-0.1, 0.01, "usual must be at least 0"),
        (math.nan, 0.01, "usual must be at least 0"),
        (0.01, 0.0, "wanted must be above 0 and below 1, but is 0"),
        (0.0599999, 0.01, "threshold must be further from the usual share"),
    ],
)
def test_what_no_number_can_meet_is_refused(usual, wanted, complaint):
    with pytest.raises(ValueError, match=re.escape(complaint)):
        least_events(usual, 0.06, wanted)


@pytest.mark.parametrize("gap", [1e-9, 1e-12, 1e-15, 1e-17])
def test_a_usual_share_that_rounding_cannot_tell_from_the_threshold_is_refused(gap):
    with pytest.raises(ValueError, match=r"usual|threshold must be further"):
        least_events(0.05 - gap, 0.05, 1e-3)
