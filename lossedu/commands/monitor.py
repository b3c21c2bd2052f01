"""``lossedu monitor``: objectives from a file, their rules, and what they can see."""

from pathlib import Path
from typing import Annotated

import typer

from lossedu.commands.errors import one_line

monitor = typer.Typer(no_args_is_help=True, help="Objectives for losses in production.")

_Slos = Annotated[Path, typer.Argument(help="OpenSLO v1, YAML.")]


@monitor.command()
def check(
    slos: _Slos,
    usual: Annotated[
        float, typer.Option(help="The share of bad events while nothing is wrong.")
    ] = 0.01,
    events_an_hour: Annotated[float, typer.Option(help="Labelled events an hour.")] = 1000.0,
) -> None:
    """Say when each alert of a file would fire, and how often by chance.

    An alert that can never fire is refused.
    """
    from lossedu.monitoring.slo.document import read
    from lossedu.monitoring.slo.reach import false_alarms, reach
    from lossedu.tables import print_table

    with one_line():
        objectives = read(slos)
        tables = [
            table
            for slo in objectives
            for table in (
                reach(slo),
                false_alarms(slo, usual=usual, events_an_hour=events_an_hour),
            )
        ]
    for table in tables:
        print_table(table)


@monitor.command()
def rules(
    slos: _Slos,
    out: Annotated[Path | None, typer.Option(help="File to write; else they are printed.")] = None,
) -> None:
    """Write the recording and alerting rules of Prometheus for a file of objectives."""
    from lossedu.destinations import check_file
    from lossedu.monitoring.slo.document import read
    from lossedu.monitoring.slo.rules import rule_file
    from lossedu.whole_files import write_whole

    with one_line():
        if out is not None:
            check_file("out", out)
        text = rule_file(read(slos))
        if out is not None:
            write_whole(out, text)
    if out is None:
        typer.echo(text, nl=False)
    else:
        typer.echo(f"written to {out}")
