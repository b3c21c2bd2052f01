"""What a session asks of whoever starts, measures and ends the processes of submissions."""

import socket
from dataclasses import dataclass
from typing import Protocol

from autograder.sandbox.ban import Ban
from autograder.sandbox.limits import Limits


@dataclass(frozen=True)
class Child:
    """A submission's process.

    Attributes:
        generation: Of the server that started it: a later one gives the same numbers again.
        number: By which that server knows it.
    """

    generation: int
    number: int


@dataclass(frozen=True)
class Spent:
    """What a process used that has been ended.

    Attributes:
        peak_mb: The most memory that it did not share.
        cpu_s: Seconds of processor time.
    """

    peak_mb: float = 0.0
    cpu_s: float = 0.0


class Host(Protocol):
    """What starts and ends the processes of submissions."""

    def start_child(self, channel: socket.socket, limits: Limits, ban: Ban) -> Child:
        """Have a child forked that listens on a channel."""
        ...

    def used_s(self, child: Child) -> float:
        """The processor time that a child has used so far."""
        ...

    def end_child(self, child: Child) -> Spent:
        """Have a child ended."""
        ...
