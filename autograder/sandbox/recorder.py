"""Keeps what cells print and show, in order and bounded, as outputs of the notebook format."""

import fcntl
import os
import sys
from collections.abc import Callable
from io import TextIOBase
from typing import Any

Output = dict[str, Any]

_CUT = "\n[the rest of what was printed is not kept]\n"
_CHUNK = 65_536


class Recorder:
    """Collects outputs of one cell after the other, up to a number of characters in all.

    Attributes:
        outputs: Of the current cell.
    """

    def __init__(self, most: int) -> None:
        self.outputs: list[Output] = []
        self._left = most
        self._raw: dict[str, int] = {}

    def capture(self) -> None:
        """From now on, take what is written to the standard streams, by Python or beneath it."""
        for name, descriptor in (("stdout", 1), ("stderr", 2)):
            file = os.memfd_create(name)
            fcntl.fcntl(file, fcntl.F_SETFL, os.O_APPEND)
            os.dup2(file, descriptor)
            os.close(file)
            # A copy of its own: a submission may close its standard streams.
            self._raw[name] = os.dup(descriptor)
            setattr(sys, name, Stream(name, descriptor, self._write))

    def take(self) -> list[Output]:
        """The outputs since the last time."""
        self._collect()
        taken, self.outputs = self.outputs, []
        return taken

    def show(self, output: Output) -> None:
        """Add an output, if there is room for its text."""
        self._collect()
        size = sum(len(text) for text in output.get("data", {}).values())
        if size <= self._left:
            self._left -= size
            self.outputs.append(output)

    def _write(self, name: str, text: str) -> None:
        self._collect()
        self._append(name, text)

    def _collect(self) -> None:
        """Take over what bypassed Python's streams."""
        for name, file in self._raw.items():
            try:
                size = os.fstat(file).st_size
                if size:
                    data = os.pread(file, min(size, _CHUNK), 0)
                    os.ftruncate(file, 0)
                    cut = _CUT if size > len(data) else ""
                    self._append(name, data.decode(errors="replace") + cut)
            except OSError:  # closed by the submission: its loss
                continue

    def _append(self, name: str, text: str) -> None:
        if self._left <= 0 or not text:
            return
        if len(text) > self._left:
            text = text[: self._left] + _CUT
        self._left -= len(text)
        last = self.outputs[-1] if self.outputs else {}
        if last.get("name") == name:
            last["text"] += text
        else:
            self.outputs.append({"output_type": "stream", "name": name, "text": text})


class Stream(TextIOBase):
    """A standard stream that hands text on."""

    def __init__(self, name: str, descriptor: int, write: Callable[[str, str], None]) -> None:
        self.name = f"<{name}>"
        self._kind, self._descriptor, self._hand_on = name, descriptor, write

    encoding = "utf-8"
    errors = "replace"

    def write(self, text: str) -> int:
        """Hand on a text; anything else is the caller's mistake."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._hand_on(self._kind, str(text))
        return len(text)

    def writable(self) -> bool:
        """Always."""
        return True

    def fileno(self) -> int:
        """Of the descriptor beneath."""
        return self._descriptor
