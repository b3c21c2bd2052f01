"""What a YAML file may say of a run: a recipe, and what to change of it."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from inspect import signature
from pathlib import Path
from typing import Any

import yaml

from lossedu.names import unknown_name
from lossedu.training.checkpoints import Checkpoints
from lossedu.training.early_stopping import EarlyStopping
from lossedu.training.random_states import check_seed
from lossedu.training.recipes import Recipe, recipes
from lossedu.whole_files import write_whole

CONFIG_FILE = "config.yaml"
OPTIONS = ("epochs", "batch_size", "precision", "accumulate", "clip", "compile", "seed")
"""Arguments of `fit` that a file may set as they are."""
OF_RECIPE = ("learning_rate", "weight_decay", "schedule", "optimizer", "layers")
NUMBERS = ("learning_rate", "weight_decay", "clip")
OWN = ("recipe", "early_stopping", "checkpoints", "trackers")


def read_config(config: str) -> dict[str, Any]:
    """The settings of a file, or those of a bare recipe.

    Raises:
        ValueError: If it is neither, or the file is no mapping.
    """
    if config in recipes():
        return {"recipe": config}
    path = Path(config)
    if path.is_dir():
        raise ValueError(f"config must be a file or a recipe, but {config} is a folder.")
    if not path.is_file():
        rule = "be a YAML file or one of the recipes"
        raise ValueError(unknown_name("config", config, recipes(), rule=rule))
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))  # which builds plain data only
    except UnicodeDecodeError as error:
        raise ValueError(f"config must be YAML in UTF-8, but {path} is not.") from error
    except yaml.YAMLError as error:
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
        raise ValueError(unknown_name("config", unknown[0], known, rule="set", verb="sets"))
    name = settings["recipe"]
    if not isinstance(name, str) or name not in recipes():
        raise ValueError(unknown_name("recipe", name, recipes()))
    settings = {n: _value(n, v) for n, v in settings.items()}
    own = {f.name for f in fields(Recipe)}
    of_recipe = {n: v for n, v in settings.items() if n in own and n not in OWN}
    if "layers" in of_recipe:
        of_recipe["layers"] = _layers(of_recipe["layers"], recipes()[name])
    recipe = replace(recipes()[name], **of_recipe)
    changes = {n: v for n, v in settings.items() if n in OPTIONS and n not in own}
    check_seed("seed", changes.get("seed", 0))
    for part, kind in (("early_stopping", EarlyStopping), ("checkpoints", Checkpoints)):
        if part in settings:
            changes[part] = _built(part, kind, settings[part])
    if "trackers" in settings:
        changes["trackers"] = _trackers(settings["trackers"])
    return recipe, changes


def _value(name: str, given: Any) -> Any:
    """A setting as it is meant: YAML takes ``1e-3`` for a word, since it has no point."""
    off = name == "clip" and given is None
    if name not in NUMBERS or isinstance(given, (int, float)) or off:
        return given
    try:
        return float(given)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a number, but is {given!r}.") from error


def _layers(given: Any, recipe: Recipe) -> tuple[int, ...]:
    """Widths that fit the recipe's data: the first is that of its features."""
    first, last = recipe.layers[0], recipe.layers[-1]
    # An embedding may be as wide as you like; classes and scores are as many as there are.
    ends = (first,) if recipe.spec.inputs == "embedding" else (first, last)
    if not isinstance(given, list) or len(given) < 2 or (given[0], given[-1])[: len(ends)] != ends:
        rule = " and end with ".join(map(str, ends))
        raise ValueError(
            f"layers must be a list of widths that begin with {rule}, as the data of "
            f"{recipe.name!r} need, but is {given}."
        )
    return tuple(given)


def _trackers(given: Any) -> list[str]:
    """Names of trackers, or files of JSON lines."""
    from accelerate.tracking import LOGGER_TYPE_TO_CLASS

    known = sorted(LOGGER_TYPE_TO_CLASS)
    trackers = [given] if isinstance(given, str) else given
    if not isinstance(trackers, list):
        raise ValueError(f"trackers must be a list of names, but is {given!r}.")
    for tracker in trackers:
        if tracker not in known and not str(tracker).endswith(".jsonl"):
            rule = "be files that end in .jsonl, or of"
            raise ValueError(unknown_name("trackers", tracker, known, rule=rule, verb="hold"))
    return trackers


def _built(name: str, kind: Callable[..., Any], given: Any) -> Any:
    """An object from a mapping of its arguments, or from its first one."""
    arguments = list(signature(kind).parameters)
    given = given if isinstance(given, dict) else {arguments[0]: given}
    unknown = [key for key in given if key not in arguments]
    if unknown:
        raise ValueError(unknown_name(name, unknown[0], arguments, rule="set", verb="sets"))
    try:
        return kind(**given)
    except TypeError as error:  # a word where a number belongs
        raise ValueError(f"{name} must set what it can use, but sets {given}.") from error


def write_config(settings: Mapping[str, Any], path: Path) -> None:
    """Keep the settings of a run beside its results; whole or not at all."""
    write_whole(path, yaml.safe_dump(dict(settings), sort_keys=False))
