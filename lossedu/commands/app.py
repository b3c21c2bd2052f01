"""The command ``lossedu``: its subcommands, each from the module of its topic."""

from typing import Annotated

import typer

from lossedu.commands.choose import choose
from lossedu.commands.diagnose import diagnose
from lossedu.commands.drill import drill
from lossedu.commands.gate import gate as losses_gate
from lossedu.commands.incident import incident
from lossedu.commands.landscape import landscape
from lossedu.commands.landscape_reports import compare, gate, paths
from lossedu.commands.losses import losses
from lossedu.commands.monitor import monitor
from lossedu.commands.train import train
from lossedu.entry import show_version

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Which loss to take, what is known of it, training, what lies around a model, drills, and "
        "losses in production."
    ),
)

for command in (losses, choose, train, diagnose):
    app.command()(command)
app.command("gate")(losses_gate)
for report in (compare, gate, paths):
    landscape.command()(report)
app.add_typer(landscape, name="landscape")
app.add_typer(drill, name="drill")
app.add_typer(monitor, name="monitor")
app.add_typer(incident, name="incident")


def _say_version(asked: bool) -> None:
    if asked:
        show_version("lossedu")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Hold the options that stand before a subcommand."""
