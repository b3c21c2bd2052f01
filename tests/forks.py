"""Processes to be killed: forks of one interpreter that has imported what their programs use.

Where a test is about how processes end, to start each of them anew costs more than all they do.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.waiting import living, wait_until

ROOT = Path(__file__).parent.parent
_PARENT = """
import json, os, signal, sys
exec(sys.argv[1])
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
for line in sys.stdin:
    program, out, arguments = json.loads(line)
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(os.open(out, os.O_WRONLY | os.O_CREAT), 1)
        sys.argv[1:] = arguments
        exec(program)
        sys.stdout.flush()
        os._exit(0)
    print(child, flush=True)
"""


class Fork:
    """A process that runs.

    Args:
        number: Of the process.
    """

    def __init__(self, number: int) -> None:
        self._process = psutil.Process(number)

    def kill(self) -> None:
        """End it at once, and wait until it has ended."""
        with suppress(psutil.NoSuchProcess):
            self._process.send_signal(signal.SIGKILL)
        wait_until(lambda: not living([self._process]))


class Forks:
    """Starts processes.

    Args:
        parent: The process that they are forked from.
    """

    def __init__(self, parent: subprocess.Popen[str]) -> None:
        self._parent = parent
        self._started: list[Fork] = []

    def start(self, program: str, out: Path, *arguments: Path) -> Fork:
        """Run a program with what has been imported; what it prints goes into a file."""
        out.touch()
        job = [program, str(out), list(map(str, arguments))]
        self._parent.stdin.write(json.dumps(job) + "\n")
        self._parent.stdin.flush()
        self._started.append(Fork(int(self._parent.stdout.readline())))
        return self._started[-1]

    def kill(self) -> None:
        """End what a test that failed has left."""
        for fork in self._started:
            fork.kill()


@contextmanager
def forks(imports: str) -> Iterator[Forks]:
    """What starts processes that have imported something already.

    Args:
        imports: Statements that import it.
    """
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, imports],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as parent:
        started = Forks(parent)
        try:
            yield started
        finally:
            started.kill()
