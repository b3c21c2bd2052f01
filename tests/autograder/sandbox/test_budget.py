"""A notebook's time is bounded, and no part of it takes what the others need.

What never ends is in every test: one that ends shows that it was ended.
"""

from dataclasses import replace

import pytest
import torch

from autograder.sandbox.client import Limits, Server
from autograder.sandbox.session import Call, Cell

# Little of its own for each part, and all the time of the world for what is asked in vain.
LITTLE = Limits(share_s=1.0, notebook_s=300.0, grace_s=30.0, total_s=900.0)
SCARCE = replace(LITTLE, notebook_s=5.0)
ADD = "def add(a, b=1):\n    return a + b"
SLEEP = "import time\ntime.sleep(1e6)"
NEVER = {
    "sleeps": "import time\ndef never(x):\n    time.sleep(1e6)",
    "computes": "def never(x):\n    while True: pass",
    "catches": (
        "import time\ndef never(x):\n"
        "    while True:\n        try: time.sleep(1e6)\n        except Exception: pass"
    ),
}


@pytest.mark.parametrize("source", [SLEEP, "while True: pass"])
def test_a_cell_that_never_ends_costs_only_its_share(server: Server, source: str) -> None:
    with server.open(LITTLE) as session:
        runs = session.run([Cell("a", source), Cell("b", ADD)])
        (reply,) = session.call([Call("add", (1,))])

        assert [run.status for run in runs] == ["timeout", "ok"]
        assert (reply.value, session.used_up) == (2, "")


@pytest.mark.parametrize("how", NEVER)
def test_a_function_that_never_ends_costs_its_share_once(server: Server, how: str) -> None:
    with server.open(LITTLE) as session:
        session.run([Cell("a", NEVER[how]), Cell("b", ADD)])
        replies = session.call([Call("never", (torch.zeros(1),)) for _ in range(1000)])
        (added,) = session.call([Call("add", (1,))])

        assert {reply.status for reply in replies} == {"timeout"}
        assert (added.value, session.used_up) == (2, "")


def test_what_used_up_the_time_is_named_and_nothing_is_asked_behind_it(server: Server) -> None:
    cells = [Cell(f"sleeper-{number}", SLEEP) for number in range(1000)]
    with server.open(SCARCE) as session:
        runs = session.run([Cell("first", ADD), *cells])
        replies = session.call([Call("add", (1,))] * 2)

        assert runs[0].status == "ok"
        assert [run.status for run in runs[-2:]] == ["not run", "not run"]
        assert "the cell 'sleeper-0' (" in runs[-1].outputs[0]["evalue"]
        assert [reply.status for reply in replies] == ["spent", "spent"]
        assert replies[0].error == session.used_up
        assert session.used_up.startswith("a notebook may take 5 s, training apart; most went to")


def test_many_functions_that_never_end_are_ended_together(server: Server) -> None:
    names = [f"never_{number}" for number in range(100)]
    source = "\n".join(NEVER["sleeps"].replace("never", name) for name in names)
    with server.open(SCARCE) as session:
        session.run([Cell("a", source)])
        replies = [session.call([Call(name, (1,))])[0] for name in names]

        assert replies[0].status == "timeout"
        assert replies[-1].status == "spent"
        assert "never_" in session.used_up


def test_what_cannot_be_interrupted_is_ended_with_the_notebooks_time(server: Server) -> None:
    deaf = (
        "import signal\ndef deaf():\n    [signal.setitimer(kind, 0) for kind in (0, 1, 2)]\n"
        "    while True: pass"
    )
    with server.open(replace(SCARCE, grace_s=300.0)) as session:
        session.run([Cell("a", deaf)])
        replies = session.call([Call("deaf")] * 3)

        assert [reply.status for reply in replies] == ["spent"] * 3
        assert not session.alive


def test_what_trains_takes_none_of_it(server: Server) -> None:
    work = "import time\ndef train(seconds):\n    time.sleep(seconds)\n    return 1\n"
    long_s = 2 * LITTLE.share_wall_s
    cells = [Cell("a", f"{work}train({long_s})", trains=True)]
    with server.open(LITTLE) as session:
        (run,) = session.run(cells)
        trained, other = session.call(
            [Call("train", (long_s,), trains=True), Call("train", (long_s,))]
        )

    assert run.status == "ok"
    assert (trained.value, other.status) == (1, "timeout")


def test_what_trains_is_asked_when_all_else_has_used_up_the_time(server: Server) -> None:
    with server.open(SCARCE) as session:
        session.run([Cell("a", ADD), *[Cell(f"sleeper-{n}", SLEEP) for n in range(9)]])
        (reply,) = session.call([Call("add", (1,), trains=True)])

    assert reply.value == 2


def test_the_usual_share_is_a_small_part_of_what_a_notebook_may_take() -> None:
    usual = Limits()

    assert usual.notebook_s < 20
    assert usual.share_wall_s < usual.notebook_s / 2
