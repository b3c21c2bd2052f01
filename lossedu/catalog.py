"""Every loss of the package, found by looking: nobody keeps a list.

A module of ``lossedu.losses`` registers a loss by holding a `LossSpec` at its top level.
"""

import importlib
import pkgutil
from functools import cache
from typing import get_args

import lossedu.losses
from lossedu.losses import LossSpec
from lossedu.losses._spec import Family


@cache
def _found() -> dict[str, LossSpec]:
    found: dict[str, LossSpec] = {}
    for module_info in pkgutil.iter_modules(lossedu.losses.__path__):
        if module_info.name.startswith("_"):
            continue
        module = importlib.import_module(f"lossedu.losses.{module_info.name}")
        for value in vars(module).values():
            if isinstance(value, LossSpec) and value.function.__module__ == module.__name__:
                found[value.name] = value
    families = get_args(Family)
    return dict(sorted(found.items(), key=lambda item: (families.index(item[1].family), item[0])))


def specs() -> dict[str, LossSpec]:
    """All specs by function name, ordered by family, as in the book, and name.

    Example:
        >>> "sigmoid_focal_loss" in specs()
        True
    """
    return dict(_found())


def spec(name: str) -> LossSpec:
    """The spec of the loss called ``name``.

    Raises:
        ValueError: If there is no such loss; the message lists those there are.

    Example:
        >>> spec("mse_loss").estimand
        'the conditional mean'
    """
    found = _found()
    if name not in found:
        raise ValueError(
            f"name must be a loss of the catalog ({', '.join(found)}), but is {name!r}."
        )
    return found[name]
