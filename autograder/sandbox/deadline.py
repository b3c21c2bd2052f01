"""The soft limits: an interruption of what runs too long, so that the rest can still run."""

from collections.abc import Iterator
from contextlib import contextmanager

# Bound here, by name: what a submission puts in their places in `signal` is not what runs.
from signal import ITIMER_PROF, ITIMER_REAL, SIGALRM, SIGPROF, setitimer, signal

# A bare `except` may swallow an interruption; the next one follows.
_AGAIN_CPU_S = 0.1
_AGAIN_WALL_S = 1.0


class TookTooLong(BaseException):
    """Raised in the middle of what runs too long, with how long that is.

    No ``except Exception`` catches it.
    """


@contextmanager
def at_most(cpu_s: float, wall_s: float) -> Iterator[None]:
    """Interrupt the block after so much processor time.  In the main thread alone.

    Processor time is what the block takes on any machine, however busy; wall time is a backstop
    against what sleeps.

    Args:
        cpu_s: Seconds of processor time, of all threads together.
        wall_s: Seconds that pass meanwhile, many more.

    Raises:
        TookTooLong: From within the block.
    """
    armed = True

    def interrupt(number: int, _: object) -> None:
        if armed:
            limit = f"{cpu_s:g} s of processor time" if number == SIGPROF else f"{wall_s:g} s"
            raise TookTooLong(f"more than {limit}")

    signal(SIGPROF, interrupt)
    signal(SIGALRM, interrupt)
    setitimer(ITIMER_PROF, cpu_s, _AGAIN_CPU_S)
    setitimer(ITIMER_REAL, wall_s, _AGAIN_WALL_S)
    try:
        yield
    finally:
        armed = False  # from here on, a timer that still strikes strikes nobody
        setitimer(ITIMER_PROF, 0)
        setitimer(ITIMER_REAL, 0)
