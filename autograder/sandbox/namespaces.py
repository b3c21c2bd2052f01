"""User and process namespaces of the server: who it is inside, and how it starts others.

The server owns a user namespace and a process namespace of its own.  When it dies, the kernel ends
all that it started; and because the namespaces are its own, it may make more without any privilege
outside.
"""

import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from autograder.sandbox.syscalls import (
    CLONE_NEWPID,
    CLONE_NEWUSER,
    PR_SET_PDEATHSIG,
    enter_namespace,
    process_control,
    unshare,
)

STUDENT = 1000
_NOBODY = 65534


def continue_with_one_thread() -> None:
    """Go on as a fork if this process has other threads; the caller only waits.

    Some libraries start threads when they are imported, as that of Arrow does, which scikit-learn
    imports with pandas; and no process with threads may make a user namespace.  Where submissions
    run as the grader's own user, the process that waits takes one of their threads.
    """
    if len(list(Path("/proc/self/task").iterdir())) == 1:
        return
    alone = os.fork()
    if alone:
        _wait_for(alone)
    process_control(PR_SET_PDEATHSIG, signal.SIGKILL)


def continue_as_server() -> None:
    """Go on as the first process of new user and process namespaces; the caller only waits.

    A grader that is root lends the namespace two users: itself, and nobody for submissions.  An
    ordinary user can lend only itself.

    Raises:
        OSError: If the kernel, or who configured it, does not allow user namespaces.
    """
    root = os.geteuid() == 0
    users = [(0, 0), (STUDENT, _NOBODY)] if root else [(STUDENT, os.geteuid())]
    groups = [(0, 0), (STUDENT, _NOBODY)] if root else [(STUDENT, os.getegid())]
    unshared, tell = os.pipe()
    mapper = os.fork()
    if mapper == 0:
        os.close(tell)
        os._exit(_map(os.getppid(), users, groups, may_set_groups=root, when=unshared))
    os.close(unshared)
    try:
        unshare(CLONE_NEWUSER | CLONE_NEWPID)
        os.write(tell, b"!")
    finally:
        os.close(tell)
        number = os.waitstatus_to_exitcode(os.waitpid(mapper, 0)[1])
    if number:
        raise OSError(number, f"user map: {os.strerror(number)}")
    server = os.fork()
    if server:
        _wait_for(server)
    process_control(PR_SET_PDEATHSIG, signal.SIGKILL)


def fork_into_new_process_namespace() -> int:
    """Fork; the child is the first process of a namespace in which there is no other."""
    own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    try:
        unshare(CLONE_NEWPID)
        child = os.fork()
        if child:
            enter_namespace(own, CLONE_NEWPID)
        return child
    finally:
        os.close(own)


def _map(
    process: int,
    users: list[tuple[int, int]],
    groups: list[tuple[int, int]],
    *,
    may_set_groups: bool,
    when: int,
) -> int:
    """Write who is who in a process's new namespace; the number of the error, or 0."""
    if not os.read(when, 1):
        return 0
    folder = Path(f"/proc/{process}")
    try:
        if not may_set_groups:
            (folder / "setgroups").write_text("deny", encoding="ascii")
        for name, pairs in (("uid_map", users), ("gid_map", groups)):
            lines = [f"{inside} {outside} 1\n" for inside, outside in pairs]
            (folder / name).write_text("".join(lines), encoding="ascii")
    except OSError as error:
        return error.errno or 1
    return 0


def _wait_for(server: int) -> NoReturn:
    code = os.waitstatus_to_exitcode(os.waitpid(server, 0)[1])
    sys.stderr.flush()
    os._exit(code if 0 <= code < 256 else 1)
