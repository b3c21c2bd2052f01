"""What a parametrised case is about: the losses, functions and files among its values."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.selection.closure import Use
from tests.selection.imports import PACKAGES

_LOSSES = "lossedu.losses"
_MORE_THAN_LOSSES = re.compile(r"\blossedu\.(?!losses\b)")


def uses_of_case(values: Mapping[str, Any]) -> set[Use]:
    """What the values of a case use of the packages: a loss by its spec, its name or itself."""
    return set(_uses(values, depth=4))


def files_of_case(values: Mapping[str, Any]) -> list[Path]:
    """The files that a case is about."""
    return [value for value in values.values() if isinstance(value, Path)]


def is_of_a_loss(used: set[Use]) -> bool:
    """Whether a case says which losses it is about."""
    return any(use.path.startswith(f"{_LOSSES}.") for use in used)


def is_of_a_family(values: Mapping[str, Any]) -> bool:
    """Whether a case is about families of questions, which say which losses they need, if any.

    Unless they run more of the package than losses.
    """
    asked = [value for value in values.values() if isinstance(value, str)]
    texts = [_families()[value] for value in asked if value in _families()]
    return bool(texts) and not any(_MORE_THAN_LOSSES.search(text) for text in texts)


def _uses(value: Any, depth: int) -> Iterator[Use]:
    if depth == 0:
        return
    if isinstance(value, str):
        words = re.findall(r"\w+", _families().get(value, value))
        made_for = value.rpartition("-")[0].replace("-", "_")  # mse-loss-gradient
        for word in {*words, made_for} & _names_of_losses():
            yield Use(f"{_LOSSES}.{word}")
    elif isinstance(value, Mapping):
        yield from (use for part in value.values() for use in _uses(part, depth - 1))
    elif isinstance(value, list | tuple | set | frozenset):
        yield from (use for part in value for use in _uses(part, depth - 1))
    elif callable(value) and _is_ours(value):
        yield Use(value.__module__)
    elif is_dataclass(value) and not isinstance(value, type):
        if _is_ours(type(value)):
            yield Use(type(value).__module__)
        for field in fields(value):
            yield from _uses(getattr(value, field.name, None), depth - 1)


def _is_ours(value: Any) -> bool:
    module = getattr(value, "__module__", None) or ""
    return str(module).partition(".")[0] in PACKAGES


@cache
def _names_of_losses() -> frozenset[str]:
    import lossedu.losses  # read late: a test process says its number of threads first

    return frozenset(lossedu.losses.__all__)


@cache
def _families() -> Mapping[str, str]:
    """All that a family of questions says, by its id."""
    from lossedu.practice.families import families

    return {identity: repr(one) for identity, one in families().items()}
