"""A session answers, costs only what it must, and leaves nothing."""

import subprocess
import sys
import textwrap
import venv
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
import torch

from autograder.sandbox import client
from autograder.sandbox.client import Limits, SandboxError, Server
from autograder.sandbox.layers import Layer, floor_is_met, live_layers
from autograder.sandbox.session import Call, Cell
from autograder.sandbox.wire import WireError
from tests.waiting import living, wait_until

REPOSITORY = Path(__file__).parents[3]
QUICK = Limits(cell_s=1.0, call_s=1.0, total_s=20.0, grace_s=0.3, memory_mb=256, wall_factor=100)
# One wall second for a cell, whatever it computes, and much more for what follows.
SLEEPLESS = Limits(cell_s=100.0, grace_s=10_000.0, total_s=100_000.0, wall_factor=0.01)
DEAF = (
    "import signal\ndef deaf():\n    [signal.setitimer(kind, 0) for kind in (0, 1, 2)]\n"
    "    while True: pass"
)
KILL = "import os\ndef die():\n    os._exit(1)"
ADD = "def add(a, b=1):\n    return a + b"


def test_a_function_is_called_with_its_arguments_and_differentiated(server: Server) -> None:
    x = torch.tensor([1.0, 2.0])
    with server.open() as session:
        session.run([Cell("a", "def f(x, power=2):\n    return x ** power")])

        plain, named, weighted, absent = session.call(
            [
                Call("f", (x,)),
                Call("f", (x,), {"power": 3}, gradient_of=0),
                Call("f", (x,), gradient_of=0, gradient_weights=torch.tensor([0.0, 10.0])),
                Call("g", (x,)),
            ]
        )

    assert plain.value.tolist() == [1.0, 4.0]
    assert plain.kind == "Tensor"
    assert named.gradient.tolist() == [3.0, 12.0]
    assert weighted.gradient.tolist() == [0.0, 40.0]
    assert absent.status == "missing"


def test_sources_are_what_was_given(server: Server) -> None:
    with server.open() as session:
        session.run([Cell("a", "x = 1"), Cell("b", "1 / 0")])

        assert session.sources == {"a": "x = 1", "b": "1 / 0"}


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


def test_a_cell_of_megabytes_costs_only_itself(server: Server) -> None:
    with server.open() as session:
        runs = session.run([Cell("a", "x = '" + "x" * 2_000_000 + "'"), Cell("b", ADD)])

    assert [run.status for run in runs] == ["error", "ok"]
    assert "at most" in runs[0].error


def test_what_cannot_be_asked_is_the_askers_error(server: Server) -> None:
    with server.open() as session:
        session.run([Cell("a", ADD)])
        with pytest.raises(WireError, match="a value must be"):
            session.call([Call("add", (object(),))])

        assert session.call([Call("add", (1,))])[0].value == 2


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


def test_sessions_may_be_open_side_by_side(server: Server) -> None:
    with server.open() as one, server.open() as other:
        one.run([Cell("a", "x = 1\nopen('/tmp/x', 'w').write('one')\ndef f(): return x")])
        other.run([Cell("a", "import os\nfound = os.listdir('/tmp')\ndef f(): return found")])

        assert one.call([Call("f")])[0].value == 1
        assert "x" not in other.call([Call("f")])[0].value


def test_unseeded_draws_are_the_same_in_every_session(server: Server) -> None:
    program = """
import random, numpy, torch
def f():
    return [random.random(), float(numpy.random.rand()), float(torch.rand(()))]
"""

    values = []
    for _ in range(2):
        with server.open() as session:
            session.run([Cell("a", program)])
            values.append(session.call([Call("f")])[0].value)

    assert values[0] == values[1]


def test_usage_counts_memory_beyond_the_servers(server: Server) -> None:
    with server.open() as session:
        session.run([Cell("a", "x = 1")])
        small = session.close()
    with server.open() as session:
        session.run([Cell("a", "n = 100_000_000\nx = b'x' * n\ndel x")])
        large = session.close()

    assert small.peak_mb < 60
    assert 90 < large.peak_mb < 160


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


def test_below_the_floor_it_refuses_with_reason_and_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    dead = [Layer(x.name, x.name != "seccomp", "no filters.", "New kernel.") for x in live_layers()]
    monkeypatch.setattr(client, "live_layers", lambda: dead)

    with pytest.raises(SandboxError, match=r"seccomp: no filters\. New kernel\."), Server():
        pass


def test_trust_warns_and_speaks_the_same_protocol() -> None:
    server = Server(QUICK, trust=True)
    with pytest.warns(UserWarning, match="WITHOUT a sandbox"):
        server.__enter__()
    with ExitStack() as stack:
        stack.push(server.__exit__)
        session = stack.enter_context(server.open())
        runs = session.run([Cell("a", ADD), Cell("b", DEAF), Cell("c", "while True: pass")])
        first, deaf = session.call([Call("add", (1,)), Call("deaf")])
        session.reopen()
        (second,) = session.call([Call("add", (2,))])

    assert [run.status for run in runs] == ["ok", "ok", "timeout"]
    assert (first.value, deaf.status, second.value) == (2, "timeout", 3)


def test_hidden_folders_are_empty_inside() -> None:
    package = Path(torch.__file__).parent / "testing"
    program = f"import os\nos.path.isdir({str(package)!r}) and os.listdir({str(package)!r})"
    with Server(QUICK, hidden=[package]) as server, server.open() as session:
        (run,) = session.run([Cell("a", program)])

    assert run.status == "error"
    assert "Permission" in run.error


def test_live_layers_meet_the_floor_here() -> None:
    layers = live_layers()

    assert [layer.name for layer in layers if not layer.live] == []
    assert floor_is_met(layers)


@pytest.mark.parametrize(
    "dead", ["namespaces", "read-only root", "no network", "seccomp", "limits"]
)
def test_every_layer_but_landlock_is_part_of_the_floor(dead: str) -> None:
    layers = [Layer(layer.name, layer.name != dead) for layer in live_layers()]

    assert not floor_is_met(layers)
    assert floor_is_met([layer for layer in live_layers() if layer.name != "Landlock"])


def test_limits_must_be_positive() -> None:
    with pytest.raises(ValueError, match="cell_s must be positive, but is 0"):
        Limits(cell_s=0)


@pytest.mark.slow
def test_a_python_that_lies_below_a_scratch_folder_is_whole_inside(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", symlinks=True)
    (packages,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    (packages / "borrowed.pth").write_text("\n".join([*sys.path[1:], str(REPOSITORY)]))
    (packages / "note.txt").write_text("hello")
    source = f"open({str(packages / 'note.txt')!r}).read()"
    program = (
        "from autograder.sandbox.client import Server\n"
        "from autograder.sandbox.session import Cell\n"
        "with Server() as server, server.open() as session:\n"
        f"    (run,) = session.run([Cell('a', {source!r})])\n"
        "    print(run.outputs)\n"
    )

    python = [str(tmp_path / "venv" / "bin" / "python"), "-c", program]
    done = subprocess.run(python, capture_output=True, text=True, check=False)

    assert "'hello'" in done.stdout, done.stderr
