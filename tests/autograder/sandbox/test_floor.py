"""Without its walls the sandbox refuses; what they must be, and what lies behind them."""

import subprocess
import sys
import venv
from contextlib import ExitStack
from pathlib import Path

import pytest
import torch

from autograder.sandbox import client
from autograder.sandbox.client import SandboxError, Server
from autograder.sandbox.layers import Layer, floor_is_met, live_layers
from autograder.sandbox.session import Call, Cell
from tests.autograder.sandbox.programs import ADD, DEAF, QUICK

REPOSITORY = Path(__file__).parents[3]


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
