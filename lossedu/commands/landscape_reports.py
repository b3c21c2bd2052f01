"""``lossedu landscape compare``, ``gate`` and ``paths``: reports on saved models."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lossedu.commands.errors import one_line
from lossedu.commands.landscape import Target
from lossedu.commands.landscape_targets import is_function, objective_of

if TYPE_CHECKING:
    from lossedu.landscape import Objective
    from lossedu.landscape.reports.comparison import Comparison
    from lossedu.landscape.reports.gate import GateResult
    from lossedu.tables import Table

_Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def compare(
    first: Target,
    second: Target,
    out: Annotated[Path, typer.Option(help="Folder for the page and the JSON.")] = Path("compared"),
    as_json: _Json = False,
) -> None:
    """Set two checkpoints beside each other: one HTML page and JSON.

    Data and loss are those of FIRST, and so is the held-out part; functions have none.
    """
    from lossedu.destinations import check_folder

    with one_line():
        check_folder("out", out)
        found = _comparison(first, second)
        written = found.write(out)
    _say(found, as_json=as_json)
    if not as_json:
        typer.echo("written to " + " and ".join(map(str, written)))


def gate(
    target: Target,
    limits: Annotated[Path, typer.Option(help="YAML or JSON: figures and their limits.")],
    reference: Annotated[
        str, typer.Option(help="An earlier one, for limits of barrier and drift.")
    ] = "",
    as_json: _Json = False,
) -> None:
    """Hold a saved model against limits; exit code 0 passes, 1 fails, 2 is wrong use.

    A file of limits gives each figure the most that it may be, or both ends:

        top_eigenvalue: 60
        accuracy: {least: 0.95}
    """
    with one_line():
        result = _gated(target, limits, reference)
    _say(result, as_json=as_json)
    raise typer.Exit(result.exit_code)


def paths(
    first: Target,
    second: Target,
    align: Annotated[
        bool | None,
        typer.Option(help="Bring hidden units into one order as well; folders' by default."),
    ] = None,
    steps: Annotated[int, typer.Option(help="Training steps of the curve.")] = 600,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Weights to end at in place of SECOND's own.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Look for ways between two models: the straight line, aligned, and a trained curve.

    Data and loss are those of FIRST.
    """
    from lossedu.landscape.results.plain import as_plain

    with one_line():
        tables = _ways(first, second, align, steps, checkpoint)
    if as_json:
        rows = [dict(zip(t.headings, row, strict=True)) for t in tables for row in t.rows]
        typer.echo(json.dumps(as_plain(rows, tensors=False), allow_nan=False))
    else:
        for table in tables:
            _print(table)


def _ways(
    first: str, second: str, align: bool | None, steps: int, checkpoint: Path | None
) -> list["Table"]:
    from lossedu.landscape.connectivity.paths import low_loss_path

    of_functions = is_function(first) or is_function(second)
    if of_functions and align:
        raise ValueError(
            "align must be left out for functions, whose Objectives keep no model, but is asked "
            "for. Hint: lossedu.landscape.aligned_barrier takes two models."
        )
    aligned: list[Table] = []
    if of_functions:
        ends = _objectives(first, second, checkpoint)
    else:
        aligned, ends = _runs(first, second, checkpoint, align is not False)
    path = low_loss_path(ends[0], ends[0].point, ends[1].point, steps=steps, progress=True)
    return [path.table(), *aligned]


def _objectives(first: str, second: str, checkpoint: Path | None) -> list["Objective"]:
    from lossedu.landscape.reports.movement import check_same_elsewhere

    ends = [objective_of(first), objective_of(second, "", checkpoint)]
    check_same_elsewhere(*ends)
    # Between two models each has statistics of its own.
    return [end.with_batch_norm("recomputed") if end.has_batch_norm else end for end in ends]


def _runs(
    first: str, second: str, checkpoint: Path | None, align: bool
) -> tuple[list["Table"], list["Objective"]]:
    from lossedu.landscape.connectivity.alignment import aligned_barrier
    from lossedu.landscape.reports.comparison import between
    from lossedu.landscape.reports.movement import check_same_elsewhere
    from lossedu.landscape.slices.checkpoint import read_state
    from lossedu.training.module_states import load_by_name
    from lossedu.training.saved_runs import read_run

    one, other = read_run(first), read_run(second)
    if checkpoint is not None:
        load_by_name(other.model, read_state(checkpoint))
    ends = [between(run.model, one.task.loss, [one.task.train]) for run in (one, other)]
    check_same_elsewhere(*ends)
    if not align:
        return [], ends
    # First, for it takes a moment where the curve takes long, and may not be possible.
    try:
        return [aligned_barrier(ends[0], one.model, other.model).table()], ends
    except (TypeError, ValueError) as error:
        raise ValueError(f"{error} Hint: --no-align leaves this out.") from error


def _comparison(first: str, second: str) -> "Comparison":
    from lossedu.landscape.reports.comparison import compare_checkpoints, compare_objectives
    from lossedu.training.saved_runs import read_run

    names = _names(first, second)
    if is_function(first) or is_function(second):
        ends = (objective_of(target) for target in (first, second))
        return compare_objectives(*ends, names=names, progress=True)
    one, other = read_run(first), read_run(second)
    task = one.task
    return compare_checkpoints(
        one.model,
        other.model,
        task.loss,
        [task.train],
        [task.valid],
        names=names,
        progress=True,
    )


def _gated(target: str, limits: Path, reference: str) -> "GateResult":
    from lossedu.landscape.reports.gate import gate_objective, landscape_gate, read_limits
    from lossedu.training.saved_runs import read_run

    allowed = read_limits(limits)
    if is_function(target):
        earlier = objective_of(reference) if reference else None
        return gate_objective(objective_of(target), allowed, reference=earlier)
    run, before = read_run(target), read_run(reference).model if reference else None
    data, held_out = [run.task.train], [run.task.valid]  # some losses are of all examples together
    return landscape_gate(run.model, run.task.loss, data, allowed, held_out, reference=before)


def _names(first: str, second: str) -> tuple[str, str]:
    """The folders' names, with as many of those above as tell them apart."""
    if is_function(first) or is_function(second):
        return first, second
    one, other = (Path(target).resolve().parts for target in (first, second))
    deepest = max(len(one), len(other))
    for depth in range(1, deepest):
        if one[-depth:] != other[-depth:]:
            return str(Path(*one[-depth:])), str(Path(*other[-depth:]))
    return first, second


def _say(result: Any, *, as_json: bool) -> None:
    if as_json:
        typer.echo(result.to_json())
    else:
        _print(result.table())


def _print(table: Any) -> None:
    from rich.console import Console

    from lossedu.tables import as_rich

    # Without markup: a folder may be called run[3].
    Console(highlight=False, markup=False).print(as_rich(table))
