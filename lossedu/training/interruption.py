"""Signals that end a run after the step at hand, so that its last checkpoint is of that step."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch


@dataclass
class Interruption:
    """Whether the run shall end.

    Attributes:
        awaited: Whether signals are waited for at all.
        number: The signal that came; 0 before.
        agreed: Whether all processes know that one came.
    """

    awaited: bool = False
    number: int = 0
    agreed: bool = False

    def asked(self, accelerator: Any, *, together: bool) -> bool:
        """Whether a signal has come, to any process.

        Args:
            accelerator: Of the run.
            together: Whether all processes ask now; several decide only then, all alike.
        """
        if accelerator.num_processes == 1:
            self.agreed = self.number > 0
        elif self.awaited and together and not self.agreed:
            own = torch.tensor([self.number], device=accelerator.device)
            self.number = int(accelerator.gather(own).max())
            self.agreed = self.number > 0
        return self.agreed


@contextmanager
def signals_awaited(wanted: bool) -> Iterator[Interruption]:
    """Note SIGINT and SIGTERM instead of ending at once; raise them again after the block.

    The second signal of a kind is not waited for.  Signals that are ignored stay so, and outside of
    the main thread, which alone gets signals, nothing changes.

    Args:
        wanted: Whether to; otherwise signals do what they did.
    """
    interruption = Interruption(wanted)
    before: dict[int, Any] = {}

    def note(number: int, frame: Any) -> None:
        signal.signal(number, before[number])
        interruption.number = number

    if wanted and threading.current_thread() is threading.main_thread():
        for number in map(int, (signal.SIGINT, signal.SIGTERM)):
            handler = signal.getsignal(number)
            if handler not in (None, signal.SIG_IGN):
                before[number] = handler
                signal.signal(number, note)
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if interruption.number:
        signal.raise_signal(interruption.number)
