"""Lines out, lines in: in a terminal, in a pipe and in a test alike."""

import io
import select
import sys
import textwrap
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

from rich.console import Console
from rich.text import Text

from lossedu.practice.plain_text import lines_of

WIDEST = 80
LETTERS = "abcdefghijklmnopqrstuvwxyz"
_TICK_S = 0.25


class LeftError(Exception):
    """Somebody has typed ``quit``, or the input has ended."""


class SkippedError(Exception):
    """Somebody has typed ``skip``."""


@dataclass(frozen=True)
class Clock:
    """What time it is; a test brings its own."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    seconds: Callable[[], float] = time.monotonic


class Terminal:
    """Where a session speaks and listens."""

    def __init__(self, clock: Clock | None = None) -> None:
        """Speak to standard output, in as many columns as it has, 80 at most."""
        self.clock = clock or Clock()
        self._console = Console(highlight=False, soft_wrap=True, emoji=False, markup=False)
        self.width = max(20, min(self._console.width, WIDEST))
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")
        if sys.stdin.isatty():
            with suppress(ImportError):  # not on every system
                import readline  # noqa: F401  the keys of a line editor

    @property
    def interactive(self) -> bool:
        """Whether a person sits at both ends."""
        return sys.stdin.isatty() and sys.stdout.isatty()

    def write(
        self, text: str = "", style: str = "", *, indent: str = "", first: str | None = None
    ) -> None:
        """Markdown with formulas, wrapped.

        Args:
            text: What to say.
            style: Its colour, for all of it.
            indent: What stands before each line.
            first: What stands before the first line instead, as wide as the indent.
        """
        lead = indent if first is None else first
        for line in lines_of(text, self.width - len(indent)) or [""]:
            self.line(f"{lead}{line}".rstrip(), style)
            lead = indent

    def wrapped(self, text: str, style: str = "", *, indent: str = "") -> None:
        """Words as they stand, without Markdown, wrapped; a path stays whole, to be copied."""
        self.lines(
            textwrap.wrap(
                text,
                self.width,
                initial_indent=indent,
                subsequent_indent=f"{indent}  ",
                break_on_hyphens=False,
                break_long_words=False,
            ),
            style,
        )

    def report(self, text: str, style: str = "", *, indent: str = "") -> None:
        """Words of a grader: what Python has printed keeps its lines."""
        if "\n" not in text:
            self.write(text, style, indent=indent)
            return
        for line in text.splitlines():
            self.line(f"{indent}{line}", style)

    def line(self, text: str = "", style: str = "") -> None:
        """One line as it stands."""
        self._console.print(Text(text, style=style))

    def lines(self, texts: Iterable[str], style: str = "") -> None:
        """Lines as they stand."""
        for text in texts:
            self.line(text, style)

    def items(self, labels: Iterable[str], texts: Iterable[str]) -> None:
        """A labelled list, each item wrapped under itself."""
        for label, text in zip(labels, texts, strict=False):
            lead = f"  {label}) "
            self.write(text, indent=" " * len(lead), first=lead)

    def rule(self, text: str, aside: str = "") -> None:
        """A heading, with something smaller at its end, or below it where there is no room."""
        self.line()
        room = self.width - len(text) - len(aside)
        if not aside:
            self.write(text, "bold")
        elif room >= 2:
            self._console.print(Text.assemble((text, "bold"), " " * room, (aside, "dim")))
        else:
            self.write(text, "bold")
            self.line(aside, "dim")

    def ask(self, prompt: str = "> ") -> str:
        """A line that was typed, without the spaces around it.

        Raises:
            LeftError: If the input has ended, or it was ``quit``.
        """
        typed = self.ask_raw(prompt).strip()
        if typed.lower() == "quit":
            self.leave()
        return typed

    def ask_raw(self, prompt: str = "") -> str:
        """A line as it was typed, spaces and all.

        Raises:
            LeftError: If the input has ended.
        """
        try:
            typed = input(prompt)
        except EOFError:
            self.line()
            self.leave()
        if not sys.stdin.isatty():
            self.line(typed)  # a transcript shows what was answered
        return typed

    def leave(self) -> NoReturn:
        """End the session."""
        raise LeftError

    def count_down(self, seconds: int) -> float:
        """Let somebody speak until Enter is pressed; a clock runs where there is a terminal.

        Returns:
            How long it took.
        """
        begun = self.clock.seconds()
        ticks = self.interactive and sys.platform != "win32"  # select takes only sockets there
        if ticks:
            self._tick(begun, seconds)
        self.ask("" if ticks else "  Enter when you are done ")
        return self.clock.seconds() - begun

    def _tick(self, begun: float, seconds: int) -> None:
        """Show the time until a key is pressed; what was typed is then read as a line."""
        while not select.select([sys.stdin], [], [], _TICK_S)[0]:
            left = seconds - int(self.clock.seconds() - begun)
            shown = f"{left // 60}:{left % 60:02}" if left >= 0 else f"{-left} s over"
            sys.stdout.write(f"\r  {shown:>9}  (Enter when you are done) ")
            sys.stdout.flush()
        sys.stdout.write("\r" + " " * (self.width - 1) + "\r")
