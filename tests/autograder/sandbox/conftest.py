"""One server for all tests of a process, and what must hold after each test that uses it."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import torch

from autograder.sandbox.client import Limits, Server
from autograder.sandbox.jail import SCRATCH
from autograder.sandbox.session import Call, Cell

# What ends has all the time that it may need on the slowest of machines ...
PATIENT = Limits(
    notebook_s=900.0, share_s=300.0, cell_s=300.0, call_s=300.0, total_s=900.0, memory_mb=256,
    file_mb=16, threads=16,
)  # fmt: skip
# ... and of what never ends, nobody needs to see more.
BRIEF_S = 0.5
REPOSITORY = Path(__file__).parents[3]
SQUARE = Cell("square", "def square(x):\n    return x * x")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECRET_TOKEN", "hunter2")  # as a teacher's shell may hold one
        with Server(PATIENT) as running:
            yield running


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    (tmp_path / "answers.txt").write_text("the answer is 42")
    (tmp_path / "gradebook.db").write_text("18 of 18")
    return tmp_path


@pytest.fixture
def unharmed(canary: Path, server: Server) -> Iterator[None]:
    """What must hold after each program, whatever it was."""
    before = (server.process_id, mounts(), os.uname().nodename)

    yield

    assert {p.name: p.read_text() for p in canary.iterdir()} == {
        "answers.txt": "the answer is 42",
        "gradebook.db": "18 of 18",
    }
    assert (REPOSITORY / "lossedu" / "__init__.py").exists()
    after = (server.process_id, mounts(), os.uname().nodename)
    assert after == before
    assert len(processes_below(server)) == 1, "the server alone remains"
    with server.open() as session:
        session.run([SQUARE])
        (reply,) = session.call([Call("square", (torch.tensor([3.0]),), gradient_of=0)])
    assert reply.status == "ok"
    assert reply.value.tolist() == [9.0]
    assert reply.gradient.tolist() == [6.0]


def mounts() -> list[str]:
    """What is mounted here where a jail mounts; elsewhere others may, whose machine it is too."""
    places = ("/", "/sys", "/proc", "/.server-proc", "/dev", *SCRATCH)
    lines = Path("/proc/self/mounts").read_text().splitlines()
    return [line for line in lines if line.split()[1] in places]


def processes_below(server: Server) -> list[psutil.Process]:
    return psutil.Process(server.process_id).children(recursive=True)
