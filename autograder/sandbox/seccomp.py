"""A filter of system calls: what a submission has no use for is refused by the kernel.

The filter is a program of the kernel's packet filter, put together by hand.  It denies by name what
reaches other processes, the network, namespaces, mounts or seldom-used corners of the kernel, and
answers "no such call" to all that is newer than its table.
"""

import ctypes
import errno
import struct

from autograder.sandbox.syscalls import (
    PR_SET_NO_NEW_PRIVS,
    architecture,
    process_control,
)

# name: (x86_64, aarch64), None where there is no such call.
REFUSED: dict[str, tuple[int | None, int | None]] = {
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "kill": (62, 129),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
    # the network
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    # namespaces and mounts
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    # identity
    "setuid": (105, 146),
    "setgid": (106, 144),
    "setreuid": (113, 145),
    "setregid": (114, 143),
    "setresuid": (117, 147),
    "setresgid": (119, 149),
    "setgroups": (116, 159),
    "setfsuid": (122, 151),
    "setfsgid": (123, 152),
    "capset": (126, 91),
    # memory that outlives or escapes the limits
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # corners where the kernel has had its faults
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_setup": (206, 0),
    "io_submit": (209, 2),
    "seccomp": (317, 277),
    "personality": (135, 92),
    "modify_ldt": (154, None),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "lookup_dcookie": (212, 18),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # the machine
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "syslog": (103, 116),
    "vhangup": (153, 58),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "iopl": (172, None),
    "ioperm": (173, None),
}
_LAST_KNOWN = 462
_CLONE, _CLONE3, _SOCKETPAIR = (56, 220), (435, 435), (53, 199)
_CLONE_THREAD, _AF_UNIX = 0x1_0000, 1
_AUDIT_ARCH = (0xC000_003E, 0xC000_00B7)

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCH_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_ALLOW, _KILL_PROCESS, _ERROR = 0x7FFF_0000, 0x8000_0000, 0x0005_0000
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2

Instruction = tuple[int, int, int, int]


def refuse_dangerous_calls() -> None:
    """Install the filter in this process, for good.

    Raises:
        OSError: If the machine's table of calls is not known, or the kernel has no filters.
    """
    column = architecture()
    if column is None:
        raise OSError("the filter knows the calls of x86_64 and aarch64 alone.")
    program = b"".join(struct.pack("=HBBI", *step) for step in filter_program(column))
    held = ctypes.create_string_buffer(program, len(program))

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_void_p)]

    described = Program(len(program) // 8, ctypes.addressof(held))
    process_control(PR_SET_NO_NEW_PRIVS, 1)
    process_control(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(described))


def filter_program(column: int) -> list[Instruction]:
    """The filter's steps: operation, jump if true, jump if false, operand."""
    steps = [
        (_LOAD, 0, 0, _ARCH_AT),
        (_EQUAL, 1, 0, _AUDIT_ARCH[column]),
        _end(_KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER_AT),
        # Also the second set of calls that x86_64 has for 32-bit pointers.
        *_unless((_AT_LEAST, _LAST_KNOWN + 1), _error(errno.ENOSYS)),
        # Its flags lie in memory, where a filter cannot look; the library falls back to clone.
        *_unless((_EQUAL, _CLONE3[column]), _error(errno.ENOSYS)),
    ]
    for numbers in REFUSED.values():
        if (number := numbers[column]) is not None:
            steps += _unless((_EQUAL, number), _error(errno.EPERM))
    steps += _only_with(_CLONE[column], (_ANY_BIT, _CLONE_THREAD))
    steps += _only_with(_SOCKETPAIR[column], (_EQUAL, _AF_UNIX))
    return [*steps, _end(_ALLOW)]


def _error(number: int) -> Instruction:
    return _end(_ERROR | number)


def _end(verdict: int) -> Instruction:
    return (_RETURN, 0, 0, verdict)


def _unless(test: tuple[int, int], verdict: Instruction) -> list[Instruction]:
    """Give the verdict if the test holds; else go on."""
    return [(test[0], 0, 1, test[1]), verdict]


def _only_with(call: int, test: tuple[int, int]) -> list[Instruction]:
    """Allow a call only if the test holds of its first argument."""
    return [
        (_EQUAL, 0, 4, call),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (test[0], 1, 0, test[1]),
        _error(errno.EPERM),
        _end(_ALLOW),
    ]
