"""The process that has torch loaded and forks a jailed child for each submission.

It hears from the grader alone: whom to start, whom to end.  Cells, calls and replies pass between
grader and child on a socket of their own, so nothing of a submission is ever in this process, and
nothing of one can be found by the next.
"""

import gc
import json
import os
import re
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from autograder.sandbox.ban import Ban
from autograder.sandbox.jail import HOME, build_root, enter
from autograder.sandbox.limits import Limits, bound_this_process
from autograder.sandbox.namespaces import (
    continue_as_server,
    continue_with_one_thread,
    fork_into_new_process_namespace,
)

_LONGEST_REQUEST = 65_536
_CHANNEL = 3
# What notebooks use; whatever else they import is loaded by those that do.
_PRELOADED = (
    "sklearn.datasets",
    "sklearn.linear_model",
    "sklearn.metrics",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",
    "torch._decomp.decompositions",
    "autograder.sandbox.child",
)


def main(descriptor: int) -> None:
    """Serve until the grader hangs up.

    Args:
        descriptor: Of a socket to the grader.
    """
    control = socket.socket(fileno=descriptor)
    try:
        load()
    except Exception as error:
        _tell(control, {"failed": f"{type(error).__name__}: {error}"})
        return
    continue_with_one_thread()
    serve(control)


def serve(control: socket.socket) -> None:
    """Make the jail, and serve until the grader hangs up; for a process that has loaded.

    Args:
        control: A socket to the grader.
    """
    wanted = json.loads(control.recv(_LONGEST_REQUEST))
    jailed = not wanted["trust"]
    try:
        if jailed:
            continue_as_server()
            build_root(wanted["hidden"])
    except Exception as error:
        _tell(control, {"failed": f"{type(error).__name__}: {error}"})
        return
    _tell(control, {"ready": os.getpid()})
    with suppress(BrokenPipeError, ConnectionResetError):
        while _serve_one(control, jailed):
            pass


def load() -> None:
    """Import what submissions use, and let it do once what it does on first use."""
    import matplotlib
    import torch

    matplotlib.use("Agg")
    for name in _PRELOADED:
        with suppress(ImportError):
            import_module(name)
    torch.set_num_threads(1)
    weight = torch.zeros(2, requires_grad=True)
    optimiser = torch.optim.Adam([weight])
    torch.nn.functional.softplus(weight).sum().backward()
    optimiser.step()
    gc.collect()
    gc.freeze()


def _serve_one(control: socket.socket, jailed: bool) -> bool:
    """Do what is asked next; False if nothing will be."""
    text, descriptors, _, _ = socket.recv_fds(control, _LONGEST_REQUEST, 1)
    if not text:
        return False
    request = json.loads(text)
    if "open" in request:
        ban = Ban(*map(tuple, request["ban"]))
        if ban:
            import_module("autograder.sandbox.absence").located(ban)  # once, for all forks
        child = _start(control, descriptors[0], Limits(**request["open"]), ban, jailed)
        os.close(descriptors[0])
        _tell(control, {"child": child})
    elif "used" in request:
        _tell(control, {"cpu_s": _cpu_s(request["used"])})
    else:
        _tell(control, _end(request["close"], jailed))
    return True


def _start(control: socket.socket, channel: int, limits: Limits, ban: Ban, jailed: bool) -> int:
    child = fork_into_new_process_namespace() if jailed else os.fork()
    if child:
        return child
    try:
        os.setsid()
        control.detach()  # its number may be the one that the channel gets
        os.dup2(channel, _CHANNEL)
        os.closerange(_CHANNEL + 1, os.sysconf("SC_OPEN_MAX"))
        # Not inherited by programs, should it ever come to that.
        os.set_inheritable(_CHANNEL, False)
        _fresh_environment(jailed)
        live = import_module("autograder.sandbox.child").live
        live(socket.socket(fileno=_CHANNEL), limits, ban, enter if jailed else _bound)
    finally:
        os._exit(0)


def _bound(limits: Limits, _: Sequence[str]) -> None:
    """All that is left of the jail where submissions are trusted."""
    bound_this_process(limits, processes_already=10_000)


def _fresh_environment(jailed: bool) -> None:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    os.environ.clear()
    os.environ.update(kept, MPLBACKEND="Agg", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
    if jailed:
        os.environ["HOME"] = HOME


def _end(child: int, jailed: bool) -> dict[str, Any]:
    """End a child and all that it started; what it used, and how it died if it had."""
    peak = _peak_mb(child)
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
        if not jailed:
            os.killpg(child, signal.SIGKILL)
    usage = os.wait4(child, 0)[2]
    if peak is None:
        peak = max(0.0, usage.ru_maxrss / 1024 - _kilobytes("/proc/self/status")["RssAnon"] / 1024)
    return {"peak_mb": peak, "cpu_s": usage.ru_utime + usage.ru_stime}


def _cpu_s(child: int) -> float:
    """The processor time of all threads of a child, as the kernel counts it."""
    try:
        _, _, fields = Path(f"/proc/{child}/stat").read_bytes().rpartition(b")")
        user, system = fields.split()[11:13]
    except OSError:
        return 0.0
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _peak_mb(child: int) -> float | None:
    """The most memory a child held that it did not share with this process; None if it is dead."""
    try:
        status = _kilobytes(f"/proc/{child}/status")
        now = _kilobytes(f"/proc/{child}/smaps_rollup")
        return (now["Private_Dirty"] + status["VmHWM"] - status["VmRSS"]) / 1024
    except (OSError, KeyError):
        return None


def _kilobytes(path: str) -> dict[str, int]:
    # A process chooses its name, which is here too and need not be text of one line.
    found = re.findall(rb"^(\w+):\s+(\d+) kB$", Path(path).read_bytes(), re.MULTILINE)
    return {name.decode(): int(number) for name, number in found}


def _tell(control: socket.socket, message: dict[str, Any]) -> None:
    control.send(json.dumps(message).encode())
