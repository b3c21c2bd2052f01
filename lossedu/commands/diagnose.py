"""``lossedu diagnose``: what is wrong with a run, from its history."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lossedu.commands.errors import one_line, refused

if TYPE_CHECKING:
    from lossedu.training.history import History


def diagnose(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(help="Histories, or folders that lossedu train has written."),
    ] = None,
    failures: Annotated[
        bool, typer.Option("--failures", help="Train small runs that fail, each in its own way.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the failing runs.")] = 0,
) -> None:
    """Name what is wrong with a run, since when, how one can tell, and what helps.

    Exit with 1 if anything was found.
    """
    from rich.console import Console

    from lossedu.tables import as_rich
    from lossedu.training.diagnosis import diagnose as found_in
    from lossedu.training.diagnosis import findings_table

    console = Console(highlight=False)
    if failures:
        console.print(as_rich(findings_table(_failed(seed))))
        return
    if not runs:
        refused(
            "runs must name folders that lossedu train has written, but none is given. "
            "Hint: lossedu diagnose runs"
        )
    sick = False
    for name, history in _read(runs).items():
        found = found_in(history)
        sick = sick or bool(found)
        console.print(f"{name}: {'nothing found' if not found else ''}", markup=False)
        for diagnosis in found:
            console.print(f"  {diagnosis}", markup=False)
    raise typer.Exit(int(sick))


def _read(paths: list[Path]) -> Mapping[str, "History"]:
    from lossedu.training.saved_runs import read_history

    with one_line():
        return {str(path): read_history(path) for path in paths}


def _failed(seed: int) -> Mapping[str, "History"]:
    from rich.progress import track

    from lossedu.training.diagnosis.failures import failures

    def runs() -> Iterator[tuple[str, "History"]]:
        every = failures()
        for name, run in track(every.items(), "training what fails", transient=True):
            yield name, run(seed)

    return dict(runs())
