"""Stands in for IPython's shell: harmless magics work, the rest is refused politely."""

import re
import sys
import time
from collections.abc import Callable
from typing import Any

# Settings of a front end that is not there.
_ACCEPTED = frozenset(
    {
        *("matplotlib", "pylab", "gui", "config", "colors", "precision", "pprint", "xmode", "tb"),
        *("load_ext", "reload_ext", "unload_ext", "autoreload", "automagic", "autosave", "page"),
        *("pinfo", "pinfo2", "who", "whos", "reset_selective"),
    }
)
_TIMES = frozenset({"time", "timeit"})


class Shell:
    """What ``get_ipython()`` returns, and what magics become calls of.

    Args:
        namespace: Of the notebook.
        run: Runs a piece of source as a cell would; returns the value of its last expression.
        swallow: Forgets what was printed and shown by a call; returns the printed text.
    """

    def __init__(
        self,
        namespace: dict[str, Any],
        run: Callable[[str], object],
        swallow: Callable[[Callable[[], object]], str],
    ) -> None:
        self.user_ns = namespace
        self._run, self._swallow = run, swallow

    def run_line_magic(self, name: str, line: str, _stack_depth: int = 1) -> object:
        """``%name line``."""
        if name in _TIMES:
            return self._timed(_statement(line), keep=name == "time")
        if name not in _ACCEPTED:
            _refuse(f"%{name}")
        return None

    def run_cell_magic(self, name: str, line: str, cell: str) -> object:
        """``%%name line`` above a cell."""
        if name in _TIMES:
            return self._timed(cell, keep=name == "time")
        if name == "capture":
            self._captured(line, cell)
        else:
            _refuse(f"%%{name}")
        return None

    def magic(self, line: str) -> object:
        """The older way to call a line magic."""
        name, _, rest = line.lstrip("%").partition(" ")
        return self.run_line_magic(name, rest)

    def system(self, command: str) -> None:
        """``!command``."""
        _refuse(f"!{command}")

    def getoutput(self, command: str, split: bool = True) -> list[str]:
        """``name = !command``."""
        _refuse(f"!{command}")
        return []

    def _timed(self, source: str, *, keep: bool) -> object:
        start = time.perf_counter()
        value = self._run(source)
        print(f"Wall time: {time.perf_counter() - start:.3g} s (ran once)")  # noqa: T201
        return value if keep else None

    def _captured(self, line: str, cell: str) -> None:
        text = self._swallow(lambda: self._run(cell))
        names = [word for word in line.split() if not word.startswith("-")]
        if names:
            self.user_ns[names[0]] = Captured(text)


class Captured:
    """What ``%%capture name`` leaves under the name."""

    def __init__(self, stdout: str) -> None:
        self.stdout = stdout

    def show(self) -> None:
        """Print it."""
        sys.stdout.write(self.stdout)


def _statement(line: str) -> str:
    """What is timed, without the options before it: ``-n 10 -r3 f(x)`` gives ``f(x)``."""
    return re.sub(r"^\s*(-[a-z]+\s*\d*\s+)*", "", line)


def _refuse(what: str) -> None:
    first = what.strip().splitlines()[0][:60]
    sys.stderr.write(f"`{first}` is not available when notebooks are graded and was skipped.\n")
