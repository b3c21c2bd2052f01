"""What takes too long or ends its process costs only itself, and a server that died is replaced."""

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from autograder.sandbox.client import Limits, Server
from autograder.sandbox.session import Call, Cell
from tests.autograder.sandbox.programs import ADD, DEAF, QUICK
from tests.waiting import living, wait_until

# One wall second for a cell, whatever it computes, and much more for what follows.
SLEEPLESS = Limits(cell_s=100.0, grace_s=10_000.0, total_s=100_000.0, wall_factor=0.01)
KILL = "import os\ndef die():\n    os._exit(1)"


def test_an_endless_loop_costs_only_itself(server: Server) -> None:
    loop = "def loop():\n    while True: pass"
    with server.open(QUICK) as session:
        runs = session.run([Cell("a", ADD), Cell("b", "while True: pass"), Cell("c", loop)])
        looped, added = session.call([Call("loop"), Call("add", (1,))])
        usage = session.close()

    assert [run.status for run in runs] == ["ok", "timeout", "ok"]
    assert looped.status == "timeout"
    assert added.value == 2
    assert usage.status == "graded"


@pytest.mark.parametrize(
    ("program", "function", "how"), [(DEAF, "deaf", "timeout"), (KILL, "die", "crashed")]
)
def test_after_a_hard_end_the_rest_can_be_asked_anew(
    program: str, function: str, how: str, server: Server
) -> None:
    with server.open(QUICK) as session:
        session.run([Cell("a", ADD), Cell("b", program)])
        before, fatal, behind = session.call([Call("add", (1,)), Call(function), Call("add", (1,))])
        alive = session.alive
        runs = session.reopen()
        (after,) = session.call([Call("add", (1,))])
        usage = session.close()

    assert (before.value, fatal.status, behind.status) == (2, how, how)
    assert not alive
    assert [run.status for run in runs] == ["ok", "ok"]
    assert after.value == 2
    assert usage.status == how


def test_a_cell_that_ends_the_process_is_left_out_when_it_begins_anew(server: Server) -> None:
    with server.open(QUICK) as session:
        first = session.run(
            [Cell("a", ADD), Cell("b", "import os; os._exit(0)"), Cell("c", "y = 1")]
        )
        second = session.reopen()
        (reply,) = session.call([Call("add", (1,))])

    assert [run.status for run in first] == ["ok", "crashed", "not run"]
    assert [run.status for run in second] == ["ok", "crashed", "ok"]
    assert reply.value == 2


def test_all_time_together_is_bounded_over_new_beginnings(server: Server) -> None:
    brief = Limits(cell_s=1.0, call_s=1.0, total_s=1.5, grace_s=0.3)
    with server.open(brief) as session:
        session.run([Cell("a", DEAF), Cell("b", ADD)])
        for _ in range(3):
            session.call([Call("deaf")])
            session.reopen()
        (reply,) = session.call([Call("add", (1,))])
        usage = session.close()

    assert reply.status == "timeout"
    assert usage.status == "timeout"


def test_time_that_passes_without_computing_is_not_time_used(server: Server) -> None:
    little = Limits(cell_s=0.5, call_s=0.5, wall_factor=1000)
    wait = "import time\ntime.sleep(0.7)\ndef wait():\n    time.sleep(1.2)\n    return 1"
    with server.open(little) as session:
        (run,) = session.run([Cell("a", wait)])
        (reply,) = session.call([Call("wait")])

    assert (run.status, reply.value) == ("ok", 1)


@pytest.mark.parametrize(
    ("program", "limits", "said"),
    [
        ("while True: pass", Limits(cell_s=0.5, wall_factor=1000), "0.5 s of processor time"),
        ("import time\ntime.sleep(1e9)", SLEEPLESS, "1 s"),
    ],
    ids=["computes", "sleeps"],
)
def test_a_cell_that_was_interrupted_says_what_it_took_more_than(
    program: str, limits: Limits, said: str, server: Server
) -> None:
    with server.open(limits) as session:
        (run,) = session.run([Cell("a", program)])

    assert (run.status, run.error) == ("timeout", f"TimeoutError: the cell took more than {said}")


def test_short_calls_are_counted_together(server: Server) -> None:
    work = (
        "import time\ndef work():\n    end = time.process_time() + 0.04\n"
        "    while time.process_time() < end: pass\n    return 1"
    )
    with server.open(Limits(total_s=1.0, wall_factor=1000)) as session:
        session.run([Cell("a", work)])
        replies = session.call([Call("work")] * 200)
        usage = session.close()

    assert replies[0].value == 1
    assert replies[-1].status == usage.status == "timeout"


@pytest.fixture(scope="module")
def mortal() -> Iterator[Server]:
    """A server for all tests that kill it: one that is replaced is as good as a new one."""
    with Server(QUICK) as running:
        yield running


def kill(server: Server) -> None:
    """End the process that a server is, below the one that waits for it."""
    killed = psutil.Process(server.process_id).children()[0]
    killed.kill()
    wait_until(lambda: not living([killed]))


def test_a_session_of_a_dead_server_ends_nothing_of_the_next(mortal: Server) -> None:
    old = mortal.open()
    kill(mortal)
    with mortal.open() as session:
        session.run([Cell("a", ADD)])
        old.close()

        assert session.call([Call("add", (1,))])[0].value == 2


def test_a_server_that_died_is_replaced(mortal: Server) -> None:
    first = mortal.process_id
    kill(mortal)
    with mortal.open() as session:
        session.run([Cell("a", ADD)])
        (reply,) = session.call([Call("add", (1,))])

    assert reply.value == 2
    assert mortal.process_id != first


def test_a_server_that_dies_during_a_session_crashes_only_that(mortal: Server) -> None:
    with mortal.open() as session:
        session.run([Cell("a", ADD)])
        kill(mortal)
        (reply,) = session.call([Call("add", (1,))])
        usage = session.close()
    with mortal.open() as session:
        (run,) = session.run([Cell("a", ADD)])

    assert reply.status == "crashed"
    assert usage.status == "crashed"
    assert run.status == "ok"


def test_no_process_outlives_a_killed_grader(tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import sys, time
        from autograder.sandbox.client import Server
        from autograder.sandbox.session import Cell
        with Server() as server:
            session = server.open()
            session.run([Cell("a", "import threading, time")])
            session.run([Cell("b", "threading.Thread(target=time.sleep, args=(1e6,)).start()")])
            print(server.process_id, flush=True)
            time.sleep(1e6)
    """)
    grader = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert grader.stdout is not None
    with grader.stdout as said:
        waiting = psutil.Process(int(said.readline()))
        family = [waiting, *waiting.children(recursive=True)]
        grader.kill()
        grader.wait()

    assert len(family) == 3, "who waits, the server, the submission"
    wait_until(lambda: not living(family))


def test_limits_must_be_positive() -> None:
    with pytest.raises(ValueError, match="cell_s must be positive, but is 0"):
        Limits(cell_s=0)
