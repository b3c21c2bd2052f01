"""Runs inside a chapter's kernel: what each cell costs, what the chapter loads and reads.

The kernel gets this file as text and keeps it out of the chapter's names.  It imports Python's own
modules alone.
"""

import importlib
import json
import os
import pkgutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

_IMPORT_SYSTEM = ("<frozen importlib", importlib.__path__[0], pkgutil.__file__)
_PIECES = 2


class OverTime(BaseException):
    """A chapter is stopped; no ``except Exception`` of its own may go on behind it."""


def piece_s() -> float:
    """Processor seconds of a fixed piece of work: names, numbers, tables, as chapters do it."""
    began = time.process_time()
    table = {(k * 2654435761) % 1_000_003: str(k) for k in range(150_000)}
    sorted(table.values())  # a few megabytes, since chapters wait for memory as well
    return time.process_time() - began


def spent_s() -> float:
    """Processor seconds of this process and of those that it started and that have ended."""
    try:
        import resource
    except ImportError:  # not a Unix: a chapter's children are not counted there
        return time.process_time()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


class Probe:
    """Listens to a kernel while it runs a chapter.

    Args:
        shell: The kernel's interactive shell.
        packages: Packages whose loaded modules are of interest.
    """

    def __init__(self, shell: Any, packages: list[str]) -> None:
        self._packages = tuple(packages)
        self._cells: list[list[Any]] = []
        self._began: float | None = None
        self._read: set[str] = set()
        self._written: set[str] = set()
        self._listed: set[str] = set()
        self._pieces = [piece_s() for _ in range(_PIECES)]
        shell.events.register("pre_run_cell", self._before_cell)
        shell.events.register("post_run_cell", self._after_cell)
        sys.addaudithook(self._heard)

    def stop_after(self, reference_s: float, piece_reference_s: float) -> None:
        """Raise `OverTime` in the cell that runs when so much processor time is used up.

        Args:
            reference_s: The limit in seconds of the reference machine.
            piece_reference_s: What `piece_s` takes there.
        """
        if not hasattr(signal, "setitimer"):
            return  # not a Unix: the limit by the clock has to do
        processor_s = reference_s * sum(self._pieces) / len(self._pieces) / piece_reference_s

        def stop(*_: object) -> None:
            if self._began is None:  # between two cells: look again soon
                signal.setitimer(signal.ITIMER_PROF, 0.2)
                return
            raise OverTime(f"stopped after {processor_s:.0f} s of processor time")

        signal.signal(signal.SIGPROF, stop)
        signal.setitimer(signal.ITIMER_PROF, processor_s)

    def _before_cell(self, info: Any) -> None:
        lines = [line.strip() for line in info.raw_cell.splitlines()]
        first = next((line for line in lines if line and not line.startswith("#")), "")
        self._cells.append([first, 0.0])
        self._began = spent_s()

    def _after_cell(self, result: Any) -> None:
        if self._began is not None:
            self._cells[-1][1] = spent_s() - self._began
        self._began = None

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in ("open", "os.listdir", "os.scandir"):
            return
        path = "." if arguments[0] is None else arguments[0]
        if not isinstance(path, str | bytes | os.PathLike):
            return  # a number: whoever opened it was heard
        # What is imported is known from the modules.  To find it, and to find what is installed,
        # Python lists every folder that it may import from, also the chapter's own.
        if sys._getframe(1).f_code.co_filename.startswith(_IMPORT_SYSTEM):
            return
        try:
            full = str(Path(os.fsdecode(path)).absolute())
        except OSError:  # the working folder is gone: the chapter's own call will say so
            return
        if event != "open":
            self._listed.add(full)
        elif _writes(arguments[1], arguments[2]):
            self._written.add(full)
        elif full not in self._written:
            self._read.add(full)

    def report(self) -> str:
        """What was seen, as JSON."""
        loaded = [
            name
            for name in list(sys.modules)
            if name in self._packages or name.startswith(tuple(f"{p}." for p in self._packages))
        ]
        return json.dumps(
            {
                "cells": self._cells,
                "pieces": self._pieces + [piece_s() for _ in range(_PIECES)],
                "modules": sorted(loaded),
                "read": sorted(self._read),
                "written": sorted(self._written),
                "listed": sorted(self._listed),
            }
        )


def _writes(mode: str | None, flags: int) -> bool:
    if mode:
        return any(letter in mode for letter in "wax+")
    return bool(flags & (os.O_WRONLY | os.O_RDWR))
