"""Packages that load a module when one of its names is first used (PEP 562).

Such a package imports its public names under ``if TYPE_CHECKING:``, where editors, type checkers
and import contracts read them, lists them in ``__all__``, and calls `load_on_use`.  The same import
statements then say, when the program runs, which module a name is in: nothing is listed twice.
"""

import ast
import importlib
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from lossedu.extras import explained


def homes(source: str) -> dict[str, str]:
    r"""The module of each name that a package's source imports under ``if TYPE_CHECKING:``.

    Args:
        source: The text of a package's ``__init__.py``.

    Returns:
        Name -> full name of the module that defines it.

    Example:
        >>> homes("if TYPE_CHECKING:\n    from lossedu.losses.mse import mse_loss")
        {'mse_loss': 'lossedu.losses.mse'}
    """
    return {
        alias.name: statement.module
        for block in ast.parse(source).body
        if isinstance(block, ast.If)
        and isinstance(block.test, ast.Name)
        and block.test.id == "TYPE_CHECKING"
        for statement in block.body
        if isinstance(statement, ast.ImportFrom) and statement.module
        for alias in statement.names
    }


class _LazyPackage(ModuleType):
    """A package whose names are looked up in their modules on first use."""

    __homes__: Mapping[str, str]

    def __getattr__(self, name: str) -> Any:
        home = self.__homes__.get(name) if "__homes__" in self.__dict__ else None
        if home is None:
            told = f"module {self.__name__!r} has no attribute {name!r}"
            raise AttributeError(told, name=name, obj=self)  # Python suggests what is near
        with explained(self.__name__):
            value = getattr(importlib.import_module(home), name)
        self.__dict__[name] = value
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        # Python binds a module that has been loaded to its package.  Where a function has the name
        # of its module (`cross_entropy.cross_entropy`), the public name is the function's.
        if isinstance(value, ModuleType) and self.__homes__.get(name) == value.__name__:
            value = getattr(value, name)
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *self.__homes__})


def load_on_use(package: str) -> None:
    """Let the package load a module when one of its names is first used; its last statement.

    Args:
        package: The package's ``__name__``.

    Raises:
        ImportError: If the package's source is not there to be read.
    """
    module = sys.modules[package]
    loader: Any = module.__loader__
    source = loader.get_source(package)
    if source is None:
        raise ImportError(f"{package} must be installed with its source, but has none.")
    module.__dict__["__homes__"] = homes(source)
    module.__class__ = _LazyPackage


def home_of(package: ModuleType, name: str) -> str | None:
    """The module of a public name of such a package; None if it has no such name."""
    found: Mapping[str, str] = package.__dict__["__homes__"]
    return found.get(name)
