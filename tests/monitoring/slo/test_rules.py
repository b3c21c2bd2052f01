"""The rules fire in Prometheus when and only when the same arithmetic fires here."""

import subprocess
from dataclasses import replace

import numpy as np
import pytest
import yaml

from lossedu.monitoring.services.programs import program
from lossedu.monitoring.slo.evaluation import evaluation_times, firings
from lossedu.monitoring.slo.rules import INTERVAL_S, rule_file
from lossedu.monitoring.slo.standard import textbook
from tests import needs
from tests.monitoring.slo.days import counted

DAY_MIN = 1440


def ragged(timeline, *, seed):
    """The same with scrapes missing and a restart."""
    numbers = np.random.default_rng(seed)
    rows = {}
    missing = numbers.random(len(timeline.times)) < 0.05
    restart = int(numbers.integers(len(missing)))
    for series, values in timeline.counters.items():
        since = np.where(np.arange(len(values)) >= restart, values - values[restart], values)
        rows[series] = np.where(missing, np.nan, since)
    return replace(timeline, counters=rows)


def spells(seed):
    """A day whose share of bad events wanders between nothing and everything."""
    numbers = np.random.default_rng(seed)
    shares = np.full(DAY_MIN, 0.002)
    for _ in range(6):
        begin, length = numbers.integers(DAY_MIN), numbers.integers(2, 150)
        shares[begin : begin + length] = numbers.choice([0.02, 0.1, 0.3, 1.0])
    return shares


def both_sides(timeline, slo, name):
    """Times just before and at every change of an alert, and whether it fires then."""
    clock = evaluation_times(timeline) - timeline.times[0]
    fires = np.zeros(len(clock), bool)
    for firing in firings(timeline, slo):
        if firing.alert == name:
            fires |= (clock >= firing.starts_s) & (clock < firing.ends_s)
    changes = np.flatnonzero(np.diff(fires.astype(int)))
    looked = sorted({0, len(clock) - 1, *changes, *(changes + 1)})
    return [(clock[i], fires[i]) for i in looked]


def expected(timeline, slo):
    return [
        {
            "eval_time": f"{int(second)}s",
            "alertname": policy.name,
            "exp_alerts": [
                {"exp_labels": {"severity": policy.severity, "slo": slo.name, "service": "model"}}
            ]
            * int(fires),
        }
        for policy in slo.policies
        for second, fires in both_sides(timeline, slo, policy.name)
    ]


def without_annotations(text):
    """Rules whose alerts say nothing: promtool compares what they say to the letter."""
    rules = yaml.safe_load(text)
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule.pop("annotations", None)
    return yaml.safe_dump(rules)


@pytest.mark.server
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("target", [0.97, 0.999])
def test_prometheus_fires_when_the_arithmetic_here_does(tmp_path, seed, target):
    needs.monitoring()
    slo = textbook(target=target)
    policies = [
        replace(policy, hold_s=hold_s, least=least)
        for policy, hold_s, least in zip(slo.policies, (0, 300, 60), (1, 5000, 1), strict=True)
    ]
    slo = replace(slo, policies=tuple(policies))
    timeline = ragged(counted(spells(seed), seed=seed), seed=seed)
    tests = expected(timeline, slo)
    (tmp_path / "rules.yml").write_text(without_annotations(rule_file([slo])))
    whole = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": f"{int(INTERVAL_S)}s",
        "tests": [
            {
                "interval": f"{int(timeline.step_s)}s",
                "input_series": timeline.input_series(),
                "alert_rule_test": tests,
            }
        ],
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump(whole))

    done = subprocess.run(
        [program("promtool"), "test", "rules", tmp_path / "test.yml"],
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert sum(bool(test["exp_alerts"]) for test in tests) >= 3


def test_rules_are_such_as_prometheus_accepts(tmp_path):
    needs.monitoring()
    slos = [textbook("margin-violations", target=0.97), textbook("high-loss", target=0.995)]
    path = tmp_path / "rules.yml"
    path.write_text(rule_file(slos))

    done = subprocess.run(
        [program("promtool"), "check", "rules", path], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout
