"""A folder served on loopback, as ``make serve`` does."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, *address: Any) -> None:
        """Say what went wrong, unless a reader has gone before everything was there."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*address)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder, until the block ends."""
    server = _Server(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()
