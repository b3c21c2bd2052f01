"""Every panel of every dashboard shows something on a live service, in both programs' files."""

import json
import time
import urllib.request

import numpy as np
import pytest
from prometheus_client import CollectorRegistry, start_http_server

from lossedu.monitoring.dashboards.description import DASHBOARDS, queries
from lossedu.monitoring.dashboards.files import grafana, perses
from lossedu.monitoring.services.alertmanager import Pace
from lossedu.monitoring.services.processes import HOST
from lossedu.monitoring.services.stack import plan, up
from lossedu.monitoring.telemetry.loss_telemetry import LossTelemetry
from tests import needs
from tests.waiting import wait_until


@pytest.fixture
def exported():
    """The host and port of a service that has everything to report."""
    registry = CollectorRegistry()
    telemetry = LossTelemetry(registry, model="m", version="1")
    server, thread = start_http_server(0, HOST, registry)
    yield telemetry, f"{HOST}:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def serve(telemetry, numbers):
    scores, labels = numbers.normal(size=200), numbers.integers(2, size=200)
    telemetry.observe(scores)
    telemetry.observe_labels(scores, labels, lag_s=numbers.exponential(3600, 200))
    telemetry.report(label_coverage_ratio=0.9, calibration_error_ratio=0.03)
    telemetry.report(gradient_norm=2.0, top_eigenvalue=30.0)
    telemetry.report_drift("age", "psi", 0.02)
    telemetry.retrained("accepted")


@pytest.mark.server
@pytest.mark.slow
def test_every_query_returns_data(tmp_path, exported):
    needs.monitoring()
    telemetry, target = exported
    numbers = np.random.default_rng(0)
    its = plan(tmp_path, [], [target], scrape_s=0.5, interval_s=0.5, pace=Pace())

    with up(its) as stack:

        def empty():
            serve(telemetry, numbers)
            now = time.time()
            answers = {query: stack.prometheus.query(query, now) for query in queries()}
            return [
                query
                for query, values in answers.items()
                if not any(np.isfinite(value) for value in values.values())
            ]

        wait_until(lambda: empty() == [])
        with urllib.request.urlopen(f"http://{target}/metrics") as answer:
            assert b"lossedu_predictions_total" in answer.read()


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one.name)
def test_both_files_hold_every_query_and_why_it_is_there(dashboard):
    theirs, other = json.loads(grafana(dashboard)), json.loads(perses(dashboard))

    panels = list(other["spec"]["panels"].values())
    assert [p["title"] for p in theirs["panels"]] == [p.title for p in dashboard.panels]
    assert [p["spec"]["display"]["name"] for p in panels] == [p.title for p in dashboard.panels]
    for panel, one, two in zip(dashboard.panels, theirs["panels"], panels, strict=True):
        wanted = [(line.query, line.legend) for line in panel.lines]
        assert [(t["expr"], t["legendFormat"]) for t in one["targets"]] == wanted
        specs = [q["spec"]["plugin"]["spec"] for q in two["spec"]["queries"]]
        assert [(s["query"], s["seriesNameFormat"]) for s in specs] == wanted
        assert one["description"] == two["spec"]["display"]["description"] == panel.why


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one.name)
def test_panels_do_not_overlap(dashboard):
    for items in (
        [p["gridPos"] for p in json.loads(grafana(dashboard))["panels"]],
        json.loads(perses(dashboard))["spec"]["layouts"][0]["spec"]["items"],
    ):
        places = [(item["x"], item["y"]) for item in items]
        assert len(set(places)) == len(places) == len(dashboard.panels)
        assert max(x for x, _ in places) == 12


def test_names_are_different_and_each_panel_says_why():
    assert len({one.name for one in DASHBOARDS}) == len(DASHBOARDS) == 3
    for one in DASHBOARDS:
        assert len({panel.title for panel in one.panels}) == len(one.panels)
        assert all(panel.why.endswith(".") for panel in one.panels)
