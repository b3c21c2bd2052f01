"""``lossedu landscape compare``, ``gate`` and ``paths``: reports on saved models."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from lossedu.landscape.comparison import Comparison
    from lossedu.landscape.gate import GateResult

_Target = Annotated[
    str,
    typer.Argument(
        help="A folder that lossedu train has written, or package.module:function that returns an "
        "Objective.",
        show_default=False,
    ),
]
_Folder = Annotated[Path, typer.Argument(help="A folder that lossedu train has written.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def compare(
    first: _Target,
    second: _Target,
    out: Annotated[Path, typer.Option(help="Folder for the page and the JSON.")] = Path("compared"),
    as_json: _Json = False,
) -> None:
    """Set two checkpoints beside each other: one HTML page and JSON.

    Data and loss are those of FIRST, and so is the held-out part; functions have none.
    """
    from lossedu.landscape_cli import in_words

    with in_words():
        found = _comparison(first, second)
        written = found.write(out)
    _say(found, as_json=as_json)
    if not as_json:
        typer.echo("written to " + " and ".join(map(str, written)))


def gate(
    target: _Target,
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
    from lossedu.landscape_cli import in_words

    with in_words():
        result = _gated(target, limits, reference)
    _say(result, as_json=as_json)
    raise typer.Exit(result.exit_code)


def paths(
    first: _Folder,
    second: _Folder,
    align: Annotated[bool, typer.Option(help="Bring hidden units into one order as well.")] = True,
    steps: Annotated[int, typer.Option(help="Training steps of the curve.")] = 600,
    as_json: _Json = False,
) -> None:
    """Look for ways between two models: the straight line, aligned, and a trained curve."""
    from lossedu.landscape.alignment import aligned_barrier
    from lossedu.landscape.comparison import between, finite
    from lossedu.landscape.paths import low_loss_path
    from lossedu.landscape_cli import in_words
    from lossedu.training.saved_runs import read_run

    with in_words():
        one, other = read_run(first), read_run(second)
        objective = between(one.model, one.task.loss, [one.task.train])
        end = objective.flatten(dict(other.model.named_parameters()))
        path = low_loss_path(objective, objective.point, end, steps=steps)
        aligned = aligned_barrier(objective, one.model, other.model) if align else None
    tables = [path.table()] + ([] if aligned is None else [aligned.table()])
    if as_json:
        rows = [dict(zip(t.headings, row, strict=True)) for t in tables for row in t.rows]
        typer.echo(json.dumps(finite(rows), allow_nan=False))
    else:
        for table in tables:
            _print(table)


def _comparison(first: str, second: str) -> "Comparison":
    from lossedu.landscape.comparison import compare_checkpoints, compare_objectives
    from lossedu.landscape_cli import objective_of
    from lossedu.training.saved_runs import read_run

    names = _names(first, second)
    if _is_function(first) or _is_function(second):
        ends = (objective_of(target, "frozen") for target in (first, second))
        return compare_objectives(*ends, names=names)
    one, other = read_run(first), read_run(second)
    task = one.task
    return compare_checkpoints(
        one.model, other.model, task.loss, [task.train], [task.valid], names=names
    )


def _gated(target: str, limits: Path, reference: str) -> "GateResult":
    from lossedu.landscape.gate import gate_objective, landscape_gate, read_limits
    from lossedu.landscape_cli import objective_of
    from lossedu.training.saved_runs import read_run

    allowed = read_limits(limits)
    if _is_function(target):
        earlier = objective_of(reference, "frozen") if reference else None
        return gate_objective(objective_of(target, "frozen"), allowed, reference=earlier)
    run, before = read_run(target), read_run(reference).model if reference else None
    data, held_out = [run.task.train], [run.task.valid]  # some losses are of all examples together
    return landscape_gate(run.model, run.task.loss, data, allowed, held_out, reference=before)


def _is_function(target: str) -> bool:
    return ":" in target and not Path(target).exists()


def _names(first: str, second: str) -> tuple[str, str]:
    """The folders' names, or all of what was given where these are the same."""
    if _is_function(first) or _is_function(second):
        return first, second
    short = [Path(target).resolve().name for target in (first, second)]
    return (first, second) if short[0] == short[1] else (short[0], short[1])


def _say(result: Any, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(result.as_json(), allow_nan=False))
    else:
        _print(result.table())


def _print(table: Any) -> None:
    from rich.console import Console

    from lossedu.tables import as_rich

    Console(highlight=False).print(as_rich(table))
