"""Takes what a submission must write by hand out of its process, before anything of it runs.

Names can be computed, aliased, reloaded and copied; so it is not names that are watched.  Functions
lose their code and operators of torch their kernels, whatever refers to them; files that could be
read again are hidden where there is a jail.  Who calls is noted, for the message alone: to silence
the note gives nobody the function back.
"""

import ctypes
import gc
import importlib.util
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import torch

from autograder.sandbox.ban import Ban
from autograder.sandbox.turning import put_in_place

_MOST_NOTES = 20
# Where operators are registered that compute: what differentiates or casts hands on to these.
_COMPUTING = ("CPU", "CompositeExplicitAutograd", "CompositeImplicitAutograd")
_TORCH = str(Path(torch.__file__).parent)

Note = list[Any]  # what was called, and which functions of the notebook were at it, innermost first


class ReadyMadeError(RuntimeError):
    """Raised where what must be written by hand is called ready-made."""


@dataclass(frozen=True)
class Located:
    """All that a ban names in a process, found once before it is forked.

    Attributes:
        ban: What was looked for.
        functions: Of Python, wherever they are kept.
        operators: Of torch: the name and where it is registered.
        files: Which could be read again: sources of those functions, and folders of packages.
    """

    ban: Ban
    functions: tuple[FunctionType, ...]
    operators: tuple[tuple[str, str], ...]
    files: tuple[str, ...]


@lru_cache(maxsize=8)
def located(ban: Ban) -> Located:
    """Find all that a ban names; for the process that is forked."""
    functions = _functions(ban)
    codes = [function.__code__ for function in functions]
    sources = {code.co_filename for code in codes if ban.forbids(code.co_name)}
    # Functions of torch end in operators, which have lost their kernels; its sources stay readable.
    hidden = {path for path in sources if not path.startswith(_TORCH) and Path(path).is_file()}
    compiled = {importlib.util.cache_from_source(path) for path in hidden}
    return Located(
        ban, tuple(functions), tuple(_operators(ban)), (*sorted(hidden | compiled), *_folders(ban))
    )


class Absence:
    """What is missing in this process, and who has called it.

    Args:
        what: As it was located before the fork; None if nothing is missing.

    Attributes:
        watches: Whether anything is missing.
    """

    def __init__(self, what: Located | None) -> None:
        self._notes: list[Note] = []
        self.watches = what is not None
        if what is not None and what.ban:
            self._remove(what)

    @property
    def count(self) -> int:
        """How many calls are noted."""
        return len(self._notes)

    def take(self) -> list[Note]:
        """The calls since the last time."""
        taken, self._notes = self._notes[:_MOST_NOTES], []
        return taken

    def refuse(self, name: str) -> ReadyMadeError:
        """Note a call; returns what is to be raised."""
        if len(self._notes) < _MOST_NOTES:
            self._notes.append([name, _callers(sys._getframe(1))])
        return ReadyMadeError(f"{name} is not there: the task is to write that yourself.")

    def _remove(self, what: Located) -> None:
        for function in what.functions:
            self._empty(function, what.ban)
        self._unregister(what.operators)
        for name in [name for name in sys.modules if what.ban.forbids_module(name)]:
            del sys.modules[name]
        sys.meta_path.insert(0, _NoSuchModules(what.ban, self))
        sys.addaudithook(_no_second_reading(what.ban, self))

    def _empty(self, function: FunctionType, ban: Ban) -> None:
        """Put a refusal in the place of a function's code, for every reference to it."""
        names = (*function.__qualname__.split("."), function.__code__.co_name)
        put_in_place(function, self._refusing(next(filter(ban.forbids, names), names[-1])))

    def _unregister(self, operators: tuple[tuple[str, str], ...]) -> None:
        """Put a refusal in the place of each kernel: TorchScript and C++ end here, too."""
        if not operators:
            return
        library = torch._C._dispatch_library("IMPL", "aten", "", __file__, 0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a kernel is overridden
            for name, key in operators:
                library.impl(name, key, self._refusing(name.partition(".")[0]))
        # It lasts as long as something refers to it; nothing that Python can find does.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(library))

    def _refusing(self, name: str) -> Callable[..., None]:
        def refuse(*_: Any, **__: Any) -> None:
            raise self.refuse(name)

        return refuse


class _NoSuchModules:
    """Says of forbidden packages that there are none."""

    def __init__(self, ban: Ban, absence: Absence) -> None:
        self._ban, self._absence = ban, absence

    def find_spec(
        self, name: str, _path: object = None, _target: object = None
    ) -> ModuleSpec | None:
        """Of a module that may be imported, nothing: others find it."""
        if self._ban.forbids_module(name):
            self._absence.refuse(name.partition(".")[0])
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


def _no_second_reading(ban: Ban, absence: Absence) -> Callable[[str, tuple[Any, ...]], None]:
    """A hook, which nobody can take off, that refuses modules of libraries with such functions."""
    libraries = tuple(filter(None, sys.path))

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event != "exec" or not isinstance(code := arguments[0], CodeType):
            return
        if code.co_name == "<module>" and code.co_filename.startswith(libraries):
            for name in ban.among(_defined(code)):
                raise absence.refuse(name)

    return hook


def _defined(code: CodeType) -> Iterator[str]:
    return (part.co_name for part in code.co_consts if isinstance(part, CodeType))


def _functions(ban: Ban) -> list[FunctionType]:
    """Every function of that name that is loaded, and what classes of that name consist of."""
    gc.unfreeze()  # else what was loaded before is not listed
    things = gc.get_objects()
    gc.freeze()
    functions = [thing for thing in things if type(thing) is FunctionType]
    classes = [thing for thing in things if issubclass(type(thing), type)]
    of_name = ban.among({f.__name__ for f in functions} | {f.__code__.co_name for f in functions})
    of_class = ban.among({kind.__name__ for kind in classes})
    found = [f for f in functions if {f.__name__, f.__code__.co_name} & of_name]
    for kind in classes:
        if kind.__name__ in of_class:
            found += [part for part in vars(kind).values() if type(part) is FunctionType]
    return list({id(function): function for function in found}.values())


def _operators(ban: Ban) -> Iterator[tuple[str, str]]:
    for full in torch._C._dispatch_get_all_op_names():
        space, _, name = full.partition("::")
        if space == "aten" and ban.forbids(name.partition(".")[0]):
            for key in _COMPUTING:
                if torch._C._dispatch_has_kernel_for_dispatch_key(full, key):
                    yield name, key


def _folders(ban: Ban) -> Iterator[str]:
    """Where forbidden packages are installed."""
    for module in ban.modules:
        with suppress(ImportError, ValueError, AttributeError):
            spec = importlib.util.find_spec(module)
            if spec is not None:
                yield from spec.submodule_search_locations or filter(None, [spec.origin])


def _callers(frame: FrameType | None) -> list[str]:
    """The notebook's own functions that are running, innermost first."""
    notebook = vars(sys.modules["__main__"])
    own = {id(code): n for n, value in notebook.items() for code in _codes(value, notebook)}
    names = []
    while frame is not None:
        if id(frame.f_code) in own:
            names.append(own[id(frame.f_code)])
        frame = frame.f_back
    return names[:_MOST_NOTES]


def _codes(value: object, notebook: dict[str, Any]) -> Iterator[CodeType]:
    """The code of a function of the notebook and of those that it decorates."""
    for _ in range(_MOST_NOTES):
        if type(value) is not FunctionType:
            return
        if value.__globals__ is notebook:
            yield value.__code__
        value = value.__dict__.get("__wrapped__")
