"""Which modules of a package some code loads: the import closure, found without running it.

grimp says who imports whom.  Two things it cannot see are added.  A package that loads a module
when one of its names is used (``lossedu.losses``) leads to the modules of the names that are used
of it, and to no others.  A call that looks a name up (``catalog.spec("mse_loss")``) leads to that
name's module; where a chapter looks up what is not written there, to all.  Inside the package, a
name that is looked up comes from the chapter, which has it from somewhere.  Should any of this be
too little, the build says so: a chapter must load nothing that is not in its closure.
"""

import ast
import importlib
import importlib.util
import sys
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import grimp

from .names import Use, uses


class Packages:
    """The modules of some packages and what each of them leads to.

    Args:
        names: The packages, which must be importable.
        lookups: Functions that take a public name of a package -> that package.
    """

    def __init__(self, names: Sequence[str], lookups: Mapping[str, str]) -> None:
        self.names = tuple(names)
        self._lookups = lookups
        self._next: dict[str, set[str]] = {}
        self._trees: dict[str, ast.Module] = {}

    @cached_property
    def _graph(self) -> grimp.ImportGraph:
        # Without a cache of its own: that would lie in the reader's folder, and gain nothing.
        return grimp.build_graph(
            *self.names,
            include_external_packages=True,
            exclude_type_checking_imports=True,
            cache_dir=None,
        )

    @cached_property
    def folders(self) -> dict[str, Path]:
        """Where each package lies."""
        found = {}
        for name in self.names:
            spec = importlib.util.find_spec(name)
            if spec is None or not spec.submodule_search_locations:
                raise ValueError(f"chapter_packages must be importable, but {name} is not.")
            found[name] = Path(next(iter(spec.submodule_search_locations))).resolve()
        return found

    @cached_property
    def files(self) -> dict[str, Path]:
        """The file of each module."""
        inside = [m for m in self._graph.modules if m.partition(".")[0] in self.names]
        return {module: self._file(module) for module in inside}

    def _file(self, module: str) -> Path:
        package, *parts = module.split(".")
        path = self.folders[package].joinpath(*parts)
        return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")

    def tree(self, module: str) -> ast.Module:
        """The syntax tree of a module."""
        if module not in self._trees:
            self._trees[module] = ast.parse(self.files[module].read_bytes())
        return self._trees[module]

    @cached_property
    def _homes(self) -> dict[str, Mapping[str, str]]:
        """Of each package that loads modules on use, the module of each name."""
        found = {}
        for module, path in self.files.items():
            if path.name == "__init__.py" and b"load_on_use(" in path.read_bytes():
                found[module] = importlib.import_module(module).__homes__
        return found

    def closure(self, used: Collection[Use]) -> set[str]:
        """All modules that code loads which uses these names.

        Args:
            used: What the code itself uses.

        Returns:
            Full names of modules.
        """
        waiting = set().union(*map(self._reached, used))
        for use in used:
            if use.argument == "" and use.path in self._lookups:  # nobody knows which: all
                waiting |= self._all_of(self._lookups[use.path])
        found: set[str] = set()
        while waiting:
            module = waiting.pop()
            found.add(module)
            waiting |= self._leads_to(module) - found
        return found

    def externals(self, modules: Collection[str]) -> set[str]:
        """The other packages that modules import, less Python's own."""
        imported = {
            outer.partition(".")[0]
            for module in modules
            for outer in self._graph.find_modules_directly_imported_by(module)
        }
        return imported - set(sys.stdlib_module_names) - set(self.names)

    def _leads_to(self, module: str) -> set[str]:
        """The modules that one module loads by itself."""
        if module not in self._next:
            direct = self._graph.find_modules_directly_imported_by(module) & set(self.files)
            # What a module of lookups does is said by the lookups.
            looks_up = module in {function.rpartition(".")[0] for function in self._lookups}
            used = set() if looks_up else uses(self.tree(module))
            self._next[module] = set().union(*map(_with_parents, direct), *map(self._reached, used))
        return self._next[module]

    def _reached(self, use: Use) -> set[str]:
        """The modules that a use loads: those on the way to it, and where it is defined."""
        here, *parts = use.path.split(".")
        if here not in self.names:
            return set()
        found = {here, *self._looked_up(use)}
        for part in parts:
            if part in self._homes.get(here, {}):
                found |= self._home(here, part)
            here = f"{here}.{part}"
            if here not in self.files:
                return found
            found.add(here)
        return found | (self._all_of(here) if use.whole else set())

    def _looked_up(self, use: Use) -> set[str]:
        """The modules of the names that a call asks for; all where the function is handed on."""
        if use.whole:
            packages = {p for f, p in self._lookups.items() if f"{f}.".startswith(f"{use.path}.")}
            return set().union(*map(self._all_of, packages))
        if use.argument and use.path in self._lookups:
            name = use.argument.partition("(")[0]
            return self._reached(Use(f"{self._lookups[use.path]}.{name}"))
        return set()

    def _all_of(self, package: str) -> set[str]:
        names = self._homes.get(package, {})
        return set().union(*(self._home(package, name) for name in names))

    def _home(self, package: str, name: str) -> set[str]:
        """The module that defines a package's name, which it may have from another such package."""
        home = self._homes[package][name]
        further = self._home(home, name) if name in self._homes.get(home, {}) else set()
        return _with_parents(home) | further


def _with_parents(module: str) -> set[str]:
    """A module and the packages that it lies in, which are loaded before it."""
    parts = module.split(".")
    return {".".join(parts[: k + 1]) for k in range(len(parts))}
