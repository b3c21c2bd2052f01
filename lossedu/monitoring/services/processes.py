"""Servers as processes: a free port, a wait until they answer, and an end that leaves nothing."""

import contextlib
import http.client
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

HOST = "127.0.0.1"
_STARTS_S, _STOPS_S, _LOOKS_S = 60.0, 10.0, 0.05
_TAIL = 2000  # characters of its log that an error shows


# Loopback is asked directly: a proxy that the environment names cannot reach it.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ServerError(OSError):
    """A server did not start, ended, or refused what it was asked."""


def free_port() -> int:
    """A port on loopback that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


@contextlib.contextmanager
def running(
    command: Sequence[str | Path], log: Path, ready: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server within a block.

    Args:
        command: The program and its arguments.
        log: The file for what it prints.
        ready: An address that answers with status 200 once it serves.

    Raises:
        ServerError: If it ends, or does not answer within a minute; with the end of its log.
    """
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [*map(str, command)], stdout=stream, stderr=stream, stdin=subprocess.DEVNULL
        )
    try:
        _wait(process, Path(command[0]).name, log, ready)
        yield process
    finally:
        stop(process)


@contextlib.contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end a block as Ctrl-C does, so that no server outlives the command."""

    def end(*_: object) -> NoReturn:
        raise SystemExit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Ask a server to end, and end it if it does not."""
    process.terminate()
    try:
        process.wait(_STOPS_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait(process: "subprocess.Popen[bytes]", name: str, log: Path, ready: str) -> None:
    until = time.monotonic() + _STARTS_S
    while not answers(ready):
        if process.poll() is not None or time.monotonic() > until:
            state = "ended" if process.poll() is not None else "does not answer"
            end = log.read_text(encoding="utf-8", errors="replace")[-_TAIL:]
            raise ServerError(f"{name} {state}. The end of {log}:\n{end}")
        time.sleep(_LOOKS_S)


def answers(address: str) -> bool:
    """Whether a server on loopback answers with status 200 within a second."""
    try:
        with DIRECT.open(address, timeout=1) as answer:
            return bool(answer.status == 200)
    except (OSError, http.client.HTTPException):
        return False
