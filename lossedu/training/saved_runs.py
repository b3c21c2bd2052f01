"""A run that ``lossedu train`` has written, as the model, the loss and the data that it is of."""

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from lossedu.names import FEW, suggestion
from lossedu.training.config import CONFIG_FILE, read_config, settings_of
from lossedu.training.history import History
from lossedu.training.recipe_tasks import Task
from lossedu.training.recipes import Recipe

MODEL_FILE = "model.safetensors"
HISTORY_FILE = "history.jsonl"


@dataclass(frozen=True)
class SavedRun:
    """What a run was made of, and what came of it.

    Attributes:
        recipe: The recipe, with what the run changed of it.
        seed: What its data, first weights and order of batches depend on.
        task: Its data, loss and metrics.
        model: The trained model, in evaluation mode.
    """

    recipe: Recipe
    seed: int
    task: Task
    model: nn.Module


def read_run(folder: str | Path) -> SavedRun:
    """Read a folder that ``lossedu train`` has written.

    Args:
        folder: Where its settings and its model lie.

    Raises:
        ValueError: If it holds no run, or the model is of another recipe than its settings say.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_model

    config, weights = Path(folder) / CONFIG_FILE, Path(folder) / MODEL_FILE
    if not config.is_file():
        raise _no_run(Path(folder), "holds no run")
    if not weights.is_file():
        raise _no_run(Path(folder), "holds no model: its training did not end")
    recipe, changes = settings_of(read_config(str(config)))
    seed = changes.get("seed", 0)
    model = recipe.model(seed)
    try:
        load_model(model, str(weights))
    except SafetensorError as error:
        raise ValueError(f"the model in {folder} must be whole, but is not: {error}.") from error
    except RuntimeError as error:
        told = " ".join(str(error).split())
        raise ValueError(
            f"the model in {folder} must be of the recipe {recipe.name!r}, but is not: {told}"
        ) from error
    return SavedRun(recipe, seed, recipe.task(seed), model.eval())


def read_history(path: str | Path) -> History:
    """Read the history of a run.

    Args:
        path: A folder that ``lossedu train`` has written, or a history that was written elsewhere.

    Raises:
        ValueError: If there is none, or nothing in it.
    """
    path = Path(path)
    file = path / HISTORY_FILE if path.is_dir() else path
    if not file.is_file():
        raise _no_run(path, "holds no run")
    history = History.read(file)
    if not (history.settings or history.events or history.rows("steps") or history.rows("epochs")):
        raise _no_run(path, "holds nothing of a run")
    return history


def _no_run(path: Path, why: str) -> ValueError:
    """What is wrong with a folder, and which one may have been meant."""
    if not path.exists():
        why = "is not there"
    beside = sorted(str(found.parent) for found in path.parent.glob(f"*/{HISTORY_FILE}"))
    hint = suggestion(str(path), beside)
    if not hint and 0 < len(beside) <= FEW:
        hint = f" Hint: runs there are {', '.join(map(repr, beside))}"
    return ValueError(
        f"run must be a folder that lossedu train has written, but {path} {why}."
        + (hint or " Hint: lossedu train digits --out runs")
    )
