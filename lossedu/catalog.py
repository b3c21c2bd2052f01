"""Every loss of the package, found by looking: nobody keeps a list.

A module of ``lossedu.losses`` registers a loss by holding a `LossSpec` at its top level.  Who asks
for one loss loads one loss.
"""

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import Any, get_args

import lossedu.losses
from lossedu._lazy import home_of
from lossedu.losses import Family, LossSpec
from lossedu.names import unknown_name


@cache
def _held_by(module_name: str) -> dict[str, LossSpec]:
    """The specs that a module of losses holds, by name."""
    values = vars(importlib.import_module(module_name)).values()
    specs = [value for value in values if isinstance(value, LossSpec)]
    return {spec.name: spec for spec in specs if spec.function.__module__ == module_name}


@cache
def _found() -> dict[str, LossSpec]:
    found: dict[str, LossSpec] = {}
    for module_info in pkgutil.iter_modules(lossedu.losses.__path__):
        if not module_info.name.startswith("_"):
            found |= _held_by(f"lossedu.losses.{module_info.name}")
    families = get_args(Family)
    return dict(sorted(found.items(), key=lambda item: (families.index(item[1].family), item[0])))


def specs() -> dict[str, LossSpec]:
    """All specs by function name, ordered by family, as in the book, and name.

    Example:
        >>> "sigmoid_focal_loss" in specs()
        True
    """
    return dict(_found())


def specs_of(function_name: str) -> tuple[LossSpec, ...]:
    """The specs of one public function, one for each of its variants; none of other names.

    Example:
        >>> [spec.title for spec in specs_of("mse_loss")]
        ['Squared error']
    """
    home = home_of(lossedu.losses, function_name)
    held = _held_by(home).values() if home else ()
    return tuple(spec for spec in held if spec.function.__name__ == function_name)


def spec(name: str) -> LossSpec:
    """The spec of the loss called ``name``.

    Raises:
        ValueError: If there is no such loss; the message names what is near.

    Example:
        >>> spec("mse_loss").estimand
        'the conditional mean'
    """
    for found in specs_of(name.partition("(")[0]):
        if found.name == name:
            return found
    raise ValueError(unknown_name("name", name, _found(), listing="lossedu.catalog.specs()"))


def spec_of(function: Callable[..., Any]) -> LossSpec | None:
    """The spec of a loss function that needs no choice of a variant; None for other functions.

    Example:
        >>> from lossedu.losses import mse_loss
        >>> spec_of(mse_loss) is spec("mse_loss"), spec_of(abs)
        (True, None)
    """
    name = getattr(function, "__name__", "")
    if getattr(function, "__module__", None) != home_of(lossedu.losses, name):
        return None  # a namesake
    return next((found for found in specs_of(name) if not found.variant), None)
