"""Whether changed files can touch what a test reaches, and by which way."""

import ast
from collections.abc import Collection, Iterable
from pathlib import Path, PurePosixPath

from tests.selection.closure import Use, uses
from tests.selection.definitions import Reach
from tests.selection.imports import Imports

_WALKS = {"glob", "rglob", "walk", "copytree"}
_TOOLS = {"ruff", "mypy", "lint-imports", "ls-files"}
Ways = dict[str, str]
"""The changed files that can touch a test, each with its way there, which a reader sees."""


class Changes:
    """Changed files, and what can be said about a test with them.

    Args:
        root: The folder of the repository.
        paths: The changed files, seen from there.
    """

    def __init__(self, root: Path, paths: Iterable[str]) -> None:
        self._imports = Imports()
        places = {file.relative_to(root).as_posix(): m for m, file in self._imports.files.items()}
        self.paths = set(paths)
        self._modules = {places[path]: path for path in self.paths if path in places}
        self._tests = {root / path: path for path in self.paths if path.startswith("tests/")}
        self._others = self.paths - set(self._modules.values()) - set(self._tests.values())

    def of_test(self, reach: Reach, *, named_losses: bool = False) -> Ways:
        """What can touch a test.

        Args:
            reach: What the test says.
            named_losses: Whether its losses are known by name.
        """
        found = self._among(self._imports.reached(reach, named_losses=named_losses), "imports")
        for path in self._modules.values():
            if (reach.calls & _WALKS and _in_folder(path, reach.texts)) or _is_named(path, reach):
                found.setdefault(path, "reads")
        if (reach.commands | reach.texts & {"ls-files"}) & _TOOLS:
            found |= dict.fromkeys(self.paths, "checks")
        for path in self._others:
            if _in_folder(path, reach.texts) or _is_named(path, reach):
                found[path] = "reads"
        return found | {path: "uses" for file, path in self._tests.items() if file in reach.files}

    def of_doctest(self, module: str, examples: str) -> Ways:
        """What can touch examples that stand in a module and have its own names."""
        if module not in self._imports.files:
            return {}
        own = {getattr(statement, "name", "") for statement in self._imports.tree(module).body}
        tree = ast.parse(examples)
        used = sorted({n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} & own)
        bound = [ast.ImportFrom(module, [ast.alias(name) for name in used], 0)] if used else []
        reach = Reach(uses(ast.Module([*bound, *tree.body], [])) | {Use(module)})
        return self._among(self._imports.reached(reach), "imports")

    def of_case(self, uses_: Collection[Use]) -> Ways:
        """What can touch a case, by what is among its values."""
        return self._among(self._imports.reached(Reach(set(uses_))), "has a case of")

    def _among(self, modules: Collection[str], way: str) -> Ways:
        return {path: way for module, path in self._modules.items() if module in modules}


def _is_named(path: str, reach: Reach) -> bool:
    """Whether a file is named, by its own name or with folders."""
    return bool({path, PurePosixPath(path).name} & reach.texts)


def _in_folder(path: str, texts: Collection[str]) -> bool:
    """Whether a folder is named that a file is in, by its own name or with those above."""
    above = PurePosixPath(path).parents[:-1]
    folders = {name for folder in above for name in (folder.name, folder.as_posix())}
    return not folders.isdisjoint(text.rstrip("/") for text in texts)
