"""Burn rates, minutes to page, and alerts that could never fire."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from lossedu.monitoring.slo.burn import burn_rate, spent_when_fired, time_to_fire, time_to_spend
from lossedu.monitoring.slo.evaluation import firings
from lossedu.monitoring.slo.objective import Policy, SLOError
from lossedu.monitoring.slo.standard import DAY_S, HOUR_S, textbook
from tests.monitoring.slo.days import counted, jump


@pytest.mark.parametrize(
    ("target", "minutes"), [(0.95, 43.2), (0.97, 25.92), (0.99, 8.64), (0.999, 0.864)]
)
def test_minutes_until_the_fastest_page_when_all_is_bad(target, minutes):
    slo = textbook(target=target)

    assert time_to_fire(slo, slo.policies[0], 1.0) / 60 == pytest.approx(minutes)


def test_the_textbooks_fastest_page_cannot_fire_for_nine_in_ten():
    slo = textbook(target=0.9)
    impossible = Policy("Fast", "page", 14.4, HOUR_S, HOUR_S / 12)

    assert [policy.burn for policy in slo.policies] == pytest.approx([6, 1])
    complaint = "can never fire: a burn rate above 14.4 asks for more than 144% bad events"
    with pytest.raises(SLOError, match=re.escape(complaint)):
        replace(slo, policies=(impossible,))


def test_neither_textbook_page_can_fire_for_eight_in_ten():
    assert [policy.severity for policy in textbook(target=0.8).policies] == ["ticket"]


@pytest.mark.parametrize("target", [0.97, 0.99])
@pytest.mark.parametrize(("before", "after"), [(0.0, 1.0), (0.005, 0.8), (0.01, 0.5)])
def test_an_alert_fires_when_the_formula_says(target, before, after):
    slo = textbook(target=target)
    slo = replace(slo, policies=slo.policies[:2])
    start_min = 7 * 60
    timeline = counted(jump(before, after, at_min=start_min, length_min=14 * 60))

    first = {f.alert: f.starts_s for f in reversed(firings(timeline, slo))}

    for policy in slo.policies:
        wait = time_to_fire(slo, policy, after, before)
        # A sample tells of the minute before it, and a window's ends are extrapolated.
        seen = first.get(policy.name, math.inf) - (start_min - 1) * 60
        assert abs(seen - wait) <= 60 if math.isfinite(wait) else seen == math.inf


def test_a_short_window_ends_an_alert_soon_after_the_trouble():
    slo = textbook(target=0.99)
    shares = np.concatenate([np.full(120, 0.0), np.full(30, 1.0), np.full(120, 0.0)])

    page = next(f for f in firings(counted(shares), slo) if f.alert.endswith("BurnFast"))

    assert 150 * 60 < page.ends_s < 150 * 60 + slo.policies[0].short_s + 60


@pytest.mark.parametrize("share", [0.02, 0.2, 1.0])
def test_the_textbooks_budget_spent_is_the_alerts_own_share(share):
    slo = textbook(target=0.999)

    for policy, spent in zip(slo.policies, (0.02, 0.05, 0.10), strict=True):
        assert spent_when_fired(slo, policy, share) == pytest.approx(spent)


def test_a_share_within_the_budget_never_fires_and_never_spends_it():
    slo = textbook(target=0.99)

    assert time_to_fire(slo, slo.policies[0], 0.009) == math.inf
    assert time_to_spend(slo, 0.009) == math.inf
    assert time_to_spend(slo, 0.02) == pytest.approx(15 * DAY_S)
    assert time_to_spend(slo, 0.0) == math.inf


def test_what_is_too_much_already_fires_at_once():
    slo = textbook(target=0.99)

    assert time_to_fire(slo, slo.policies[0], 1.0, before=0.2) == 0


def test_no_events_have_no_burn_rate():
    assert math.isnan(burn_rate(0, 0, 0.99))
    assert burn_rate(1, 100, 0.99) == pytest.approx(1)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"target": 1.0}, "target of margin-violations must be above 0 and below 1, but is 1.0"),
        ({"target": math.nan}, "target of margin-violations must be above 0 and below 1"),
        ({"window_s": 0.0}, "window_s of margin-violations must be above 0, but is 0"),
        ({"window_s": HOUR_S}, "must be at most the window of margin-violations"),
    ],
)
def test_an_objective_that_cannot_be_is_refused(change, complaint):
    with pytest.raises(SLOError, match=re.escape(complaint)):
        replace(textbook(target=0.99), **change)


def test_alerts_of_one_name_are_refused():
    slo = textbook(target=0.99)

    with pytest.raises(SLOError, match="must have names of their own"):
        replace(slo, policies=slo.policies[:1] * 2)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"burn": 0.0}, "burn of Fast must be above 0, but is 0"),
        ({"burn": math.nan}, "burn of Fast must be above 0, but is nan"),
        ({"long_s": math.inf}, "long_s of Fast must be above 0, but is inf"),
        ({"short_s": HOUR_S}, "short_s of Fast must be less than long_s"),
        ({"hold_s": -1.0}, "hold_s of Fast must be at least 0"),
        ({"least": 0}, "least at least 1, but are 0 and 0"),
        ({"severity": "loud"}, 'severity of Fast must be "page" or "ticket", but is \'loud\''),
    ],
)
def test_a_policy_that_cannot_be_is_refused(change, complaint):
    with pytest.raises(SLOError, match=re.escape(complaint)):
        replace(Policy("Fast", "page", 14.4, HOUR_S, 300.0), **change)
