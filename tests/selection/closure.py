"""The book's import closure, which decides when a chapter runs again, for tests too.

Its modules are loaded without their package, which would bring all that executes notebooks.
"""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

_PACKAGE = "closure_of_the_book"

if _PACKAGE not in sys.modules:
    package = ModuleType(_PACKAGE)
    package.__path__ = [str(Path(__file__).parents[2] / "book" / "_ext" / "chapters")]
    sys.modules[_PACKAGE] = package

_names = import_module(f"{_PACKAGE}.names")
Packages = import_module(f"{_PACKAGE}.closure").Packages
Use, uses = _names.Use, _names.uses
