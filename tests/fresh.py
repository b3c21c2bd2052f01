"""Programs in fresh interpreters: each is a fork of one that has loaded torch, and nothing of ours.

To load torch takes a second or two, which is most of what a short program needs.  A fork has the
base libraries as a new interpreter has them once it has imported them; all else is as new.
"""

import atexit
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

_SERVER = """
import atexit, json, os, sys, traceback
from importlib.machinery import PathFinder

class Base:
    without = set(sys.argv.pop(1).split(","))

    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] not in Base.without:
            return PathFinder.find_spec(name, path, target)

    find_distributions = PathFinder.find_distributions

place = sys.meta_path.index(PathFinder)
sys.meta_path[place] = Base  # libraries take up what happens to be there
import numpy, torch
sys.meta_path[place] = PathFinder

def open_as(number, path):
    handle = os.open(path, os.O_RDONLY if number == 0 else os.O_WRONLY)
    os.dup2(handle, number)
    os.close(handle)

def ended(error):
    if error.code is None or isinstance(error.code, int):
        return error.code or 0
    print(error.code, file=sys.stderr)
    return 1

def run(job):
    for number, path in enumerate(job["files"]):
        open_as(number, path)
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # nothing is read yet
    os.chdir(job["cwd"])
    os.environ.clear()
    os.environ.update(job["env"])
    sys.argv[:] = ["-c", *job["arguments"]]
    sys.path[1:1] = filter(None, job["env"].get("PYTHONPATH", "").split(os.pathsep))
    try:
        exec(compile(job["program"], "<string>", "exec"), sys.modules["__main__"].__dict__)
        return 0
    except SystemExit as error:
        return ended(error)
    except BaseException:
        traceback.print_exc()
        return 1

tops = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps(tops), flush=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        code = run(json.loads(line))
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class _Server:
    """The interpreter that is forked: torch was imported where some modules are not installed."""

    def __init__(self, without: Iterable[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVER, ",".join(without)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        )
        self.loaded = frozenset(json.loads(self._process.stdout.readline()))
        atexit.register(self.close)

    def run(self, job: dict[str, object]) -> int:
        """Run a program, and say its exit code."""
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@cache
def _server(without: tuple[str, ...] = ()) -> _Server:
    return _Server(without)


def loaded_before(without: tuple[str, ...] = ()) -> frozenset[str]:
    """The top-level modules that such an interpreter holds before its program begins."""
    return _server(without).loaded


def run(
    program: str,
    *arguments: object,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    without: tuple[str, ...] = (),
) -> subprocess.CompletedProcess[str]:
    """Run a program as ``python -c`` does, with torch loaded already.

    Args:
        program: Its text.
        *arguments: What `sys.argv` has besides.
        cwd: The folder to run in; that of the tests by default.
        env: Its environment; that of the tests by default.
        without: Modules that were not there when torch was imported.
    """
    words = list(map(str, arguments))
    environment = dict(os.environ if env is None else env)
    if sys.platform != "linux":  # elsewhere libraries of the system do not stand a fork
        return _whole([sys.executable, "-c", program, *words], cwd, environment)
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        for path in (out, err):
            path.touch()
        job = {
            "program": program,
            "arguments": words,
            "cwd": str(cwd or Path.cwd()),
            "env": environment,
            "files": [os.devnull, str(out), str(err)],
        }
        code = _server(without).run(job)
        texts = (path.read_text(encoding="utf-8") for path in (out, err))
        return subprocess.CompletedProcess(["python", "-c", program, *words], code, *texts)


def _whole(
    command: Sequence[str], cwd: Path | None, env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, encoding="utf-8", check=False
    )
