"""Which modules of the packages a test reaches: the book's closure, and what that leaves out.

The closure follows imports and look-ups of a loss by its name.  A chapter has no others; tests and
the modules that they call also ask for all losses at once, and put names of modules together.
"""

import ast
from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path

from tests.selection.closure import Packages, Use, uses
from tests.selection.definitions import Reach, pattern

PACKAGES = ("lossedu", "autograder")
LOOKUPS = {f"lossedu.catalog.{name}": "lossedu.losses" for name in ("spec", "specs", "specs_of")}
"""Functions that take the name of a loss; called without one, they give all losses."""
_ALL_LOSSES = Use("lossedu.catalog.specs", whole=True)
_RUNS = {"run", "Popen", "check_output", "check_call"}
_COMMANDS = {
    "autograder": ("autograder.__main__", "autograder.commands*"),
    "lossedu": ("lossedu.__main__", "lossedu.commands*"),
    "nbgrader": ("autograder.*",),
    "jupyter-book": ("lossedu.*", "autograder.*"),
    "make": ("lossedu.*", "autograder.*"),
}
"""The modules that a command leads to which a test may run."""


class Imports:
    """The modules of the packages, and what leads to each."""

    def __init__(self) -> None:
        self._packages = Packages(PACKAGES, LOOKUPS)
        self._known: dict[Use, frozenset[str]] = {}

    @cached_property
    def files(self) -> Mapping[str, Path]:
        """The file of each module."""
        return self._packages.files

    def tree(self, module: str) -> ast.Module:
        """The syntax tree of a module."""
        return self._packages.tree(module)

    def reached(self, reach: Reach, *, named_losses: bool = False) -> set[str]:
        """The modules that a test reaches.

        Args:
            reach: What the test says.
            named_losses: Whether its losses are known by name, so that a look-up that leaves the
                name open adds none.
        """
        used = reach.uses | self._in_strings(reach)
        if named_losses:
            used = {Use(u.path) if u.path in LOOKUPS and u.argument == "" else u for u in used}
        found = set().union(*map(self.closure, used))
        for module in found & self._composed.keys():
            found |= self._composed_modules(module, reach.texts)
        return found

    def closure(self, use: Use) -> frozenset[str]:
        """The modules that one use leads to."""
        if use not in self._known:
            found = self._packages.closure({use})
            if found & self._asks_for_all:
                found |= self._packages.closure({_ALL_LOSSES})
            self._known[use] = frozenset(found)
        return self._known[use]

    def _composed_modules(self, module: str, texts: Collection[str]) -> set[str]:
        """What a module imports under names that it puts together from one that it gets.

        Who calls it may say the name; where none of them stands in the test, all are meant.
        """
        possible = self._composed[module]
        said = {m for m in possible if set(m.split(".")) & set(texts)}
        return set().union(*(self.closure(Use(m)) for m in said or possible))

    @cached_property
    def _composed(self) -> Mapping[str, set[str]]:
        """The modules that import others under composed names, and all that fit these."""
        found: dict[str, set[str]] = {}
        for module, file in self.files.items():
            if b"import_module(f" in file.read_bytes():
                texts = [n for n in ast.walk(self.tree(module)) if isinstance(n, ast.JoinedStr)]
                found[module] = self._matching({pattern(text, module) for text in texts})
        return {module: fitting for module, fitting in found.items() if fitting}

    @cached_property
    def _asks_for_all(self) -> set[str]:
        """Modules inside the packages that look up all losses, whoever calls them."""
        return {
            module
            for module, file in self.files.items()
            if b"specs()" in file.read_bytes()
            and any(use.path in LOOKUPS and use.whole for use in uses(self.tree(module)))
        }

    def _matching(self, patterns: Collection[str]) -> set[str]:
        return {
            module
            for text in patterns
            if text.startswith(tuple(f"{package}." for package in PACKAGES))
            for module in self.files
            if fnmatchcase(module, text)
        }

    def _in_strings(self, reach: Reach) -> set[Use]:
        """What strings of a test use: names of modules, programs, and commands that it runs."""
        found = {Use(text) for text in reach.texts if "." in text and text in self.files}
        found |= {Use(module) for module in self._matching(reach.patterns)}
        for text in reach.texts:
            if "import" in text:
                found |= uses(program(text))
        commands = _COMMANDS.keys() & reach.commands if reach.calls & _RUNS else set()
        found |= {Use(m) for command in commands for m in self._matching(_COMMANDS[command])}
        return found


@cache
def program(text: str) -> ast.Module:
    """A string as a program; an empty one where it is none."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return ast.Module([], [])
