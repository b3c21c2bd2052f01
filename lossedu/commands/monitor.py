"""``lossedu monitor``: objectives, their rules, what they can see, and servers that watch them."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lossedu.commands.errors import one_line

if TYPE_CHECKING:
    from lossedu.monitoring.services.stack import Stack

monitor = typer.Typer(no_args_is_help=True, help="Objectives for losses in production.")

_CHECKS_S = 2.0

_Slos = Annotated[Path, typer.Argument(help="OpenSLO v1, YAML.")]


@monitor.command()
def check(
    slos: _Slos,
    usual: Annotated[
        float, typer.Option(min=0, max=1, help="The share of bad events while nothing is wrong.")
    ] = 0.01,
    events_an_hour: Annotated[float, typer.Option(min=0, help="Labelled events an hour.")] = 1000.0,
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


@monitor.command()
def dashboards(
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("dashboards"),
) -> None:
    """Write three dashboards, each for Grafana and for Perses: executive, on-call and debug."""
    from lossedu.destinations import check_folder
    from lossedu.monitoring.dashboards.description import DASHBOARDS
    from lossedu.monitoring.dashboards.files import grafana, perses
    from lossedu.whole_files import write_whole

    with one_line():
        check_folder("out", out)
        for dashboard in DASHBOARDS:
            for kind, made in (("grafana", grafana), ("perses", perses)):
                path = out / f"{dashboard.name}.{kind}.json"
                write_whole(path, made(dashboard))
                typer.echo(path)


@monitor.command()
def up(
    speed: Annotated[
        float,
        typer.Option(min=1, max=600, help="An hour of windows passes in 60 minutes / SPEED."),
    ] = 60.0,
    trouble_after: Annotated[
        float,
        typer.Option(min=0, help="Seconds until labels are mapped the wrong way; 0: never."),
    ] = 20.0,
    lasts: Annotated[float, typer.Option(min=0, help="Seconds that this lasts.")] = 30.0,
    notifications: Annotated[int, typer.Option(min=0, help="End after so many; 0: at Ctrl-C.")] = 0,
) -> None:
    """Start a service, Prometheus and Alertmanager on loopback, and print what is notified.

    All that they write is in a folder that is removed in the end.
    """
    import tempfile

    from lossedu.monitoring.services import demonstration, stack
    from lossedu.monitoring.services.alertmanager import Pace
    from lossedu.monitoring.services.processes import ended_by_sigterm

    trouble = demonstration.Trouble(trouble_after, lasts) if trouble_after > 0 else None
    pace = Pace(first_s=1.0, change_s=2.0, repeat_s=3600.0)
    with (
        one_line(),
        ended_by_sigterm(),
        tempfile.TemporaryDirectory(prefix="lossedu-monitor-") as folder,
        demonstration.service(trouble) as target,
        stack.up(
            stack.plan(
                Path(folder),
                demonstration.objectives(speed),
                [target],
                scrape_s=1.0,
                interval_s=1.0,
                pace=pace,
            )
        ) as servers,
    ):
        typer.echo(f"metrics       http://{target}/metrics")
        typer.echo(f"Prometheus    {servers.prometheus.address}/alerts")
        typer.echo(f"Alertmanager  http://{servers.alertmanager}")
        typer.echo("Ctrl-C ends all of them.")
        _follow(servers, notifications)


def _follow(servers: "Stack", most: int) -> None:
    """Print notifications as they come."""
    begin = checked = time.monotonic()
    shown = 0
    try:
        while not most or shown < most:
            for one in servers.inbox.notifications()[shown:]:
                shown += 1
                after = time.monotonic() - begin
                typer.echo(f"{after:5.0f} s  {one.receiver}: {one.status}: {', '.join(one.alerts)}")
            if time.monotonic() - checked > _CHECKS_S:
                servers.check()
                checked = time.monotonic()
            time.sleep(0.2)
    except KeyboardInterrupt:
        typer.echo()
