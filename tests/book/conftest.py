"""The book, built once for all tests that look at its pages, and served on loopback."""

import importlib.util
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest
from filelock import FileLock

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder of the built site, built once however many processes test."""
    site = ROOT / "book" / "_build" / "html"
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":  # each worker has a folder of its own below the run's
        shared = shared.parent
    done = shared / "book-is-built"
    with FileLock(shared / "book.lock"):
        if not done.exists():
            build()
            done.touch()
    return site


def build() -> None:
    """Build the book; warnings are errors, executed cells come from the cache."""
    command = [Path(sys.executable).parent / "jupyter-book", "build", "book"]
    command += ["--config", "_config.yml", "--path-output", "book", "-W", "--keep-going"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"the book does not build:\n{(done.stdout + done.stderr)[-6000:]}"


@pytest.fixture
def loaded_extension() -> Callable[[str], ModuleType]:
    """Load one of the book's own extensions by name."""

    def load(name: str) -> ModuleType:
        path = ROOT / "book" / "_ext" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def site(built: Path) -> Iterator[str]:
    """The address at which the site is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(built)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()
