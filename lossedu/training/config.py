"""What a YAML file may say of a run: a recipe, and what to change of it."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from inspect import signature
from pathlib import Path
from typing import Any

import yaml

from lossedu.training.checkpoints import Checkpoints
from lossedu.training.early_stopping import EarlyStopping
from lossedu.training.recipes import Recipe, recipes
from lossedu.whole_files import write_whole

CONFIG_FILE = "config.yaml"
OPTIONS = ("epochs", "batch_size", "precision", "accumulate", "clip", "compile", "seed")
"""Arguments of `fit` that a file may set as they are."""
OF_RECIPE = ("learning_rate", "weight_decay", "schedule", "optimizer", "layers")
OWN = ("recipe", "early_stopping", "checkpoints", "trackers")


def read_config(config: str) -> dict[str, Any]:
    """The settings of a file, or those of a bare recipe.

    Raises:
        ValueError: If it is neither, or the file is no mapping.
    """
    if config in recipes():
        return {"recipe": config}
    path = Path(config)
    if not path.is_file():
        raise ValueError(
            f"config must be a file or a recipe ({', '.join(recipes())}), but is {config!r}."
        )
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))  # which builds plain data only
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"config must be YAML, but {path} is not: {fault_in(error)}.") from error
    if not isinstance(found, dict) or "recipe" not in found:
        raise ValueError(f"config must name its recipe, but {path} has no line 'recipe: ...'.")
    return found


def fault_in(error: Exception) -> str:
    """What is wrong with a file, and in which line: in one line."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    return f"line {mark.line + 1}: {problem}" if mark else " ".join(str(error).split())


def settings_of(settings: Mapping[str, Any]) -> tuple[Recipe, dict[str, Any]]:
    """A recipe with what the file changes of it, and the arguments of `fit`.

    Raises:
        ValueError: If a name is unknown; the message lists those there are.
    """
    known = (*OWN, *OF_RECIPE, *OPTIONS)
    unknown = [name for name in settings if name not in known]
    if unknown:
        raise ValueError(f"config must set {', '.join(known)}, but sets {unknown[0]!r}.")
    if settings["recipe"] not in recipes():
        raise ValueError(
            f"recipe must be one of {', '.join(recipes())}, but is {settings['recipe']!r}."
        )
    own = {f.name for f in fields(recipes()[settings["recipe"]])}
    of_recipe = {n: v for n, v in settings.items() if n in own and n not in OWN}
    if "layers" in of_recipe:
        of_recipe["layers"] = tuple(of_recipe["layers"])
    recipe = replace(recipes()[settings["recipe"]], **of_recipe)
    changes = {n: v for n, v in settings.items() if n in OPTIONS and n not in own}
    for name, kind in (("early_stopping", EarlyStopping), ("checkpoints", Checkpoints)):
        if name in settings:
            changes[name] = _built(name, kind, settings[name])
    if "trackers" in settings:
        changes["trackers"] = list(settings["trackers"])
    return recipe, changes


def _built(name: str, kind: Callable[..., Any], given: Any) -> Any:
    """An object from a mapping of its arguments, or from its first one."""
    arguments = list(signature(kind).parameters)
    given = given if isinstance(given, dict) else {arguments[0]: given}
    unknown = [key for key in given if key not in arguments]
    if unknown:
        raise ValueError(f"{name} must set {', '.join(arguments)}, but sets {unknown[0]!r}.")
    return kind(**given)


def write_config(settings: Mapping[str, Any], path: Path) -> None:
    """Keep the settings of a run beside its results; whole or not at all."""
    write_whole(path, yaml.safe_dump(dict(settings), sort_keys=False))
