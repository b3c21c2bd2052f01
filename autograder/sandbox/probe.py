"""Enters a jail and tries what must not work; run as a program, it prints what it found as JSON."""

import json
import mmap
import os
import socket
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from autograder.sandbox import landlock
from autograder.sandbox.jail import build_root, enter
from autograder.sandbox.layers import LANDLOCK, LIMITS, NAMESPACES, NETWORK, ROOT, SECCOMP
from autograder.sandbox.limits import MIB, Limits
from autograder.sandbox.namespaces import continue_as_server, fork_into_new_process_namespace

_KINDS = ("user", "mnt", "pid", "net", "ipc", "uts")
_PROBED = Limits(memory_mb=64, file_mb=1)


def main() -> None:
    """Print a JSON object: for each layer an empty text, or why it is not live."""
    outside = _namespaces()
    try:
        continue_as_server()
        build_root()
        child = fork_into_new_process_namespace()
    except OSError as error:
        _say(dict.fromkeys((NAMESPACES, ROOT, NETWORK, SECCOMP, LANDLOCK, LIMITS), str(error)))
        return
    if child:
        os.waitpid(child, 0)
        return
    try:
        enter(_PROBED)
    except OSError as error:
        _say(dict.fromkeys((NAMESPACES, ROOT, NETWORK, SECCOMP, LANDLOCK, LIMITS), str(error)))
    else:
        _say(_tried(outside))
    finally:
        sys.stdout.flush()
        os._exit(0)


def _tried(outside: dict[str, str]) -> dict[str, str]:
    shared = [kind for kind, name in _namespaces().items() if outside.get(kind) == name]
    return {
        NAMESPACES: f"{', '.join(shared)} shared with the outside." if shared else "",
        ROOT: _refused("a file could be made in /usr.", lambda: Path("/usr/.probe").touch()),
        NETWORK: _refused("a socket could be made.", socket.socket),
        SECCOMP: _refused("a signal could be sent.", lambda: os.kill(os.getpid(), 0)),
        LANDLOCK: _landlock(),
        LIMITS: _refused("too much memory could be had.", lambda: mmap.mmap(-1, 2048 * MIB))
        or _refused("too large a file could be made.", _too_large_a_file),
    }


def _landlock() -> str:
    if not landlock.version():
        return "the kernel has no Landlock, or was started without it."
    # Mounts and users allow this; only Landlock does not.
    return _refused(
        "a socket file could be made.", lambda: os.mknod("/tmp/probe", stat.S_IFSOCK | 0o600)
    )


def _too_large_a_file() -> None:
    with Path("/tmp/large").open("wb") as file:
        file.truncate(2 * MIB)


def _refused(otherwise: str, attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except (OSError, MemoryError):
        return ""
    return otherwise


def _namespaces() -> dict[str, str]:
    return {kind: str(Path(f"/proc/self/ns/{kind}").readlink()) for kind in _KINDS}


def _say(found: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(found))
    sys.stdout.flush()
