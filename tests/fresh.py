"""Programs in fresh interpreters: each is a fork of one that has loaded torch, and nothing of ours.

`run` runs one; `run_together` several at once, which may wait for each other.

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
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

from tests.waiting import HANG_S

BASE = ("numpy", "torch")

_SERVER = """
import atexit, json, os, signal, sys, traceback
from importlib import import_module
from importlib.machinery import PathFinder

class Base:
    without = set(sys.argv[1].split(","))

    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] not in Base.without:
            return PathFinder.find_spec(name, path, target)

    find_distributions = PathFinder.find_distributions

place = sys.meta_path.index(PathFinder)
sys.meta_path[place] = Base  # libraries take up what happens to be there
for name in sys.argv[2].split(","):
    import_module(name)
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

def begun(job):
    child = os.fork()
    if child == 0:
        signal.alarm(job["limit_s"])
        code = run(job)
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return child

def codes(children):
    left, ended = set(children), {}
    while left:
        child, status = os.wait()
        left.remove(child)
        ended[child] = os.waitstatus_to_exitcode(status)
        if ended[child]:  # the others might wait for it
            for other in left:
                os.kill(other, signal.SIGKILL)
    return [ended[child] for child in children]

tops = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps(tops), flush=True)
for line in sys.stdin:
    print(json.dumps(codes([begun(job) for job in json.loads(line)])), flush=True)
"""


class _Server:
    """The interpreter that is forked: libraries were imported where some are not installed."""

    def __init__(self, without: Iterable[str], loading: Iterable[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVER, ",".join(without), ",".join(loading)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        )
        self.loaded = frozenset(json.loads(self._process.stdout.readline()))
        atexit.register(self.close)

    def run(self, jobs: list[dict[str, object]]) -> list[int]:
        """Run programs at once, and say their exit codes."""
        self._process.stdin.write(json.dumps(jobs) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@cache
def _server(without: tuple[str, ...] = (), loading: tuple[str, ...] = BASE) -> _Server:
    return _Server(without, loading)


def loaded_before(without: tuple[str, ...] = ()) -> frozenset[str]:
    """The top-level modules that such an interpreter holds before its program begins."""
    return _server(without).loaded


def run(
    program: str,
    *arguments: object,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    without: tuple[str, ...] = (),
    loading: tuple[str, ...] = (),
) -> subprocess.CompletedProcess[str]:
    """Run a program as ``python -c`` does, with torch loaded already.

    Args:
        program: Its text.
        *arguments: What `sys.argv` has besides.
        cwd: The folder to run in; that of the tests by default.
        env: Its environment; that of the tests by default.
        without: Modules that were not there when torch was imported.
        loading: What is loaded besides torch.
    """
    job = _job(program, arguments, cwd, env)
    if sys.platform != "linux":  # elsewhere libraries of the system do not stand a fork
        return _whole([job])[0]
    return _forked(_server(without, (*BASE, *loading)), [job])[0]


def run_together(
    program: str,
    *arguments: object,
    envs: Sequence[Mapping[str, str]],
    loading: tuple[str, ...] = (),
) -> list[subprocess.CompletedProcess[str]]:
    """Run a program several times at once; where one fails, the others are killed.

    Args:
        program: Its text.
        *arguments: What `sys.argv` has besides.
        envs: For each, its environment.
        loading: What is loaded besides torch.
    """
    jobs = [_job(program, arguments, None, env) for env in envs]
    if sys.platform != "linux":
        return _whole(jobs)
    return _forked(_server(loading=(*BASE, *loading)), jobs)


def _job(
    program: str, arguments: Iterable[object], cwd: Path | None, env: Mapping[str, str] | None
) -> dict[str, Any]:
    return {
        "program": program,
        "arguments": list(map(str, arguments)),
        "cwd": str(cwd or Path.cwd()),
        "env": dict(os.environ if env is None else env),
        "limit_s": round(HANG_S),
    }


def _command(job: dict[str, Any]) -> list[str]:
    return [sys.executable, "-c", job["program"], *job["arguments"]]


def _forked(server: _Server, jobs: list[dict[str, Any]]) -> list[subprocess.CompletedProcess[str]]:
    with tempfile.TemporaryDirectory() as folder:
        for number, job in enumerate(jobs):
            outs = [Path(folder, f"{kind}-{number}") for kind in ("out", "err")]
            for path in outs:
                path.touch()
            job["files"] = [os.devnull, *map(str, outs)]
        codes = server.run(jobs)
        return [
            subprocess.CompletedProcess(
                _command(job),
                code,
                *(Path(name).read_text(encoding="utf-8") for name in job["files"][1:]),
            )
            for job, code in zip(jobs, codes, strict=True)
        ]


def _whole(jobs: list[dict[str, Any]]) -> list[subprocess.CompletedProcess[str]]:
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                subprocess.Popen(
                    _command(job),
                    cwd=job["cwd"],
                    env=job["env"],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    encoding="utf-8",
                )
            )
            for job in jobs
        ]
        for process in running:
            stack.callback(process.kill)
        said = [process.communicate(timeout=HANG_S) for process in running]
        return [
            subprocess.CompletedProcess(process.args, process.returncode, *texts)
            for process, texts in zip(running, said, strict=True)
        ]
