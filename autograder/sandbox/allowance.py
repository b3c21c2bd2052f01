"""How long a submission may still take: processor time, and wall time as a backstop.

Processor time is the same on a busy machine and on an idle one, so no mark hangs on what else the
machine does.  It is read outside, from the kernel: nothing that a submission says counts.
"""

import math
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from autograder.sandbox.limits import Limits

# What answers at once is never measured; what does not is measured no more often than this.
_LOOK_EVERY_S = 0.05
_SHORTEST_S = 0.001
_MOST_NAMED = 3
# A submission interrupts itself when the notebook's time is up; it is ended if that does not help.
_LAST_WORDS_S = 2.0

Got = TypeVar("Got")


class Due:
    """When an answer is due.

    Args:
        cpu_s: Seconds of processor time for it.
        total_cpu_s: Seconds of processor time for all that its process does.
        wall_s: Seconds that may pass meanwhile.
        used_s: Reads the processor time that its process has used so far.
    """

    def __init__(
        self, cpu_s: float, total_cpu_s: float, wall_s: float, used_s: Callable[[], float]
    ) -> None:
        self._cpu_s, self._total_cpu_s, self._used_s = cpu_s, total_cpu_s, used_s
        self._end = time.monotonic() + wall_s
        self._look_at = time.monotonic() + _LOOK_EVERY_S
        self._before_s: float | None = None
        self._late = False

    def until(self, channel: socket.socket, attempt: Callable[[], Got]) -> Got:
        """What an attempt on a socket gives, as soon as it gives anything.

        Time is read first: what is there after that was there in time, however late it is looked
        for, and whatever its process has begun since.

        Raises:
            TimeoutError: If the time is up, and there is nothing.
        """
        while True:
            self._late = self._late or self._is_late()
            wait_s = max(self._next - time.monotonic(), _SHORTEST_S)
            channel.settimeout(0 if self._late else wait_s)
            try:
                return attempt()
            except (TimeoutError, BlockingIOError):
                if self._late:
                    raise TimeoutError from None

    @property
    def _next(self) -> float:
        return min(self._look_at, self._end)

    def _is_late(self) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        left = self._left_cpu_s()
        self._look_at = now + max(left, _LOOK_EVERY_S)
        return left <= 0 or now >= self._end

    def _left_cpu_s(self) -> float:
        used = self._used_s()
        if self._before_s is None:
            self._before_s = used
        return min(self._cpu_s - (used - self._before_s), self._total_cpu_s - used)


class Allowance:
    """What is left of the limits of one submission, new beginnings included.

    Args:
        limits: Of the submission.
        used_s: Reads the processor time that its present process has used so far.

    Attributes:
        notebook_s: Wall seconds that are left for what trains no model.
    """

    def __init__(self, limits: Limits, used_s: Callable[[], float]) -> None:
        self._limits, self._used_s = limits, used_s
        self.cpu_s = limits.total_s
        self._wall_s = limits.total_s * limits.wall_factor
        self.notebook_s = limits.notebook_s
        self._took_s: dict[str, float] = defaultdict(float)

    @property
    def spent(self) -> bool:
        """Whether nothing is left for a new beginning."""
        return self.cpu_s <= 0 or self._wall_s <= 0 or self.notebook_s <= 0

    def bill(self) -> str:
        """What used up the notebook's time, the dearest first; empty if there is time left."""
        if self.notebook_s > 0:
            return ""
        dearest = sorted(self._took_s.items(), key=lambda item: -item[1])[:_MOST_NAMED]
        named = ", ".join(f"{part} ({seconds:.1f} s)" for part, seconds in dearest)
        most = f"a notebook may take {self._limits.notebook_s:g} s, training apart"
        return f"{most}; most went to {named}"

    def take(self, cpu_s: float) -> None:
        """Take away what a process has used that is no more."""
        self.cpu_s -= cpu_s

    @contextmanager
    def due(self, soft_s: float, part: str, *, trains: bool = False) -> Iterator[Due]:
        """Begin to wait for an answer.

        Args:
            soft_s: Seconds of processor time that it should take at most.
            part: Of the notebook: whose answer.
            trains: Whether it trains a model, which takes its own time.
        """
        started, limits = time.monotonic(), self._limits
        hard_s = soft_s + limits.grace_s
        wall_s = min(hard_s * limits.wall_factor, self._wall_s)
        if not trains:
            hard_s = min(soft_s, limits.share_s) + limits.grace_s
            last_s = self.notebook_s + min(limits.grace_s, _LAST_WORDS_S)
            wall_s = min(wall_s, limits.share_wall_s + limits.grace_s, last_s)
        try:
            yield Due(hard_s, self.cpu_s, wall_s, self._used_s)
        finally:
            took_s = time.monotonic() - started
            self._wall_s -= took_s
            if not trains:
                self.notebook_s -= took_s
                self._took_s[part] += took_s


def within(wall_s: float) -> Due:
    """For what counts for nobody: due in so many wall seconds, whatever it computes."""
    return Due(math.inf, math.inf, wall_s, lambda: 0.0)
