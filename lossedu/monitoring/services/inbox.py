"""A receiver of notifications on loopback, which keeps each as a line of a file."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from lossedu.monitoring.services.processes import HOST

_MOST_BYTES = 1_000_000
_LOOKS_S = 0.05


@dataclass(frozen=True)
class Notification:
    """What Alertmanager posted.

    Attributes:
        receiver: The part of the address after the host: who was to be notified.
        status: ``"firing"`` or ``"resolved"``.
        alerts: The names of the group's alerts that fire, then of those that do not any more.
        body: All of it.
    """

    receiver: str
    status: str
    alerts: tuple[str, ...]
    body: dict[str, Any]


@dataclass(frozen=True)
class Inbox:
    """Where notifications arrive.

    Attributes:
        address: What to post to; a receiver's name is appended.
        file: A JSON object a line, in the order of arrival.
    """

    address: str
    file: Path

    def notifications(self) -> list[Notification]:
        """All that have arrived."""
        if not self.file.exists():
            return []
        *lines, _ = self.file.read_text(encoding="utf-8").split("\n")  # the last is being written
        return [_read(**json.loads(line)) for line in lines]

    def wait(
        self, done: Callable[[list[Notification]], bool], limit_s: float
    ) -> list[Notification]:
        """Wait until what has arrived suffices, or the time is up; what has arrived."""
        until = time.monotonic() + limit_s
        while not done(arrived := self.notifications()) and time.monotonic() < until:
            time.sleep(_LOOKS_S)
        return arrived


@contextlib.contextmanager
def receiving(file: Path, port: int = 0) -> Iterator[Inbox]:
    """Receive notifications within a block.

    Args:
        file: What arrives is appended to it.
        port: On loopback; 0 takes a free one.
    """
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            try:
                length = max(0, int(self.headers.get("Content-Length") or 0))
                body = json.loads(self.rfile.read(min(length, _MOST_BYTES)))
                receiver = self.path.strip("/")
                _read(receiver, body)
                line = json.dumps({"receiver": receiver, "body": body})
            except (ValueError, KeyError, TypeError, AttributeError):
                self.send_error(400, "a notification must be JSON as Alertmanager posts it")
                return
            with lock, file.open("a", encoding="utf-8") as stream:
                stream.write(line + "\n")
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer((HOST, port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Inbox(f"http://{HOST}:{server.server_address[1]}", file)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _read(receiver: str, body: dict[str, Any]) -> Notification:
    by_state = sorted(body["alerts"], key=lambda alert: alert["status"] != "firing")
    names = tuple(alert["labels"]["alertname"] for alert in by_state)
    return Notification(receiver, body["status"], names, body)
