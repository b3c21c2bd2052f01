"""The soft limit: an interruption of what runs too long, so that the rest can still run."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

# A bare `except` may swallow an interruption; the next one follows.
_AGAIN_S = 0.1


class TookTooLong(BaseException):
    """Raised in the middle of what runs too long.  No ``except Exception`` catches it."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Interrupt the block after so many wall seconds.  In the main thread alone.

    Raises:
        TookTooLong: From within the block.
    """
    signal.signal(signal.SIGALRM, _interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_S)
    try:
        try:
            yield
        finally:
            # An interruption may strike even here; the next one is too far off to strike below.
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _interrupt(*_: object) -> None:
    raise TookTooLong
