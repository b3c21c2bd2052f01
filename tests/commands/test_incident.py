"""``lossedu incident`` and ``lossedu monitor``: run an incident, find its cause, write rules."""

import json
import re

import pytest
import yaml
from typer.testing import CliRunner

from lossedu.commands.app import app
from lossedu.monitoring.scenarios.catalog import scenario, scenarios
from tests import needs
from tests.monitoring.slo.test_document import TEXT


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "slo.yaml").write_text(TEXT)
    return lambda *arguments, **more: CliRunner().invoke(app, list(arguments), **more)


def test_the_list_has_every_incident(run):
    said = run("incident", "list").stdout

    assert [name for name in scenarios() if name not in said] == []


def test_a_run_says_what_fired_what_stayed_silent_and_why(run):
    done = run("incident", "run", "label-flip")

    assert done.exit_code == 0
    words = " ".join(done.stdout.split())
    assert "ErrorBurnFast page 9" in words
    assert "silent: LabelsLate, CalibrationOff, GradientSpike, TelemetrySilent" in words
    assert f"Cause: {scenario('label-flip').cause}." in words


def test_a_runbook_is_printed_with_its_queries(run):
    said = run("incident", "runbook", "LabelsLate").stdout

    assert said.startswith("# LabelsLate\n")
    assert "       lossedu_label_coverage_ratio\n" in said
    assert run("incident", "runbook", "LabelLate").exit_code == 2


def test_an_incident_without_alerts_says_so(run):
    assert "No alert fired." in run("incident", "run", "short-burst").stdout


def choices(text):
    return re.findall(r"^  \d\. (.*)$", text, re.MULTILINE)


def test_a_learner_is_asked_for_the_cause_and_told_whether_it_is(run):
    cause = scenario("labels-stop").cause
    shown = run("incident", "run", "labels-stop", "--learn", input="1\n")
    right = choices(shown.stdout).index(cause) + 1
    wrong = right % 5 + 1

    solved = run("incident", "run", "labels-stop", "--learn", input=f"{right}\n")
    missed = run("incident", "run", "labels-stop", "--learn", input=f"{wrong}\n")

    assert (solved.exit_code, missed.exit_code) == (0, 1)
    assert "Right." in solved.stdout
    assert f"No: {cause}." in missed.stdout
    before, _, _ = shown.stdout.partition("What is the cause?")
    assert cause not in before


def test_json_hides_the_cause_from_a_learner(run):
    whole = json.loads(run("incident", "run", "labels-stop", "--json").stdout)
    hidden = json.loads(run("incident", "run", "labels-stop", "--json", "--learn").stdout)

    assert whole["cause"] == scenario("labels-stop").cause
    assert set(whole) - set(hidden) == {"cause", "way_out"}
    assert list(whole["fired"]) == ["LabelsLate"]


def test_a_wrong_name_is_one_line_with_the_nearest(run):
    done = run("incident", "run", "label-flop")

    assert done.exit_code == 2
    assert "Hint: did you mean 'label-flip'?" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_rules_are_printed_or_written(run, tmp_path):
    printed = run("monitor", "rules", "slo.yaml").stdout

    assert run("monitor", "rules", "slo.yaml", "--out", "rules.yml").exit_code == 0
    assert (tmp_path / "rules.yml").read_text() == printed
    (group,) = yaml.safe_load(printed)["groups"]
    assert [r["alert"] for r in group["rules"] if "alert" in r] == [
        "MarginBurnFast",
        "MarginTicket",
    ]


def test_a_check_says_what_alerts_see_and_how_often_they_are_false(run):
    done = run("monitor", "check", "slo.yaml", "--usual", "0.01", "--events-an-hour", "50")

    words = " ".join(done.stdout.split())
    assert "MarginBurnFast page 6 18.00%" in words
    assert "False alarms of Margin violations of the spam filter" in words


def test_dashboards_are_written_for_both_programs(run, tmp_path):
    done = run("monitor", "dashboards", "--out", "made")

    assert done.exit_code == 0
    names = {path.name for path in (tmp_path / "made").iterdir()}
    assert names == {
        f"{name}.{kind}.json"
        for name in ("executive", "on-call", "debug")
        for kind in ("grafana", "perses")
    }


def test_an_objective_whose_alert_cannot_fire_is_refused(run, tmp_path):
    (tmp_path / "slo.yaml").write_text(TEXT.replace("threshold: 6", "threshold: 60"))

    done = run("monitor", "rules", "slo.yaml")

    assert done.exit_code == 2
    assert "MarginBurnFast of margin-violations can never fire" in done.stderr


@pytest.mark.server
@pytest.mark.slow
def test_servers_are_up_in_one_command_and_say_when_the_service_goes_wrong(run):
    needs.monitoring()

    options = ["--speed", "600", "--trouble-after", "5", "--lasts", "600", "--notifications", "1"]
    done = run("monitor", "up", *options)

    assert done.exit_code == 0, done.output
    assert "/metrics" in done.stdout
    assert re.search(r"page: firing: .*ErrorBurnFast", done.stdout), done.stdout


def test_servers_that_are_not_installed_are_named(run, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")

    done = run("monitor", "up")

    assert done.exit_code == 2
    assert "is not installed. Hint: sudo apt-get install prometheus" in done.stderr
