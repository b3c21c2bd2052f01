"""``lossedu train``: a recipe and what to change of it, from a YAML file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lossedu.commands.errors import one_line

if TYPE_CHECKING:
    from lossedu.training.history import History
    from lossedu.training.recipes import Recipe

_SHOWN = ("epoch", "train_loss", "valid_loss", "loss_p99")


def train(
    config: Annotated[
        str,
        typer.Argument(help="A YAML file, or the name of a recipe: digits.", show_default=False),
    ] = "",
    out: Annotated[
        Path, typer.Option(help="Folder for the history, its plot, the model and config.yaml.")
    ] = Path("runs"),
    quiet: Annotated[bool, typer.Option("--quiet", help="No bar and no table.")] = False,
) -> None:
    """Train a recipe: a live bar, then a table, a plot, the history and the model.

    Without CONFIG, list the recipes. A file says which recipe, and what to change of it:

        recipe: digits
        learning_rate: 0.01
        epochs: 20
        early_stopping: {patience: 3}
    """
    if not config:
        _list_recipes()
        return
    from lossedu.destinations import check_folder
    from lossedu.extras import require
    from lossedu.training.config import CONFIG_FILE, read_config, settings_of, write_config

    require("accelerate", "matplotlib", "safetensors")
    with one_line():
        settings = read_config(config)
        recipe, changes = settings_of(settings)
        check_folder("out", out)
        out.mkdir(parents=True, exist_ok=True)
        write_config(settings, out / CONFIG_FILE)
        history = _run(recipe, changes | {"progress": not quiet}, out)
    if not quiet:
        _report(recipe, history, out)
    if any(event["kind"].startswith("nonfinite") for event in history.events):
        raise typer.Exit(1)


def _list_recipes() -> None:
    from lossedu.training.recipes import recipes

    for recipe in recipes().values():
        typer.echo(f"{recipe.name:<14} {recipe.loss:<20} {recipe.data}")


def _run(recipe: "Recipe", changes: dict[str, Any], out: Path) -> "History":
    from safetensors.torch import save_model

    trackers = [*changes.pop("trackers", ()), out / "history.jsonl"]
    kept: dict[str, Any] = {}
    callbacks = [_Keep(kept)]
    history = recipe.run(trackers=trackers, callbacks=callbacks, **changes)
    history.write(out / "history.jsonl")  # with what the recipe adds at the end
    history.plot().savefig(out / "history.svg")
    save_model(kept["model"], str(out / "model.safetensors"))
    return history


class _Keep:
    """Hold on to the model that the recipe makes."""

    def __init__(self, kept: dict[str, Any]) -> None:
        self._kept = kept

    def on_start(self, run: Any) -> None:
        self._kept["model"] = run.model


def _report(recipe: "Recipe", history: "History", out: Path) -> None:
    from rich.console import Console

    from lossedu.tables import as_rich
    from lossedu.training.history import describe

    console = Console(highlight=False)
    console.print(as_rich(_last_epochs(history)))
    best = history.settings.get("best", {})
    for column, value in best.items():
        console.print(f"{column}: {history.last(column):.4g}; the truth itself: {value:.4g}")
    console.print(f"watch {recipe.watch}", markup=False)
    for event in history.events:
        console.print(describe(event), markup=False)
    console.print(f"written to {out}: config.yaml, history.jsonl, history.svg, model.safetensors")


def _last_epochs(history: "History", most: int = 10) -> Any:
    """The columns that a terminal has room for: the losses, the tail, and the metrics."""
    from lossedu.tables import Table
    from lossedu.training.history import EPOCH_COLUMNS

    of_class = ("class loss", "class recall")
    others = [n.replace("_", " ") for n in EPOCH_COLUMNS if n not in _SHOWN]
    whole = history.table()
    kept = [
        k
        for k, name in enumerate(whole.headings)
        if name not in others and not name.startswith(of_class)
    ]
    rows = [[row[k] for k in kept] for row in whole.rows[-most:]]
    return Table([whole.headings[k] for k in kept], rows, label=whole.label)
