"""Building can be interrupted without noise, and goes on; serving finds a port that is free."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

BOOK = Path(__file__).parents[2] / "book"
WAIT_S = 60

# Stands for the builder: it says that it has begun, and makes much noise when it is interrupted.
NOISY = """
import pathlib, sys, time
page = pathlib.Path(sys.argv[1])
page.write_text("whole")
try:
    print("begun", flush=True)
    while not page.with_name("go").exists():
        time.sleep(0.05)
except KeyboardInterrupt:
    page.write_text("who")
    raise RuntimeError("noise")
print("ended", page.stat().st_mtime == 0, flush=True)
"""
DRIVER = """
import pathlib, sys
sys.path.insert(0, sys.argv[1])
import build
folder = pathlib.Path(sys.argv[2])
build.SITE, build.UNFINISHED = folder / "html", folder / ".unfinished"
build.main([sys.executable, "-c", sys.argv[3], str(folder / "html" / "page.html")])
"""


def building(folder):
    (folder / "html").mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, BOOK, folder, NOISY],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,
    )


def test_an_interrupted_build_is_one_line_dies_of_the_signal_and_leaves_no_process(tmp_path):
    running = building(tmp_path)
    assert running.stdout.readline() == "begun\n"

    os.killpg(running.pid, signal.SIGINT)
    said, _ = running.communicate(timeout=WAIT_S)

    assert said == "Interrupted. What is done is kept: make book goes on from there.\n"
    assert running.returncode == -signal.SIGINT  # a shell says 130
    assert (tmp_path / "html" / "page.html").read_text() == "who"
    with pytest.raises(ProcessLookupError):
        os.killpg(running.pid, 0)


def test_after_an_interruption_pages_count_as_older_than_their_sources_and_else_they_do_not(
    tmp_path,
):
    page = tmp_path / "html" / "page.html"
    (tmp_path / "html").mkdir()
    page.write_text("half")
    program = NOISY.replace('page.write_text("whole")', "")
    command = [sys.executable, "-c", DRIVER, BOOK, tmp_path, program]
    (tmp_path / "html" / "go").touch()

    def ended():
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=WAIT_S)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    assert ended() == ["begun", "ended", "False"]
    (tmp_path / ".unfinished").touch()
    assert ended() == ["begun", "ended", "True"]
    assert not (tmp_path / ".unfinished").exists()


def test_what_the_builder_returns_is_returned_and_nothing_is_unfinished(tmp_path):
    command = [sys.executable, "-c", DRIVER, BOOK, tmp_path, "print('wrong'); raise SystemExit(3)"]

    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=WAIT_S)

    assert (done.returncode, done.stdout) == (3, "wrong\n")
    assert not (tmp_path / ".unfinished").exists()


# --- serving -------------------------------------------------------------------------------------


def serving(folder, port):
    return subprocess.Popen(
        [sys.executable, BOOK / "serve.py", folder, str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


@pytest.mark.server
def test_on_a_busy_port_the_next_free_one_serves_and_is_said(tmp_path):
    (tmp_path / "index.html").write_text("hello")
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        with serving(tmp_path, port) as server:
            first, second = server.stdout.readline(), server.stdout.readline()
            address = second.split()[3]
            with urllib.request.urlopen(address) as page:
                assert page.read() == b"hello"
            server.send_signal(signal.SIGINT)
            try:
                assert server.wait(timeout=WAIT_S) == 0
            finally:
                server.kill()

    assert first == f"Port {port} is busy; `make serve PORT=...` chooses another one.\n"
    assert second.startswith(f"Serving {tmp_path} at http://127.0.0.1:")
    assert int(address.rpartition(":")[2]) > port


@pytest.mark.parametrize("port", ["eighty", "0", "65536", "-1", ""])
def test_what_is_no_port_is_one_line(tmp_path, port):
    said, error = serving(tmp_path, port).communicate(timeout=WAIT_S)

    assert said == ""
    assert error == f"PORT must be a number from 1 to 65535, but is {port}.\n"
