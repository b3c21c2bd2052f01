"""How tests wait: for a state, however long it takes; the limit is one that only a hang reaches."""

import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

import psutil

HANG_S = 600.0
LOOK_EVERY_S = 0.02


def wait_until(true: Callable[[], object]) -> None:
    """Return as soon as something is true."""
    end = time.monotonic() + HANG_S
    while not true():
        assert time.monotonic() < end, "it hangs"
        time.sleep(LOOK_EVERY_S)


def living(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Those that have not ended.

    A process that has ended stays in the table until its parent, or the first process of the
    container, asks how; not every first process does.
    """
    return [process for process in processes if _lives(process)]


def group_lives(group: int) -> bool:
    """Whether a process of a group has not ended."""
    return any(_is_of(process, group) and _lives(process) for process in psutil.process_iter())


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() not in (
            psutil.STATUS_ZOMBIE,
            psutil.STATUS_DEAD,
        )
    return False


def _is_of(process: psutil.Process, group: int) -> bool:
    with suppress(ProcessLookupError):
        return os.getpgid(process.pid) == group
    return False
