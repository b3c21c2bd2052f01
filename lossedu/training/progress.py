"""What a run shows while it works: one line that moves, or in a log one line an epoch at most."""

import math
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """Told what has happened since it was told last."""

    def __call__(self, step: int, figures: Mapping[str, float]) -> None:
        """Show the step and what is known of it."""


@contextmanager
def progress_bar(total: int | None, *, shown: bool) -> Iterator[Progress]:
    """A live bar in a terminal; lines in a log, without rich; in a notebook nothing."""
    if not shown or type(sys.stderr).__module__.startswith("ipykernel"):
        yield _silent
        return
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("step"),
        MofNCompleteColumn(),
        BarColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}"),
    )
    # Drawn when there is something new: a thread that redraws would take time from training.
    with Bar(*columns, console=Console(stderr=True), auto_refresh=False) as bar:
        task = bar.add_task("", total=total, figures="")

        def show(step: int, figures: Mapping[str, float]) -> None:
            bar.update(task, completed=step, figures=as_words(figures), refresh=True)

        yield show


EVERY, THEN_S = 100, 1.0
"""So many epochs have a line each; later ones have one when so many seconds have passed."""


class Lines:
    """A line at the end of an epoch, for files and logs."""

    def __init__(self) -> None:
        self._count, self._written_s = 0, 0.0

    def __call__(self, step: int, figures: Mapping[str, float]) -> None:
        """Write it; what is known of single steps is not written."""
        now = time.monotonic()
        due = self._count < EVERY or now - self._written_s >= THEN_S
        if "train_loss" in figures and due:
            self._count, self._written_s = self._count + 1, now
            sys.stderr.write(f"step {step}  {as_words(figures)}\n")
            sys.stderr.flush()


def _silent(step: int, figures: Mapping[str, float]) -> None:
    """Nobody looks."""


def as_words(figures: Mapping[str, float]) -> str:
    """The figures that a person follows.

    Example:
        >>> as_words({"epoch": 3, "loss": 0.25, "valid_loss": math.nan})
        'epoch 3  loss 0.25'
    """
    wanted = ("epoch", "loss", "train_loss", "valid_loss", "learning_rate")
    shown = {n: figures[n] for n in wanted if not math.isnan(figures.get(n, math.nan))}
    return "  ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in shown.items())
