"""Each incident fires what it is to fire, here and in Prometheus, and nothing else."""

import subprocess

import pytest
import yaml

from lossedu.monitoring.scenarios.catalog import other_causes, scenario, scenarios
from lossedu.monitoring.scenarios.scenario import WATCHES, alerts, judged, run, slos
from lossedu.monitoring.scenarios.traffic import STEP_S, healthy, timeline
from lossedu.monitoring.services.programs import program
from lossedu.monitoring.slo.evaluation import evaluation_times
from lossedu.monitoring.slo.rules import rule_file
from lossedu.monitoring.slo.thresholds import watch_group
from tests import needs

NAMES = list(scenarios())


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_an_incident_fires_what_it_should_and_nothing_else(name, seed):
    assert run(scenario(name), seed=seed).faults() == []


@pytest.mark.parametrize("seed", range(3))
def test_a_healthy_service_fires_nothing(seed):
    assert judged(timeline(healthy(4, seed=seed))) == []


def test_an_incident_that_does_not_fire_as_expected_is_told():
    flip, burst = (run(scenario(name)) for name in ("label-flip", "short-burst"))
    swapped = type(flip)(burst.scenario, flip.traffic, flip.timeline, flip.fired, flip.spent)

    faults = swapped.faults()

    assert faults[0].startswith("ErrorBurnFast must stay silent, but fired after 9 minutes")
    assert faults[-1].startswith("the budget must be spent from 0.2 to 0.5, but is 8.")
    missed = type(flip)(flip.scenario, burst.traffic, burst.timeline, (), burst.spent).faults()
    assert missed[0].startswith("ErrorBurnFast must fire 5 to 20 minutes after the fault began")


def test_every_alert_of_the_service_fires_in_some_incident():
    expected = {one.alert for each in scenarios().values() for one in each.expected}

    assert expected == set(alerts())


def test_causes_are_different_and_each_incident_offers_others():
    causes = [one.cause for one in scenarios().values()]

    assert len(set(causes)) == len(causes)
    for one in scenarios().values():
        assert one.cause not in other_causes(one)
        assert len(other_causes(one)) >= 3
        assert one.runbook in alerts()


def test_metrics_add_up():
    traffic = healthy(0.5)
    exported = timeline(traffic)

    predictions = exported.total("lossedu_predictions_total")[-1]
    assert predictions == len(traffic.minute)
    assert exported.total("lossedu_labelled_total")[-1] == pytest.approx(predictions, rel=0.02)
    errors = exported.total("lossedu_bad_events_total", sli="error")[-1]
    right = exported.total("lossedu_right_total")[-1]
    assert errors + right == exported.total("lossedu_labelled_total")[-1]


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.parametrize("name", ["label-flip", "labels-stop", "telemetry-silent"])
def test_prometheus_fires_at_the_same_times(name, tmp_path):
    needs.monitoring()
    done = run(scenario(name))
    rules = yaml.safe_load(rule_file(slos(), interval_s=STEP_S))
    rules["groups"].append(watch_group("service", WATCHES))
    severity = {}
    for group in rules["groups"]:
        group["interval"] = f"{STEP_S:.0f}s"
        for rule in group["rules"]:
            rule.pop("annotations", None)
            severity[rule.get("alert")] = rule["labels"]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rules))
    whole = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": f"{STEP_S:.0f}s",
        "tests": [
            {
                "interval": f"{STEP_S:.0f}s",
                "input_series": done.timeline.input_series(),
                "alert_rule_test": list(both_sides(done, severity)),
            }
        ],
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump(whole))

    judged_there = subprocess.run(
        [program("promtool"), "test", "rules", tmp_path / "test.yml"],
        capture_output=True,
        text=True,
    )

    assert judged_there.returncode == 0, judged_there.stdout + judged_there.stderr


def both_sides(done, severity):
    """Whether each alert fires, just before and at each of its changes, and at the end."""
    last = evaluation_times(done.timeline, STEP_S)[-1] - done.timeline.times[0]
    for name in alerts():
        mine = [one for one in done.fired if one.alert == name]
        changes = [t for one in mine for t in (one.starts_s, one.ends_s) if t <= last]
        looked = {last, *changes, *(t - STEP_S for t in changes if t >= STEP_S)}
        for second in sorted(looked):
            fires = any(one.starts_s <= second < one.ends_s for one in mine)
            alert = {"exp_labels": severity[name]}
            yield {
                "eval_time": f"{second:.0f}s",
                "alertname": name,
                "exp_alerts": [alert] * fires,
            }
