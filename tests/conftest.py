"""What several folders of tests share: a real browser, and a program in two processes."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests import fresh, longest_first, needs, once
from tests.waiting import HANG_S

QUIETLY = "import warnings\nwarnings.simplefilter('ignore')\n"
OF_A_RUN = ("accelerate", "torch._dynamo", "torch.distributed.tensor")
"""What a first run of training imports besides torch."""

# Two test processes with two threads each would wait for one another on two cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# In the background of a script a process ignores Ctrl-C, under nohup it ignores that its terminal
# is closed, and so would all that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# The first call of a torch function may take longer than any deadline, and so may a draw.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_xdist_auto_num_workers() -> int:
    """Half as many processes again as cores: many tests wait, for a server, a browser or an end."""
    usable = getattr(os, "sched_getaffinity", None)
    cores = len(usable(0)) if usable else os.cpu_count() or 1
    return cores + (cores + 1) // 2


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first: at the end one process would wait for the other."""
    longest_first.sort(items, longest_first.read())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count and name what was skipped for want of something, before the closing line."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = [r.longrepr[2].removeprefix("Skipped: ") for r in skipped]
    for line in needs.summary(reasons):
        terminalreporter.write_line(line, yellow=True)


@pytest.fixture(autouse=True)
def the_same_draws() -> Iterator[None]:
    """A model without a seed of its own has the same weights in whatever order tests run."""
    import torch  # after the number of threads has been said

    with torch.random.fork_rng(devices=[]):
        torch.random.manual_seed(0)
        yield


@pytest.fixture(scope="session", autouse=True)
def shared_by_the_run(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> None:
    """A folder for what is computed once a run, however many processes test."""
    base = tmp_path_factory.getbasetemp()
    # each worker has a folder of its own below the run's
    once.share_in((base if worker_id == "master" else base.parent) / "once")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's chromium, without a window."""
    found = needs.browser()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=found, args=QUIET, timeout=HANG_S * 1000
        )
        chromium.new_context = _patient(chromium.new_context)
        chromium.new_page = _patient(chromium.new_page)
        yield chromium
        chromium.close()


def _patient(opening: Callable[..., Page | BrowserContext]) -> Callable[..., Any]:
    """What it opens waits for every state until only a hang can explain it."""

    def opened(**options: Any) -> Page | BrowserContext:
        one = opening(**options)
        one.set_default_timeout(HANG_S * 1000)
        return one

    return opened


@pytest.fixture(scope="session")
def in_two_processes() -> Callable[..., None]:
    """Runs a program twice, as rank 0 and rank 1 that meet at a port of their own."""

    def run(program: str, *arguments: object) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2"}
        envs = [
            {
                **os.environ,
                **meeting,
                "RANK": rank,
                "LOCAL_RANK": rank,
                "ACCELERATE_USE_CPU": "true",
            }
            for rank in ("0", "1")
        ]
        done = fresh.run_together(QUIETLY + program, *arguments, envs=envs, loading=OF_A_RUN)
        assert [one.returncode for one in done] == [0, 0], [one.stderr for one in done]

    return run
