"""Says how far the chapters are: a bar in a terminal, a line for each chapter elsewhere."""

import sys
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar


class Progress:
    """Shows which chapters run and which are done.

    Args:
        total: How many there are.
        say: Prints a line where there is no terminal.
    """

    def __init__(self, total: int, say: Callable[[str], None]) -> None:
        self._say = say
        self._running: list[str] = []
        self._console = Console(file=sys.stdout, highlight=False)
        self._bar = Bar(
            TextColumn("running chapters"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("", total=total)

    def __enter__(self) -> "Progress":
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def started(self, name: str) -> None:
        """A chapter begins."""
        self._running.append(name)
        self._describe()

    def done(self, name: str, result: str) -> None:
        """A chapter has ended."""
        self._running.remove(name)
        self._bar.advance(self._task)
        self._describe()
        self._say(f"{name}: {result}")

    def _describe(self) -> None:
        self._bar.update(self._task, description=", ".join(self._running))
