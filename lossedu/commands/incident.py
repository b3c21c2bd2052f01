"""``lossedu incident``: incidents of a model in service, to be run and to be solved."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lossedu.commands.errors import one_line

if TYPE_CHECKING:
    from lossedu.monitoring.scenarios.scenario import Run, Scenario
    from lossedu.tables import Table

incident = typer.Typer(
    no_args_is_help=True, help="Incidents of a model in service: run them, and find the cause."
)


@incident.command("list")
def listed() -> None:
    """Say which incidents there are."""
    from lossedu.monitoring.scenarios.catalog import scenarios
    from lossedu.tables import Table, print_table

    rows = [[one.name, one.title] for one in scenarios().values()]
    print_table(Table(["name", "what is seen"], rows, label="incidents"))


@incident.command("run")
def run(
    name: Annotated[str, typer.Argument(help="One that `lossedu incident list` names.")],
    seed: Annotated[int, typer.Option(min=0, help="Of the traffic.")] = 0,
    learn: Annotated[bool, typer.Option("--learn", help="Hide the cause, and ask for it.")] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Look at it in Prometheus, until Ctrl-C.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Run an incident: which alert fired when, what stayed silent, and what it cost.

    With --learn the exit code is 0 for the right cause and 1 for a wrong one.
    """
    from lossedu.monitoring.scenarios.catalog import scenario
    from lossedu.monitoring.scenarios.scenario import run as run_scenario

    with one_line():
        done = run_scenario(scenario(name), seed=seed)
    if as_json:
        typer.echo(json.dumps(_facts(done, with_cause=not learn), indent=2))
        return
    _tell(done)
    if serve:
        _serve(done)
    if learn:
        raise typer.Exit(0 if _asked(done.scenario, seed) else 1)
    typer.echo(f"\nCause: {done.scenario.cause}.\nWay out: {done.scenario.way_out}")


@incident.command()
def runbook(
    alert: Annotated[str, typer.Argument(help="The alert's name, as it was notified.")],
) -> None:
    """Say what to do about an alert: what to look at, decide, roll back and verify."""
    from lossedu.monitoring.runbooks.reading import runbook as of_alert

    with one_line():
        text = of_alert(alert).with_queries()
    typer.echo(text, nl=False)


def _tell(done: "Run") -> None:
    from lossedu.tables import print_table

    typer.echo(f"{done.scenario.title}\n{done.scenario.story}\n")
    if done.fired:
        print_table(_timeline(done))
    else:
        typer.echo("No alert fired.")
    typer.echo(f"silent: {', '.join(done.silent)}")
    typer.echo(f"budget of margin violations spent: {done.spent:.0%}")
    typer.echo(f"what to do: lossedu incident runbook {done.scenario.runbook}")


def _timeline(done: "Run") -> "Table":
    from lossedu.tables import Table

    rows: list[list[str | float]] = []
    for alert in dict.fromkeys(one.alert for one in done.fired):
        mine = [one for one in done.fired if one.alert == alert]
        lasts = mine[-1].ends_s == float("inf")
        rows.append(
            [alert, mine[0].severity, done.first(alert), len(mine), "yes" if lasts else "no"]
        )
    headings = ["alert", "severity", "minutes after", "times", "still fires"]
    return Table(headings, rows, label="what fired, after the fault began")


def _facts(done: "Run", *, with_cause: bool) -> dict[str, Any]:
    alerts = {
        alert: {"after_minutes": done.first(alert)}
        for alert in dict.fromkeys(one.alert for one in done.fired)
    }
    facts = {
        "name": done.scenario.name,
        "story": done.scenario.story,
        "fired": alerts,
        "silent": list(done.silent),
        "budget_spent": done.spent,
    }
    hidden = {"cause": done.scenario.cause, "way_out": done.scenario.way_out}
    return facts | (hidden if with_cause else {})


def _asked(scenario: "Scenario", seed: int) -> bool:
    """Ask for the cause; whether the answer was right."""
    import random

    from lossedu.monitoring.scenarios.catalog import other_causes

    causes = [scenario.cause, *other_causes(scenario)]
    random.Random(f"{scenario.name}-{seed}").shuffle(causes)
    typer.echo("\nWhat is the cause?")
    for number, cause in enumerate(causes, 1):
        typer.echo(f"  {number}. {cause}")
    answer: int = typer.prompt("number", type=int)
    right = 1 <= answer <= len(causes) and causes[answer - 1] == scenario.cause
    typer.echo("\nRight." if right else f"\nNo: {scenario.cause}.")
    typer.echo(f"Way out: {scenario.way_out}")
    return right


def _serve(done: "Run") -> None:
    import threading

    from lossedu.monitoring.services.processes import ended_by_sigterm
    from lossedu.monitoring.services.prometheus import serving_past

    bad = 'sum(rate(lossedu_bad_events_total{sli="margin_violation"}[1h]))'
    total = 'sum(rate(lossedu_events_total{sli="margin_violation"}[1h]))'
    hours = round((done.timeline.times[-1] - done.timeline.times[0]) / 3600)
    with one_line(), ended_by_sigterm(), serving_past(done.timeline) as server:
        asked = {
            "g0.expr": f"{bad} / {total}",
            "g0.tab": "0",
            "g0.range_input": f"{hours}h",
            "g0.end_input": f"{done.timeline.end:%Y-%m-%d %H:%M:%S}",
        }
        from urllib.parse import urlencode

        typer.echo(f"\n{server.address}/graph?{urlencode(asked)}\nCtrl-C ends it.")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            typer.echo()
