"""The jail: a root folder with Python in it and nothing else, and the way in without a way out.

`build_root` runs once, in the server, which then lives there itself.  `enter` runs in each child.
"""

import os
import site
import socket
import sys
from collections.abc import Iterable
from pathlib import Path

from autograder.sandbox import landlock
from autograder.sandbox.limits import MIB, Limits, bound_this_process
from autograder.sandbox.namespaces import STUDENT
from autograder.sandbox.seccomp import refuse_dangerous_calls
from autograder.sandbox.syscalls import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWUTS,
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_REC,
    PR_SET_DUMPABLE,
    forget_capabilities_to_come,
    give_up_privileges,
    make_read_only,
    mount,
    pivot_root,
    process_control,
    unmount,
    unshare,
)

HOME = "/home/student"
SCRATCH = ("/tmp", HOME)
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_OURS = ("lossedu", "autograder", "lossedu-*.dist-info")
# Where the new root is mounted while it grows: a folder that holds nothing Python could need.
_SITE = "/sys"
_SERVER_PROC = "/.server-proc"
_APART = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS
_BARE = MS_NOSUID | MS_NODEV | MS_NOEXEC
_ACCOUNT = f"student:x:{STUDENT}:{STUDENT}::{HOME}:/bin/false\n"


def build_root(hidden: Iterable[str] = ()) -> None:
    """Move this process to a root of read-only mounts of Python and what it is linked to.

    Args:
        hidden: Folders and files to be left out even where they lie below one of those.

    Raises:
        OSError: If a step is refused.
    """
    unshare(_APART)
    mount("", "/", flags=MS_REC | MS_PRIVATE)
    mount("root", _SITE, "tmpfs", MS_NOSUID, "mode=755,size=1m")
    os.umask(0o022)
    shown = _without_nested(_python_folders())
    for path in shown:
        _bind(path)
    for path in (*_ours(), *map(Path, hidden)):
        _hide(path.resolve(), shown)
    for path in map(Path, ("/etc/ld.so.cache", "/etc/localtime")):
        if path.exists():
            _bind(path)
    for path in map(Path, DEVICES):
        _bind(path, devices=True)
    for name in ("/proc", _SERVER_PROC, *SCRATCH):
        _inside(name).mkdir(parents=True, mode=0o755, exist_ok=True)
    _inside("/etc/passwd").write_text(_ACCOUNT, encoding="ascii")
    _inside("/etc/group").write_text(f"student:x:{STUDENT}:\n", encoding="ascii")
    mount("proc", f"{_SITE}{_SERVER_PROC}", "proc", _BARE)
    mount("proc", f"{_SITE}/proc", "proc", _BARE)
    pivot_root(_SITE)
    make_read_only("/", devices=True)


def enter(limits: Limits, hidden: Iterable[str] = ()) -> None:
    """Shut this process in, for good.

    Args:
        limits: What it may use there.
        hidden: Files and folders of the root that this process alone must not see.

    Raises:
        OSError: If a step is refused; then nothing of a submission may run.
    """
    unshare(_APART)
    socket.sethostname("sandbox")
    # The kernel shows processes anew only where the old view is in sight: cover, then remove.
    mount("proc", "/proc", "proc", _BARE, "subset=pid")
    unmount(_SERVER_PROC)
    for folder in SCRATCH:
        _give_room(folder, limits)
    for path in hidden:
        _cover(path)
    # With an ordinary user's namespace, the server and its parent are counted as the same user.
    bound_this_process(limits, processes_already=3)
    _become_student()
    os.chdir(HOME)
    os.umask(0o077)
    if landlock.version():
        landlock.allow_only(readable=["/"], writable=SCRATCH, devices=DEVICES)
    refuse_dangerous_calls()


def _give_room(folder: str, limits: Limits) -> None:
    """Cover a folder with an empty one to write in; a Python that lies below it stays in sight."""
    below = [p for p in _without_nested(_python_folders()) if p.is_relative_to(folder)]
    held = {path: os.open(path, os.O_PATH) for path in below}
    room = f"size={limits.file_mb * MIB},nr_inodes=10000"
    owner = f"mode=700,uid={STUDENT},gid={STUDENT}"
    mount("scratch", folder, "tmpfs", MS_NOSUID | MS_NODEV, f"{room},{owner}")
    for path, handle in held.items():
        path.mkdir(parents=True)
        mount(f"/proc/self/fd/{handle}", str(path), flags=MS_BIND | MS_REC)
        os.close(handle)


def _become_student() -> None:
    forget_capabilities_to_come()
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(STUDENT, STUDENT, STUDENT)
        os.setresuid(STUDENT, STUDENT, STUDENT)
    give_up_privileges()
    process_control(PR_SET_DUMPABLE, 1)  # else its own files in /proc would be root's
    Path("/proc/self/oom_score_adj").write_text(
        "1000", encoding="ascii"
    )  # the first to go when memory runs out


def _python_folders() -> list[Path]:
    """Libraries alone: a virtual environment may have been made in the course's own folder."""
    prefixes = [sys.base_prefix, sys.base_exec_prefix, sys.prefix, sys.exec_prefix]
    own = [Path(prefix, name) for prefix in prefixes for name in ("lib", "lib64")]
    system = [Path(name) for name in ("/usr", "/bin", "/lib", "/lib32", "/lib64")]
    sites = map(Path, site.getsitepackages())
    return [path for path in (*system, *own, *sites) if path.exists()]


def _without_nested(paths: Iterable[Path]) -> list[Path]:
    """Each path once, and none that lies below another."""
    distinct = sorted(dict.fromkeys(paths))
    return [p for p in distinct if not any(p.is_relative_to(q) for q in distinct if q != p)]


def _ours() -> list[Path]:
    """What is installed of ours: wherever Python would look for it."""
    return [
        found for entry in sys.path if entry for name in _OURS for found in Path(entry).glob(name)
    ]


def _inside(path: Path | str) -> Path:
    return Path(f"{_SITE}{path}")


def _bind(path: Path, *, devices: bool = False) -> None:
    """Show a folder, file or link of the old root at the same place in the new one, read-only."""
    place = _inside(path)
    place.parent.mkdir(parents=True, mode=0o755, exist_ok=True)
    if path.is_symlink() and path.is_dir():
        place.symlink_to(path.readlink())
        return
    place.mkdir() if path.is_dir() else place.touch()
    mount(str(path), str(place), flags=MS_BIND | MS_REC)
    make_read_only(str(place), devices=devices)


def _cover(path: str) -> None:
    """Hide a file or a folder of this process's own root."""
    if os.path.isdir(path):  # noqa: PTH112
        mount("hidden", path, "tmpfs", _BARE, "size=4k,mode=0")
    elif os.path.exists(path):  # noqa: PTH110
        mount("/dev/null", path, flags=MS_BIND)


def _hide(path: Path, shown: Iterable[Path]) -> None:
    place = _inside(path)
    if not any(path.is_relative_to(root.resolve()) for root in shown) or not place.exists():
        return
    if place.is_dir():
        mount("hidden", str(place), "tmpfs", _BARE, "size=4k,mode=0")
        make_read_only(str(place))
    else:
        mount("/dev/null", str(place), flags=MS_BIND)
