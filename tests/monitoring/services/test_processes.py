"""Servers are asked directly, their end is noticed, and what they print is shown."""

import contextlib
import http.server
import json
import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest

from lossedu.monitoring.services.inbox import receiving
from lossedu.monitoring.services.processes import (
    HOST,
    ServerError,
    answers,
    ended_by_sigterm,
    free_port,
    running,
)
from lossedu.monitoring.services.prometheus import Prometheus
from lossedu.monitoring.services.stack import Stack


@pytest.fixture
def address():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer((HOST, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://{HOST}:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_proxy_of_the_environment_is_not_asked_for_loopback(address, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://{HOST}:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    with pytest.raises(urllib.error.URLError):
        urllib.request.build_opener().open(address)
    assert answers(address)


def test_a_server_that_ends_at_once_is_an_error_of_use(tmp_path):
    command = [sys.executable, "-c", "import sys; sys.exit('the port is taken')"]

    with (
        pytest.raises(OSError, match="the port is taken"),
        running(command, tmp_path / "log", f"http://{HOST}:{free_port()}"),
    ):
        pass


def test_servers_that_have_ended_are_named(address, tmp_path):
    gone = f"{HOST}:{free_port()}"
    with receiving(tmp_path / "inbox.jsonl") as inbox:
        Stack(Prometheus(address), address.removeprefix("http://"), inbox).check()
        with pytest.raises(ServerError, match=f"Alertmanager does not answer any more at .*{gone}"):
            Stack(Prometheus(address), gone, inbox).check()


def test_sigterm_ends_a_block_and_what_it_started():
    before, ended = signal.getsignal(signal.SIGTERM), []

    def block():
        with ended_by_sigterm(), contextlib.ExitStack() as started:
            started.callback(ended.append, True)
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(60)

    with pytest.raises(SystemExit) as end:
        block()

    assert (end.value.code, ended) == (143, [True])
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("body", ["[]", "{}", '{"alerts": [{}], "status": "firing"}', "no"])
def test_what_alertmanager_would_not_post_is_refused_and_not_kept(body, tmp_path):
    with receiving(tmp_path / "inbox.jsonl") as inbox:
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(f"{inbox.address}/page", body.encode())
        assert inbox.notifications() == []


def test_a_line_that_is_being_written_is_not_read_yet(tmp_path):
    alert = {"status": "firing", "labels": {"alertname": "Fast"}}
    line = json.dumps({"receiver": "page", "body": {"status": "firing", "alerts": [alert]}})
    file = tmp_path / "inbox.jsonl"
    file.write_text(f"{line}\n{line[:20]}", encoding="utf-8")

    with receiving(file) as inbox:
        assert [one.alerts for one in inbox.notifications()] == [("Fast",)]
