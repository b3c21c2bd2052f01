"""What of an error budget is spent, and what the alerts of an objective can see."""

import re
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from lossedu.monitoring.slo.budget import budget, spent_by_day
from lossedu.monitoring.slo.least_events import false_alarm_rate
from lossedu.monitoring.slo.reach import false_alarms, false_rate, reach
from lossedu.monitoring.slo.standard import DAY_S, textbook
from lossedu.tables import Table
from tests.monitoring.slo.days import START, counted

DAY_MIN = 1440
SLO = textbook(target=0.99)


def days(*shares, events=10):
    """As many days, each with its share of bad events."""
    return counted(np.repeat(shares, DAY_MIN), events=events)


def test_a_budget_is_what_its_window_allows_for_its_events():
    now = budget(days(*[0.004] * 30), SLO)

    assert now.at == START + timedelta(days=30, minutes=-1)
    assert now.allowed == pytest.approx(0.01 * now.total)
    assert now.spent == pytest.approx(0.4)
    assert now.burn == pytest.approx(0.4)


def test_what_lies_before_the_window_does_not_count():
    slo = replace(SLO, window_s=3 * DAY_S, policies=())

    assert budget(days(0.5, 0.5, 0.01, 0.01, 0.01, 0.01), slo).spent == pytest.approx(1)


def test_a_budget_is_gone_when_the_last_days_rate_says():
    now = budget(days(*[0.0] * 27, 0.05, 0.05, 0.05), SLO)

    assert now.spent == pytest.approx(0.5, rel=1e-3)
    assert now.burn == pytest.approx(5)
    assert now.gone_at - now.at == pytest.approx(timedelta(days=3), abs=timedelta(minutes=10))


@pytest.mark.parametrize("shares", [[0.0] * 3, [0.0, 0.0, 0.0001]])
def test_a_budget_that_lasts_has_no_end(shares):
    assert budget(days(*shares), SLO).gone_at is None


def test_a_budget_that_is_gone_is_gone_now():
    now = budget(days(*[0.02] * 30), SLO)

    assert now.spent == pytest.approx(2)
    assert now.gone_at == now.at


def test_without_events_nothing_is_known():
    now = budget(days(0.5, 0.5, events=0), SLO)

    assert np.isnan(now.spent)
    assert now.gone_at is None
    assert now.table().text()[-1] == ("gone at", "not within the window")


def test_counters_that_are_not_there_are_named():
    with pytest.raises(KeyError, match=re.escape('lossedu_events_total{sli="other"}')):
        budget(days(0.1), textbook("other", target=0.99))


def test_the_days_of_a_window_sum_to_what_is_spent():
    timeline = days(*np.linspace(0, 0.03, 30), 0.0)

    spent = spent_by_day(timeline, SLO)

    assert [end for end, _ in spent] == [START + timedelta(days=day + 1) for day in range(30)]
    assert sum(share for _, share in spent) == pytest.approx(budget(timeline, SLO).spent, rel=2e-3)


def cells(table: Table, heading):
    head, *rows = table.text()
    return [row[head.index(heading)] for row in rows]


def test_the_table_of_what_alerts_see_has_the_minutes():
    table = reach(SLO, bad_shares=(0.1, 0.5, 1.0))

    assert cells(table, "min to fire at 100%") == ["8.64", "21.6", "43.2"]
    assert cells(table, "min to fire at 10%")[0] == "never"
    assert cells(table, "budget spent at 100%") == ["2.0%", "5.0%", "10.0%"]


def test_the_table_of_false_alarms_counts_windows_of_few_events_out():
    fast, slow, _ = SLO.policies
    slo = replace(SLO, policies=(replace(fast, least=50), slow))

    table = false_alarms(slo, usual=0.005, events_an_hour=30)

    assert cells(table, "events in its window") == ["30", "180"]
    rate = false_alarm_rate(180, 0.005, 0.06)
    assert cells(table, "false window") == ["0", f"{rate:.2g}"]
    assert false_rate(slo, slow, usual=0.005, events=180) == rate
