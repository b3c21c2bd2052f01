"""Runs programs in an interpreter that lacks what it would lack on another machine."""

import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests import fresh

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
OWN = "lossedu"

_WITHOUT = """
import sys
from importlib.machinery import PathFinder
lacking = set(sys.argv.pop(1).split(","))

class Present:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] not in lacking:
            return PathFinder.find_spec(name, path, target)

    find_distributions = PathFinder.find_distributions

sys.meta_path[sys.meta_path.index(PathFinder)] = Present
"""
_RUN = """
sys.argv[0] = sys.argv[1]
from importlib import import_module
import_module(sys.argv.pop(1) + ".__main__").main()
"""


def direct(extras: Iterable[str]) -> set[str]:
    """The distributions that the base and some extras name themselves."""
    texts = [*PROJECT["dependencies"], *(text for extra in extras for text in EXTRAS[extra])]
    return {canonicalize_name(Requirement(text).name) for text in texts}


def closure(extras: Iterable[str] = ()) -> set[str]:
    """The distributions that the base and some extras bring here, with all that those need."""
    asked: set[tuple[str, str]] = set()
    waiting = [(name, "") for name in direct(extras)]
    while waiting:
        name, extra = pair = waiting.pop()
        if pair in asked:
            continue
        asked.add(pair)
        try:
            stated = [Requirement(text) for text in importlib.metadata.requires(name) or []]
        except importlib.metadata.PackageNotFoundError:
            continue
        waiting += [
            (canonicalize_name(requirement.name), wanted)
            for requirement in stated
            if not requirement.marker or requirement.marker.evaluate({"extra": extra})
            for wanted in ("", *requirement.extras)
        ]
    return {name for name, _ in asked}


@cache
def distributions() -> dict[str, set[str]]:
    """Which distributions hold each top-level module of this environment."""
    # Once imported, setuptools has what it carries within itself on the path: that is its own.
    path = [folder for folder in sys.path if Path(folder).name != "_vendor"]
    installed = {canonicalize_name(d.name) for d in importlib.metadata.distributions(path=path)}
    found = {
        module: set(map(canonicalize_name, names)) & installed
        for module, names in importlib.metadata.packages_distributions().items()
    }
    return {module: names for module, names in found.items() if names}


def distribution_version() -> str:
    """The version that the package says of itself, read without importing it."""
    text = (ROOT / OWN / "__init__.py").read_text(encoding="utf-8")
    return re.search('^__version__ = "(.+)"$', text, re.MULTILINE)[1]


def lacking(extras: Iterable[str] = ()) -> list[str]:
    """The modules that an environment with the base and some extras does not have."""
    there = closure(extras) | {OWN, "pip"}
    return sorted(module for module, names in distributions().items() if not names & there)


def run_without(
    modules: Iterable[str], command: str, *arguments: object, cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run ``lossedu`` or ``autograder`` where some modules are not installed."""
    return _done(_WITHOUT + _RUN, modules, [command, *arguments], cwd)


def python_without(
    modules: Iterable[str], program: str, *, cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run statements where some modules are not installed."""
    return _done(_WITHOUT + program, modules, [], cwd)


def _done(
    program: str, modules: Iterable[str], arguments: Iterable[object], cwd: Path
) -> subprocess.CompletedProcess[str]:
    modules = sorted(modules)
    there = fresh.loaded_before(_beside_the_base()) & set(modules)
    assert not there, f"{there} cannot be lacking where torch has been imported"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    words = [",".join(modules) or "none", *arguments]
    return fresh.run(program, *words, cwd=cwd, env=environment, without=_beside_the_base())


@cache
def _beside_the_base() -> tuple[str, ...]:
    return tuple(lacking())
