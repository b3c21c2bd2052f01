"""Short names for the content of what a chapter depends on."""

import ast
import hashlib
import json
from collections.abc import Collection
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

GONE = "gone"


def of_text(text: str) -> str:
    """A short name for a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def of_data(data: Any) -> str:
    """A short name for something that JSON can hold."""
    return of_text(json.dumps(data, sort_keys=True))


def of_code(tree: ast.Module) -> str:
    """A short name for what a module does.

    A comment, a blank line or a line break changes nothing.  A docstring does: pages show
    docstrings, and a formula is read from one (`LossSpec.stated`).
    """
    return of_text(ast.dump(tree))


def of_path(path: Path) -> str:
    """A short name for a file's bytes, or for the names in a folder."""
    try:
        if path.is_dir():
            return of_data(
                sorted(p.name for p in path.iterdir() if not p.name.startswith((".", "__")))
            )
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError:
        return GONE


@cache
def _distributions() -> dict[str, list[str]]:
    return dict(packages_distributions())


def versions(packages: Collection[str]) -> dict[str, str]:
    """The installed version of what provides each package; left out where nothing does."""
    found = {}
    for package in sorted(packages):
        for distribution in _distributions().get(package, [])[:1]:
            found[package] = version(distribution)
    return found
