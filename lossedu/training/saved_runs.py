"""A run that ``lossedu train`` has written, as the model, the loss and the data that it is of."""

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from lossedu.training.config import CONFIG_FILE, read_config, settings_of
from lossedu.training.recipe_tasks import Task
from lossedu.training.recipes import Recipe

MODEL_FILE = "model.safetensors"


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
        folder: Where ``config.yaml`` and ``model.safetensors`` lie.

    Raises:
        ValueError: If it holds no run, or the model is of another recipe than the file says.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_model

    config, weights = Path(folder) / CONFIG_FILE, Path(folder) / MODEL_FILE
    missing = [path.name for path in (config, weights) if not path.is_file()]
    if missing:
        raise ValueError(
            f"folder must hold {CONFIG_FILE} and {MODEL_FILE}, but {folder} has no "
            f"{' and no '.join(missing)}. Hint: lossedu train digits --out {folder}"
        )
    recipe, changes = settings_of(read_config(str(config)))
    seed = changes.get("seed", 0)
    model = recipe.model(seed)
    try:
        load_model(model, str(weights))
    except (RuntimeError, SafetensorError) as error:
        raise ValueError(
            f"{weights} must hold a model of the recipe {recipe.name!r}, but: {error}"
        ) from error
    return SavedRun(recipe, seed, recipe.task(seed), model.eval())
