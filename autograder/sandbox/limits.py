"""What a submission may use."""

import resource
import signal
from dataclasses import asdict, dataclass
from pathlib import Path

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """What one submission may use, in total unless said otherwise.

    Seconds are of processor time, so that no mark hangs on what else the machine does.

    Attributes:
        notebook_s: Wall seconds for all cells and calls, those that train models apart.
        share_s: Seconds of those for one cell, and for all calls of one function.
        cell_s: Seconds for one cell; then it is interrupted, and the next one runs.
        call_s: Seconds for one call of a function.
        total_s: Seconds for everything, new beginnings included.
        grace_s: Seconds from an interruption that is not heeded to the end of the process.
        wall_factor: How many wall seconds may pass for each of those seconds: a backstop against
            what sleeps, which a busy machine does not reach.
        memory_mb: Memory beyond the server's own.
        file_mb: What the files in its temporary folder and its home may hold, each.
        output_bytes: Printed and displayed text that is kept, pictures left out.
        pictures: Figures that are kept.
        picture_bytes: Size of a figure; larger ones are drawn smaller.
        threads: Threads at a time.
        descriptors: Open files at a time.
    """

    notebook_s: float = 18.0
    share_s: float = 4.0
    cell_s: float = 60.0
    call_s: float = 10.0
    total_s: float = 300.0
    grace_s: float = 3.0
    wall_factor: float = 10.0
    memory_mb: int = 1024
    file_mb: int = 64
    output_bytes: int = 200_000
    pictures: int = 20
    picture_bytes: int = 300_000
    threads: int = 32
    descriptors: int = 128

    @property
    def share_wall_s(self) -> float:
        """Wall seconds for a share: twice as many, for a machine that is shared."""
        return 2 * self.share_s

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not value > 0:
                raise ValueError(f"{name} must be positive, but is {value}.")


def bound_this_process(limits: Limits, processes_already: int) -> None:
    """Take from this process, for good, the right to use more.

    Args:
        limits: What it may use beyond what it has inherited.
        processes_already: How many processes of the same user share its count.
    """
    held = _held_bytes()
    more = limits.memory_mb * MIB
    # Stacks and arenas of threads reserve addresses that they never fill: address space is wider.
    bounds = {
        resource.RLIMIT_DATA: held["VmData"] + more,
        resource.RLIMIT_AS: held["VmSize"] + more + 512 * MIB,
        resource.RLIMIT_FSIZE: limits.file_mb * MIB,
        resource.RLIMIT_NOFILE: limits.descriptors,
        resource.RLIMIT_NPROC: processes_already + limits.threads,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_CPU: int(limits.total_s) + 2,
    }
    for kind, bound in bounds.items():
        _lower(kind, bound)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a full file is an error, not a death


def _lower(kind: int, bound: int) -> None:
    """Set both limits, no higher than what is already the hardest."""
    hard = resource.getrlimit(kind)[1]
    bound = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
    resource.setrlimit(kind, (bound, bound))


def _held_bytes() -> dict[str, int]:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    fields = (line.split() for line in lines if line.endswith(" kB"))
    return {name.rstrip(":"): int(number) * 1024 for name, number, _ in fields}
