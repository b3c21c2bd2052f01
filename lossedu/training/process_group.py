"""A group of processes that is opened here ends with the program; the caller's own is left to it.

Between runs the group stays: what comes after a run may still ask which process it is, and the next
run needs it again.  A group that is still open when the interpreter has gone takes the program down
with it, now and then: its threads are still at work.
"""

import atexit
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_WORLDS = ("WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE")
"""Where launchers and MPI write how many processes they have started."""


def several_on_cpus() -> bool:
    """Whether a launcher has started several processes where there is no accelerator.

    Otherwise accelerate takes each of them for the only one.
    """
    several = any(os.environ.get(name, "1") != "1" for name in _WORLDS)
    return several and not torch.accelerator.is_available()


def warn_if_alone() -> None:
    """Warn where ``accelerate launch --cpu --num_processes 2`` has started one process.

    It leaves the starting of several to MPI, and says nothing where there is none.
    """
    launched = os.environ.get("ACCELERATE_USE_CPU", "").lower() == "true"
    if launched and "MASTER_ADDR" in os.environ and not any(w in os.environ for w in _WORLDS):
        warnings.warn(
            "accelerate launch --cpu with several processes starts one: the others are left to "
            "MPI. Hint: torchrun --nproc-per-node 2 PROGRAM.",
            stacklevel=2,
        )


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
