"""Training anew needs trouble that lasts, and stops where it does not help."""

import math
import re

import pytest

from lossedu.monitoring.retraining import RetrainPolicy, calls

POLICY = RetrainPolicy(above=0.2, sustained=3, cooldown=5, most=2, period=20)
BAD, GOOD = 0.3, 0.1


def triggers(values, policy=POLICY):
    return [call.window for call in calls(policy, values) if call.outcome == "trigger"]


def test_a_spike_trains_nothing_and_trouble_that_lasts_does():
    assert triggers([GOOD, BAD, GOOD, BAD, BAD, GOOD]) == []
    assert triggers([GOOD, BAD, BAD, BAD, GOOD]) == [3]


def test_the_next_retraining_waits_for_the_last_to_be_judged():
    assert triggers([BAD] * 12) == [2, 8]


def test_a_budget_ends_what_does_not_help_and_is_there_again_later():
    outcomes = [call.outcome for call in calls(POLICY, [BAD] * 30)]

    assert triggers([BAD] * 30) == [2, 8, 22, 28]
    assert outcomes[12:20] == ["budget"] * 8


def test_an_unknown_window_neither_counts_nor_ends_a_row():
    assert triggers([BAD, BAD, math.nan, BAD]) == [3]
    assert triggers([BAD, BAD, math.nan, math.nan]) == []


def test_exactly_the_limit_is_not_above_it():
    assert triggers([0.2] * 10) == []


@pytest.mark.parametrize("name", ["sustained", "cooldown", "most", "period"])
def test_a_number_of_windows_is_at_least_one(name):
    with pytest.raises(ValueError, match=f"{name} must be at least 1, but is 0"):
        RetrainPolicy(above=0.2, **{name: 0})


def test_a_limit_is_a_number():
    with pytest.raises(ValueError, match=re.escape("above must be a number, but is nan")):
        RetrainPolicy(above=math.nan)
