"""From a service whose events turn bad to one notification, and back, on real servers."""

import re
import subprocess
import time
import urllib.error
import urllib.request
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest
from prometheus_client import CollectorRegistry, Counter, start_http_server

from lossedu.monitoring.services.alertmanager import Pace, configuration
from lossedu.monitoring.services.inbox import receiving
from lossedu.monitoring.services.processes import HOST, ServerError
from lossedu.monitoring.services.programs import program
from lossedu.monitoring.services.prometheus import serving
from lossedu.monitoring.services.stack import Plan, Stack, plan, up
from lossedu.monitoring.slo.objective import SLO, Policy
from lossedu.monitoring.timeline import Series
from tests import needs
from tests.waiting import HANG_S

pytestmark = [pytest.mark.server, pytest.mark.slow]

PACE = Pace(first_s=0.5, change_s=1, repeat_s=3600)


@pytest.fixture(autouse=True)
def programs():
    needs.monitoring()


class Service:
    """Counts events and says so on a port, as a model's server does."""

    def __init__(self):
        registry = CollectorRegistry()
        labels = ["sli"]
        self._all = Counter("lossedu_events", "All.", labels, registry=registry)
        self._bad = Counter("lossedu_bad_events", "Bad ones.", labels, registry=registry)
        self._server, self._thread = start_http_server(0, HOST, registry)
        self.target = f"{HOST}:{self._server.server_port}"
        for sli in ("margin", "loss"):
            self.count(sli, 0, 0)

    def count(self, sli, events, bad):
        self._all.labels(sli).inc(events)
        self._bad.labels(sli).inc(bad)

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def service():
    one = Service()
    yield one
    one.close()


def watched(sli):
    """An objective whose windows are seconds, so that a test need not wait for hours."""
    return SLO(
        name=sli,
        title=sli,
        service="model",
        target=0.9,
        window_s=3600,
        bad=Series.of("lossedu_bad_events_total", sli=sli),
        total=Series.of("lossedu_events_total", sli=sli),
        policies=(
            Policy(f"{sli}-page", "page", 5, long_s=6, short_s=3),
            Policy(f"{sli}-ticket", "ticket", 2, long_s=8, short_s=3),
        ),
    )


def quick(folder: Path, service: Service) -> Plan:
    slos = [watched("margin"), watched("loss")]
    return plan(folder, slos, [service.target], scrape_s=0.5, interval_s=0.5, pace=PACE)


def until(service: Service, stack: Stack, bad: int, reached):
    """Serve events until the last page is as it should be; the notifications of pages."""
    limit = time.monotonic() + HANG_S
    while time.monotonic() < limit:
        for sli in ("margin", "loss"):
            service.count(sli, 100, bad)
        pages = [n for n in stack.inbox.notifications() if n.receiver == "page"]
        if pages and reached(pages[-1]):
            return pages
        time.sleep(0.1)
    raise AssertionError(f"not reached: {stack.inbox.notifications()}")


def both_fire(page):
    return firing(page) == {"margin-page", "loss-page"}


def is_over(page):
    return page.status == "resolved"


def firing(page):
    """The alerts that fire yet, by a notification."""
    alerts = page.body["alerts"]
    return {one["labels"]["alertname"] for one in alerts if one["status"] == "firing"}


def test_a_spike_is_one_page_of_both_objectives_and_resolves(tmp_path, service):
    with up(quick(tmp_path, service)) as stack:
        until(service, stack, 90, both_fire)
        so_far = {notification.receiver for notification in stack.inbox.notifications()}
        pages = until(service, stack, 0, is_over)

    changes = [firing(page) for page in pages]
    assert changes[-1] == set()
    assert all(before != after for before, after in pairwise(changes)), changes
    assert so_far == {"page"}  # the tickets of the same objectives are held back meanwhile


def test_trouble_that_outlasts_killed_servers_is_paged_by_the_next_and_ends(tmp_path, service):
    its = quick(tmp_path, service)
    with up(its) as stack:
        before = until(service, stack, 90, both_fire)
        for server in children():
            server.kill()

    with up(its) as stack:
        again = until(service, stack, 90, lambda page: page != before[-1] and both_fire(page))
        after = until(service, stack, 0, is_over)
        _, shares = stack.prometheus.query_range(
            'lossedu_events_total{sli="loss"}', time.time() - 3600, time.time(), 0.5
        )

    assert len(before) < len(again) < len(after)
    samples = [row[~np.isnan(row)] for row in shares.values()]
    assert min(row.min() for row in samples) < max(row.max() for row in samples) / 2


def children():
    """The servers that this process has started."""
    names = {"prometheus", "prometheus-alertmanager", "alertmanager"}
    mine = psutil.Process().children()
    servers = [one for one in mine if Path(one.exe()).name in names]
    assert len(servers) == 2
    return servers


def test_a_configuration_that_is_wrong_is_shown_with_the_servers_words(tmp_path):
    with (
        pytest.raises(ServerError, match="prometheus ended") as refused,
        serving(tmp_path, "scrape_configs: 3"),
    ):
        pass

    assert "cannot unmarshal" in str(refused.value)


def test_a_query_that_is_wrong_is_refused_with_the_servers_words(tmp_path):
    with serving(tmp_path, "global: {}") as server:
        with pytest.raises(ServerError, match=re.escape("unclosed left parenthesis")):
            server.query("sum(up", at=0)
        assert server.query("vector(3)", at=10) == {Series(""): 3.0}


def test_what_is_posted_and_no_notification_is_refused(tmp_path):
    with receiving(tmp_path / "inbox.jsonl") as inbox:
        with pytest.raises(urllib.error.HTTPError, match="must be JSON"):
            urllib.request.urlopen(f"{inbox.address}/page", b"hello")
        assert inbox.notifications() == []


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [("severity=page", "page"), ("severity=ticket", "ticket"), ("severity=other", "ticket")],
)
def test_routes_are_as_amtool_reads_them(tmp_path, labels, receiver):
    file = tmp_path / "alertmanager.yml"
    file.write_text(configuration("http://127.0.0.1:1"))
    command = [program("amtool"), "config", "routes", "test", f"--config.file={file}", labels]

    done = subprocess.run(command, capture_output=True, text=True)

    assert done.stdout.strip() == receiver, done.stderr
