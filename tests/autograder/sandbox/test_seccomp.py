"""The filter, run by an interpreter of its own: what it lets through and what it refuses."""

import errno
import re
from pathlib import Path

import pytest

from autograder.sandbox.seccomp import REFUSED, filter_program
from tests import needs

ARCHITECTURES = {0: 0xC000003E, 1: 0xC00000B7}
ALLOW, KILL = 0x7FFF0000, 0x80000000
NEEDED = {
    "read": (0, 63),
    "write": (1, 64),
    "mmap": (9, 222),
    "futex": (202, 98),
    "exit_group": (231, 94),
    "openat": (257, 56),
    "rt_sigaction": (13, 134),
    "setitimer": (38, 103),
    "tgkill": (234, 131),
    "getrandom": (318, 278),
    "prlimit64": (302, 261),
}


def verdict(column: int, number: int, argument: int = 0, arch: int | None = None) -> int:
    """What the kernel would decide: the packet filter's meaning, from its manual."""
    memory = {0: number, 4: ARCHITECTURES[column] if arch is None else arch, 16: argument}
    program, at, register = filter_program(column), 0, 0
    while True:
        operation, if_true, if_false, operand = program[at]
        if operation == 0x06:
            return operand
        if operation == 0x20:
            register = memory[operand]
            at += 1
            continue
        tests = {
            0x15: register == operand,
            0x35: register >= operand,
            0x45: bool(register & operand),
        }
        at += 1 + (if_true if tests[operation] else if_false)


def refusal(number: int) -> int:
    return 0x50000 | number


@pytest.mark.parametrize("column", ARCHITECTURES)
def test_what_is_named_is_refused_and_what_python_needs_is_not(column: int) -> None:
    for numbers in REFUSED.values():
        if numbers[column] is not None:
            assert verdict(column, numbers[column]) == refusal(errno.EPERM)
    for numbers in NEEDED.values():
        assert verdict(column, numbers[column]) == ALLOW


@pytest.mark.parametrize("column", ARCHITECTURES)
def test_threads_may_be_made_and_processes_may_not(column: int) -> None:
    clone = (56, 220)[column]

    assert verdict(column, clone, 0x3D0F00) == ALLOW
    assert verdict(column, clone, 0x1200011) == refusal(errno.EPERM)
    assert verdict(column, clone, 0x10000011) == refusal(errno.EPERM)
    assert verdict(column, 435) == refusal(errno.ENOSYS)


@pytest.mark.parametrize("column", ARCHITECTURES)
def test_socket_pairs_stay_at_home(column: int) -> None:
    socketpair = (53, 199)[column]

    assert verdict(column, socketpair, 1) == ALLOW
    assert verdict(column, socketpair, 2) == refusal(errno.EPERM)


@pytest.mark.parametrize("column", ARCHITECTURES)
@pytest.mark.parametrize("number", [463, 500, 0x40000000, 0x40000000 + 520, 0xFFFFFFFF])
def test_calls_that_are_not_known_do_not_exist(column: int, number: int) -> None:
    assert verdict(column, number) == refusal(errno.ENOSYS)


def test_another_architectures_call_ends_the_process() -> None:
    assert verdict(0, 1, arch=0x40000003) == KILL


def test_numbers_are_those_of_the_systems_own_header() -> None:
    header = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
    if not header.exists():
        needs.lacking(needs.HEADERS)
    known = {m[1]: int(m[2]) for m in re.finditer(r"__NR_(\w+) (\d+)", header.read_text())}

    ours = {name: numbers[0] for name, numbers in REFUSED.items()}

    assert ours == {name: known[name] for name in ours}
