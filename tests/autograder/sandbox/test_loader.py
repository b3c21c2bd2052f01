"""Servers that are forked from one loader are as far apart as servers that loaded by themselves."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from autograder.sandbox.client import Server
from autograder.sandbox.loader import connected, loader
from autograder.sandbox.session import Call, Cell
from tests import needs
from tests.waiting import living, wait_until

ADD = Cell("add", "def add(x):\n    return x + 1")


def sum_in(server: Server) -> int:
    """What a submission answers there."""
    with server.open() as session:
        session.run([ADD])
        (reply,) = session.call([Call("add", (1,))])
    assert reply.status == "ok"
    return reply.value


def loaders() -> set[psutil.Process]:
    """Those of this process whose command line can be read."""
    return {
        process
        for process in living(psutil.Process().children())
        if "sandbox.loader" in " ".join(process.cmdline())
    }


@contextmanager
def started_loader() -> Iterator[psutil.Process]:
    """A loader and its process, which is not the one that serves all other tests."""
    others = loaders()
    with loader():
        wait_until(lambda: loaders() - others)
        (process,) = loaders() - others
        yield process


def jailed_servers(process: psutil.Process) -> list[psutil.Process]:
    """Below the loader: those that are the first of a process namespace."""
    waiting = living(process.children())
    return [server for one in waiting for server in living(one.children())]


@contextmanager
def without_any() -> Iterator[None]:
    """Another loader of the test process would serve in place of a test's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AUTOGRADER_LOADER", raising=False)
        yield


@pytest.fixture(scope="module")
def kept() -> Iterator[psutil.Process]:
    """A loader for all tests that leave it as it is: to load takes seconds."""
    with without_any(), started_loader() as process:
        yield process


@pytest.fixture
def started(kept) -> psutil.Process:
    """The same, without the servers of the test before."""
    wait_until(lambda: not living(kept.children()))
    return kept


def test_servers_of_one_loader_share_no_namespace(started):
    with Server() as first, Server() as second:
        assert sum_in(first) == sum_in(second) == 2
        servers = [started, *jailed_servers(started)]

        assert len(servers) == 3
        for kind in ("user", "pid", "mnt", "net", "ipc", "uts"):
            kinds = {Path(f"/proc/{p.pid}/ns/{kind}").readlink() for p in servers}
            assert len(kinds) == 3, kind


def test_a_server_that_died_is_forked_again(started):
    with Server() as server:
        (killed,) = jailed_servers(started)
        killed.kill()
        wait_until(lambda: not living([killed]))

        assert sum_in(server) == 2
        assert [p.pid for p in jailed_servers(started)] != [killed.pid]


def test_without_its_loader_a_server_loads_by_itself():
    with without_any(), started_loader() as process:
        process.kill()  # before it has loaded, which costs seconds and changes nothing
        wait_until(lambda: not living([process]))

        with Server() as server:
            assert sum_in(server) == 2
            assert server.process_id is not None


def test_servers_end_with_their_graders_and_the_loader_with_its_own():
    with without_any():
        with started_loader() as process:
            with Server() as server:
                sum_in(server)
                servers = jailed_servers(process)
            wait_until(lambda: not living(servers))
            assert process.is_running()

        assert not process.is_running()
        assert connected() is None


def test_within_a_loader_another_one_starts_none_and_ends_none(started):
    before = loaders()
    with loader():
        assert loaders() == before
    with Server() as server:
        assert sum_in(server) == 2
        assert len(jailed_servers(started)) == 1


def test_nothing_outlives_a_killed_grader():
    program = textwrap.dedent("""
        import time
        from autograder.sandbox.client import Server
        from autograder.sandbox.loader import loader
        with loader(), Server():
            print("ready", flush=True)
            time.sleep(1e6)
    """)
    with without_any():
        grader = subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
        )
    assert grader.stdout is not None
    with grader.stdout as said:
        assert said.readline() == "ready\n"
        family = psutil.Process(grader.pid).children(recursive=True)
        grader.kill()
        grader.wait()

    assert len(family) == 3, "the loader, who waits, the server"
    wait_until(lambda: not living(family))


def test_another_user_gets_no_server(started):
    if os.geteuid() != 0:
        needs.lacking(needs.ROOT)
    program = textwrap.dedent("""
        import os, socket
        from autograder.sandbox.loader import connected
        os.setresuid(65534, 65534, 65534)
        control = connected()
        control.settimeout(1800)
        try:
            control.send(b'{"trust": true, "hidden": []}')
            print(control.recv(100))
        except OSError:
            print(b"")
    """)

    before = started.children()
    asked = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert asked.stdout == "b''\n", asked.stderr
    assert set(started.children()) <= set(before)
