"""The system calls that Python has no name for."""

import ctypes
import os
import platform

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x0002_0000, 0x0400_0000, 0x0800_0000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x1000_0000, 0x2000_0000, 0x4000_0000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 0x1000, 0x4000, 0x4_0000
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP = 1, 4, 24
PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 38, 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_LAST_CAPABILITY = 40

# (x86_64, aarch64); numbers from 424 on are the same everywhere.
_PIVOT_ROOT, _CAPSET = (155, 41), (126, 91)
_MOUNT_SETATTR = 442
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV = 1, 2, 4
ARCHITECTURES = ("x86_64", "aarch64")

_libc = ctypes.CDLL(None, use_errno=True)


def architecture() -> int | None:
    """The column of this machine in tables of system calls; None if they do not know it."""
    machine = {"arm64": "aarch64", "amd64": "x86_64"}.get(platform.machine(), platform.machine())
    return ARCHITECTURES.index(machine) if machine in ARCHITECTURES else None


def system_call(number: int, *arguments: object) -> int:
    """Call by number.

    Raises:
        OSError: As the kernel answers.
    """
    wide = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return _checked(_libc.syscall(ctypes.c_long(number), *wide), f"system call {number}")


def unshare(flags: int) -> None:
    """Leave the namespaces named by flags for new ones."""
    _checked(_libc.unshare(flags), "unshare")


def enter_namespace(descriptor: int, kind: int) -> None:
    """Join the namespace that a descriptor stands for."""
    _checked(_libc.setns(descriptor, kind), "setns")


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount a file system, or a folder again at another place."""
    texts = [text.encode() or None for text in (source, target, kind)]
    done = _libc.mount(*texts, ctypes.c_ulong(flags), options.encode() or None)
    _checked(done, f"mount {target}")


def unmount(target: str) -> None:
    """Take a mount away, now or when its last user is gone."""
    _checked(_libc.umount2(target.encode(), MNT_DETACH), f"umount {target}")


def make_read_only(target: str, devices: bool = False) -> None:
    """Forbid writing, set-user-id programs and devices in a mount and all below it.

    Args:
        target: Where it is mounted.
        devices: Whether device files keep their meaning.
    """

    class MountAttributes(ctypes.Structure):
        _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]

    wanted = _ATTR_RDONLY | _ATTR_NOSUID | (0 if devices else _ATTR_NODEV)
    attributes = MountAttributes(wanted, 0, 0, 0)
    path, size = ctypes.c_char_p(target.encode()), ctypes.sizeof(attributes)
    system_call(_MOUNT_SETATTR, _AT_FDCWD, path, _AT_RECURSIVE, ctypes.byref(attributes), size)


def pivot_root(new_root: str) -> None:
    """Make a mount the root and forget the old one."""
    os.chdir(new_root)
    here = ctypes.c_char_p(b".")
    system_call(_PIVOT_ROOT[_column()], here, here)
    unmount(".")
    os.chdir("/")


def process_control(option: int, *arguments: int) -> None:
    """Set an attribute of this process."""
    padded = [ctypes.c_ulong(a) for a in (*arguments, 0, 0, 0, 0)[:4]]
    _checked(_libc.prctl(option, *padded), f"prctl {option}")


def forget_capabilities_to_come() -> None:
    """Empty the set of capabilities that this process could ever gain; it keeps what it has."""
    for capability in range(_LAST_CAPABILITY + 1):
        process_control(PR_CAPBSET_DROP, capability)


def give_up_privileges() -> None:
    """Drop every capability, and the way to regain one by starting another program."""
    process_control(PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    header = (ctypes.c_uint32 * 2)(0x2008_0522, 0)
    system_call(_CAPSET[_column()], ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))
    process_control(PR_SET_NO_NEW_PRIVS, 1)


def _column() -> int:
    column = architecture()
    if column is None:
        machines = " or ".join(ARCHITECTURES)
        raise OSError(f"the machine must be {machines}, but is {platform.machine()}.")
    return column


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
