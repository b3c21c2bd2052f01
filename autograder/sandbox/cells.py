"""Runs cells as Jupyter would: IPython's syntax, the last value shown, errors kept as outputs."""

import ast
import asyncio
import builtins
import inspect
import linecache
import sys
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from IPython.core.formatters import DisplayFormatter
from IPython.core.inputtransformer2 import TransformerManager

import autograder
from autograder.sandbox.absence import Absence
from autograder.sandbox.answers import one_line
from autograder.sandbox.deadline import TookTooLong
from autograder.sandbox.limits import Limits
from autograder.sandbox.pictures import shown_figure, taken_figures
from autograder.sandbox.recorder import Output, Recorder
from autograder.sandbox.session import Cell, CellRun
from autograder.sandbox.shell import Shell

_KINDS = ("text/plain", "text/html", "image/png")
_FILE = "cell "
_LONGEST_TRACEBACK = 40
_OUR_FOLDER = str(Path(__file__).parent)


class Notebook:
    """A notebook being run.

    Args:
        limits: What a cell may use.
        recorder: Takes what it prints and shows.
        absence: Knows who calls what is missing.

    Attributes:
        namespace: What its cells have defined.
    """

    def __init__(self, limits: Limits, recorder: Recorder, absence: Absence) -> None:
        module = ModuleType("__main__")
        sys.modules["__main__"] = module
        self.namespace: dict[str, Any] = module.__dict__
        self.namespace["__builtins__"] = builtins
        self._limits, self._recorder, self._absence = limits, recorder, absence
        self._pictures_left = limits.pictures
        self._formatter = DisplayFormatter(active_types=list(_KINDS))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._cell = ""
        self._move_in()

    def run(self, cell: Cell, in_time: AbstractContextManager[None]) -> CellRun:
        """Run a cell, and interrupt it in time.  Never raises for what it does."""
        self._cell = cell.id
        status, error = "ok", ""
        try:
            with in_time:
                value = self._run_source(cell.source)
                self._show_figures()
                if value is not None:
                    self._show(value, "execute_result")
        except TookTooLong as limit:
            status, said = "timeout", f"the cell took {limit}"
            error = f"TimeoutError: {said}"
            self._recorder.show(error_output("TimeoutError", said, [error]))
        except BaseException as raised:
            status, error = "error", one_line(raised)
            self._recorder.show(_as_output(raised, error))
        outputs, used = self._recorder.take(), self._absence.take()
        return CellRun(cell.id, status, outputs, error, used)  # type: ignore[arg-type]

    def _move_in(self) -> None:
        """Put what a notebook expects where it expects it."""
        from IPython import display as public
        from IPython.core import display_functions as private

        # `from autograder import check` is in every assignment; here the grader asks, from outside.
        vars(autograder)["check"] = _left_to_the_grader
        shell = Shell(self.namespace, self._run_source, self._swallowed)
        for module in (public, private):
            setattr(module, "display", self._display)  # noqa: B010 - no module declares it so
        for name, thing in (
            ("get_ipython", lambda: shell),
            ("display", self._display),
            ("input", _no_input),
        ):
            setattr(builtins, name, thing)
        if pyplot := sys.modules.get("matplotlib.pyplot"):
            pyplot.show = lambda *_, **__: self._show_figures()  # type: ignore[attr-defined]

    def _run_source(self, source: str) -> Any:
        """Run a piece of a cell; the value of its last expression, if it is to be shown."""
        python = TransformerManager().transform_cell(source)
        file = self._remembered(python)
        tree = ast.parse(python, file)
        body, last = tree.body, None
        if body and isinstance(body[-1], ast.Expr) and not _silenced(python):
            last = ast.Expression(body.pop().value)  # type: ignore[attr-defined]
        if not self._absence.watches:
            self._execute(_compiled(ast.Module(body, tree.type_ignores), file, "exec"))
        else:
            for statement in body:
                self._execute_alone(ast.Module([statement], tree.type_ignores), file)
        return None if last is None else self._execute(_compiled(last, file, "eval"))

    def _execute_alone(self, statement: ast.Module, file: str) -> None:
        """Run one statement; a comparison with what is missing here costs nothing behind it."""
        before = self._absence.count
        try:
            self._execute(_compiled(statement, file, "exec"))
        except Exception:
            if self._absence.count == before:
                raise

    def _remembered(self, python: str) -> str:
        """A file name under which tracebacks find the source: a piece's own, not only a cell's."""
        file, number = f"{_FILE}{self._cell}", 1
        while file in linecache.cache:
            number += 1
            file = f"{_FILE}{self._cell} ({number})"
        linecache.cache[file] = (len(python), None, python.splitlines(keepends=True), file)
        return file

    def _execute(self, code: CodeType) -> Any:
        value = eval(code, self.namespace)
        if not code.co_flags & inspect.CO_COROUTINE:
            return value
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        return self._loop.run_until_complete(value)

    def _swallowed(self, call: Callable[[], object]) -> str:
        before, self._recorder.outputs = self._recorder.outputs, []
        try:
            call()
        finally:
            outputs = self._recorder.take()
            self._recorder.outputs = before
        return "".join(output["text"] for output in outputs if output.get("name") == "stdout")

    def _display(self, *things: Any, **_: Any) -> None:
        for thing in things:
            self._show(thing, "display_data")

    def _show(self, thing: Any, kind: str) -> None:
        from matplotlib.figure import Figure

        if isinstance(thing, Figure):
            self._picture(shown_figure(thing, self._limits.picture_bytes))
            return
        data, _ = self._formatter.format(thing)
        picture = data.pop("image/png", None)
        texts = {name: text for name, text in data.items() if isinstance(text, str)}
        output: Output = {"output_type": kind, "data": texts, "metadata": {}}
        if kind == "execute_result":
            output["execution_count"] = None
        if texts:
            self._recorder.show(output)
        if isinstance(picture, str) and len(picture) <= 2 * self._limits.picture_bytes:
            self._picture({**output, "output_type": "display_data", "data": {"image/png": picture}})

    def _show_figures(self) -> None:
        if "matplotlib.pyplot" in sys.modules:
            for output in taken_figures(self._limits.picture_bytes):
                self._picture(output)

    def _picture(self, output: Output) -> None:
        output.pop("execution_count", None)
        if output and self._pictures_left > 0:
            self._pictures_left -= 1
            self._recorder.outputs.append(output)


def _compiled(tree: ast.Module | ast.Expression, file: str, mode: str) -> CodeType:
    return compile(tree, file, mode, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)


def error_output(name: str, message: str, lines: list[str]) -> Output:
    """An error as the notebook format has it."""
    return {"output_type": "error", "ename": name, "evalue": message, "traceback": lines}


def _as_output(raised: BaseException, line: str) -> Output:
    """An error with the student's own lines, and without ours above them."""
    name, _, message = line.partition(": ")
    try:
        found = traceback.TracebackException.from_exception(raised, limit=-_LONGEST_TRACEBACK)
        own = next((i for i, f in enumerate(found.stack) if f.filename.startswith(_FILE)), None)
        found.stack[:] = [
            frame
            for frame in (found.stack[own:] if own is not None else [])
            if not frame.filename.startswith(_OUR_FOLDER)
        ]
        lines = "".join(found.format()).splitlines()
    except BaseException:  # an error made to break whoever looks at it
        lines = [line]
    shown = [text[:500] for text in lines[-3 * _LONGEST_TRACEBACK :]]
    return error_output(name, message, shown)


def _silenced(python: str) -> bool:
    """Whether the source ends in a semicolon, as who wants no output writes."""
    return python.rstrip().endswith(";")


def _no_input(*_: object) -> str:
    raise RuntimeError("input() has nobody to ask when a notebook is graded.")


def _left_to_the_grader(*checks: str) -> None:
    """Stands for the notebook's `check`."""
