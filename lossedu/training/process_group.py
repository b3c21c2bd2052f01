"""A group of processes that is opened here ends with the program; the caller's own is left to it.

Between runs the group stays: what comes after a run may still ask which process it is, and the next
run needs it again.  A group that is still open when the interpreter has gone takes the program down
with it, now and then: its threads are still at work.
"""

import atexit
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def ended_at_exit() -> Iterator[None]:
    """See to it that a group that the block opens is closed at exit, also after an exception."""
    before = _is_open()
    try:
        yield
    finally:
        if _is_open() and not before:
            atexit.register(_close)


def _is_open() -> bool:
    return torch.distributed.is_available() and torch.distributed.is_initialized()


def _close() -> None:
    if _is_open():  # the caller may have closed it
        torch.distributed.destroy_process_group()
