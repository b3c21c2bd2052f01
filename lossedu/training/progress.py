"""What a run shows while it works: one line that moves, and nothing where nobody looks."""

import math
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """Told what has happened since it was told last."""

    def __call__(self, step: int, figures: Mapping[str, float]) -> None:
        """Show the step and what is known of it."""


@contextmanager
def progress_bar(total: int | None, *, shown: bool) -> Iterator[Progress]:
    """A live bar in a terminal; silent elsewhere, without rich too."""
    if not (shown and sys.stderr.isatty()):
        yield _silent
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


def _silent(step: int, figures: Mapping[str, float]) -> None:
    """Nobody looks."""


def as_words(figures: Mapping[str, float]) -> str:
    """The figures that a person follows.

    Example:
        >>> as_words({"epoch": 3, "loss": 0.25, "valid_loss": math.nan})
        'epoch 3  loss 0.25'
    """
    wanted = ("epoch", "loss", "valid_loss", "learning_rate")
    shown = {n: figures[n] for n in wanted if not math.isnan(figures.get(n, math.nan))}
    return "  ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in shown.items())
