"""How much of a notebook's time each of its parts may use: no part takes what others need.

This is the soft side, in the submission's own process: what is interrupted here in time leaves the
rest to be run.  The hard side is in the grader.
"""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from autograder.sandbox.deadline import TookTooLong, at_most
from autograder.sandbox.limits import Limits
from autograder.sandbox.session import Call, Cell


class Share:
    """What the cells and functions of one process may still use.

    Args:
        limits: Of the submission.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._cpu_s: dict[str, float] = defaultdict(float)
        self._wall_s: dict[str, float] = defaultdict(float)

    def of_cell(self, cell: Cell, left_s: float) -> AbstractContextManager[None]:
        """Interrupt a cell in time.

        Args:
            cell: Which.
            left_s: Seconds that the whole notebook may still take.
        """
        limits = self._limits
        if cell.trains:
            return at_most(limits.cell_s, limits.cell_s * limits.wall_factor)
        cpu_s = min(limits.cell_s, limits.share_s)
        wall_s = min(limits.cell_s * limits.wall_factor, limits.share_wall_s, left_s)
        return at_most(cpu_s, _positive(wall_s))

    @contextmanager
    def of_call(self, call: Call, left_s: float) -> Iterator[None]:
        """Interrupt a call in time; at once, if all calls of its function have used their share."""
        limits, name = self._limits, call.function
        if call.trains:
            with at_most(limits.call_s, limits.call_s * limits.wall_factor):
                yield
            return
        cpu_s = limits.share_s - self._cpu_s[name]
        wall_s = min(limits.share_wall_s - self._wall_s[name], left_s)
        if cpu_s <= 0 or wall_s <= 0:
            raise TookTooLong(f"more than {limits.share_s:g} s in all calls")
        started, used = time.monotonic(), time.process_time()
        try:
            with at_most(
                min(limits.call_s, cpu_s), min(limits.call_s * limits.wall_factor, wall_s)
            ):
                yield
        finally:
            self._wall_s[name] += time.monotonic() - started
            self._cpu_s[name] += time.process_time() - used


def _positive(seconds: float) -> float:
    """A timer of no seconds would never strike."""
    return max(seconds, 0.001)
