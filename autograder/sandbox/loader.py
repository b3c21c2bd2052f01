"""Loads what submissions use, once for all servers of a machine: they are forked from one process.

Each server still makes namespaces and a root of its own, so that no submission shares anything with
one that runs at the same time.  Where the loader is gone, a server loads by itself.
"""

import os
import select
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

_VARIABLE = "AUTOGRADER_LOADER"
_PACKAGES = Path(__file__).parent.parent.parent
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from autograder.sandbox.{module} import main; main(*map(int, sys.argv[2:]))"
)
_KEPT = ("PATH", "LANG", "HOME", "MPLCONFIGDIR")  # the last one: where fonts are listed
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@contextmanager
def loader() -> Iterator[None]:
    """Begin to load; servers that are started meanwhile, here or in child processes, use it.

    Within another one, or in a child process of who has one, that one serves.
    """
    if _name():
        yield
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind("")  # the kernel finds a name that is no file
        listener.listen()
        lifeline, theirs = socket.socketpair()
        with theirs:
            descriptors = [listener.fileno(), theirs.fileno()]
            process = subprocess.Popen(
                command("loader", descriptors),
                cwd="/",
                env=environment(),
                pass_fds=descriptors,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        os.environ[_VARIABLE] = f"{listener.getsockname()[1:].decode()} {sys.prefix}"
    try:
        yield
    finally:
        os.environ.pop(_VARIABLE, None)
        lifeline.close()
        process.terminate()  # it may still be loading, for nobody
        process.wait()


def connected() -> socket.socket | None:
    """A socket to a server that is about to be forked; None if there is no loader."""
    name = _name()
    if not name:
        return None
    control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        control.connect(f"\0{name}")
    except OSError:
        control.close()
        return None
    return control


def _name() -> str:
    """Of the loader that serves here; empty without one, or if it has loaded another Python's."""
    name, _, prefix = os.environ.get(_VARIABLE, "").partition(" ")
    return name if prefix == sys.prefix else ""


def command(module: str, descriptors: Sequence[int]) -> list[str]:
    """What runs ``main`` of a module of the sandbox with these descriptors, and nothing else."""
    boot = _BOOT.format(module=module)
    return [sys.executable, "-I", "-c", boot, str(_PACKAGES), *map(str, descriptors)]


def environment() -> Mapping[str, str]:
    """Of a process that submissions are forked from: nothing of the grader's, and one thread."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | dict.fromkeys(_THREADS, "1") | {"MALLOC_ARENA_MAX": "2"}


def main(listening: int, lifeline: int) -> None:
    """Fork a server for each connection, until the grader hangs up.

    Args:
        listening: Descriptor of a socket that servers are asked for at.
        lifeline: Descriptor of a socket that the grader holds.
    """
    from autograder.sandbox.server import load, serve

    load()
    with socket.socket(fileno=listening) as listener, socket.socket(fileno=lifeline) as grader:
        while grader not in select.select([listener, grader], [], [])[0]:
            control, _ = listener.accept()
            if _is_ours(control) and os.fork() == 0:
                _become_server(serve, control, listener, grader)
            control.close()
            _reap()


def _become_server(
    serve: Callable[[socket.socket], None], control: socket.socket, *others: socket.socket
) -> NoReturn:
    try:
        for other in others:
            other.close()
        serve(control)
    finally:
        os._exit(0)


def _is_ours(control: socket.socket) -> bool:
    """Whether the other side is a process of the same user: a name that is no file has no owner."""
    held = control.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return bool(struct.unpack("3i", held)[1] == os.geteuid())


def _reap() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
