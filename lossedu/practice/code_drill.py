"""Code drills: a cell in which ``...`` stands for the answer, and a check of what replaces it.

The book runs ``verify_drill`` on each of its drills when a chapter is executed: a check that
accepts the cell as it is given, or refuses the solution, stops the build.  In a chapter's notebook
the check stands below ``with drill_check(...)``, so that running all cells does not stop at the
first drill.
"""

import ast
import inspect
import textwrap
import traceback
from collections.abc import Mapping, Sequence
from types import CodeType, TracebackType
from typing import Any


class DrillError(AssertionError):
    """A drill whose check does not tell the solution from the cell as it is given."""


def has_blank(code: str) -> bool:
    """Whether ``...`` stands in Python source where an answer belongs.

    The ``...`` of an index, as in ``rows[..., 0]``, is none.

    Example:
        >>> has_blank("answer = ..."), has_blank("first = rows[..., 0]")
        (True, False)
    """
    tree = ast.parse(code)
    indices = [node.slice for node in ast.walk(tree) if isinstance(node, ast.Subscript)]
    in_an_index = {id(part) for index in indices for part in ast.walk(index)}
    return any(
        isinstance(node, ast.Constant) and node.value is ... and id(node) not in in_an_index
        for node in ast.walk(tree)
    )


def verify_drill(
    place: str,
    *,
    task: str,
    check: str,
    solution: str,
    mistakes: Sequence[str] = (),
    names: Mapping[str, Any],
) -> None:
    """Run a drill as it is given, as it is mistaken and as it is solved; only that may pass.

    Args:
        place: Page and name of the drill; an error begins with it.
        task: The cell that a student gets, with ``...`` in it.
        check: What must raise until the answer stands in the cell.
        solution: What takes the place of the task.
        mistakes: Wrong answers, each in the place of the task.
        names: What the chapter has defined so far.  The drill binds names in copies of it; an
            object that it changes in place stays changed.

    Raises:
        DrillError: If the task does not run or has no ``...``, if the check passes on it or on a
            mistake, or if the solution does not pass the check.

    Example:
        >>> one = {"task": "x = ...", "check": "assert x == 1", "solution": "x = 1"}
        >>> verify_drill("a page, drill one", **one, mistakes=["x = -1"], names={})
    """
    texts = {"task": task, "check": check, "solution": solution}
    texts |= {f"mistake {number}": text for number, text in enumerate(mistakes, 1)}
    parts = {name: _compiled(place, name, text) for name, text in texts.items()}
    if not has_blank(task):
        raise DrillError(f"{place}: the task must have `...` where the answer goes, but has none.")
    for answer in texts:
        if answer == "check":
            continue
        own = dict(names)
        if error := _raised_by(parts[answer], own):
            raise DrillError(
                f"{place}: the {answer} must run to its end, but {_told(error, texts)}"
            ) from error
        error = _raised_by(parts["check"], own)
        if answer == "solution" and error:
            raise DrillError(
                f"{place}: the solution must pass the check, but {_told(error, texts)}"
            ) from error
        if answer != "solution" and not error:
            raise DrillError(f"{place}: the check must refuse the {answer}, but it passes.")


def _compiled(place: str, name: str, source: str) -> CodeType:
    try:
        return compile(source, f"<{name}>", "exec", dont_inherit=True)
    except SyntaxError as error:
        raise DrillError(
            f"{place}: the {name} must be Python, but line {error.lineno} is not: {error.msg}."
        ) from error


def _raised_by(code: CodeType, names: dict[str, Any]) -> Exception | None:
    try:
        exec(code, names)
    except Exception as error:
        return error
    return None


def _told(error: Exception, sources: Mapping[str, str]) -> str:
    """What was raised, and by which line of which part."""
    said = "".join(traceback.format_exception_only(error)).strip()
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        part = frame.filename.strip("<>")
        if part in sources and frame.lineno:
            line = sources[part].splitlines()[frame.lineno - 1].strip()
            return f"`{line}` in the {part} raises {said}."
    return f"raises {said}."


class drill_check:  # noqa: N801  reads as a statement: with drill_check("answer"):
    """Say how an answer fares, and go on: running all cells of a notebook does not stop here.

    Args:
        answers: The names that the cell above binds.

    Example:
        >>> answer = ...
        >>> with drill_check("answer"):
        ...     assert answer == 6 * 7
        Not answered yet: answer is still `...`.
        >>> answer = 42
        >>> with drill_check("answer"):
        ...     assert answer == 6 * 7
        Right.
    """

    def __init__(self, *answers: str) -> None:
        self.answers = answers

    def __enter__(self) -> None:
        """Nothing is needed before the check."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Print the verdict; swallow what a wrong answer raises, but not an interrupt."""
        if error is None or trace is None:
            print("Right.")  # noqa: T201  the answer to the student's question
        elif not isinstance(error, Exception):
            return False
        else:
            print(self._verdict(error, trace))  # noqa: T201
        return True

    def _verdict(self, error: Exception, trace: TracebackType) -> str:
        names = {**trace.tb_frame.f_globals, **trace.tb_frame.f_locals}
        for answer in self.answers:
            if answer in names and _is_blank(names[answer]):
                return f"Not answered yet: {answer} is still `...`."
        if isinstance(error, AssertionError) and trace.tb_next is None:
            line = traceback.extract_tb(trace)[0].line
            return f"Not yet: {error}" if str(error) else f"Not yet; this does not hold: {line}"
        return "Not yet.\n" + "".join(traceback.format_exception(error)).rstrip()


def _is_blank(answer: object) -> bool:
    """Whether a value, or the source of a function or method, is still the ``...`` of the task."""
    if answer is ...:
        return True
    if isinstance(answer, type):
        return any(_is_blank(part) for part in vars(answer).values())
    try:
        return has_blank(textwrap.dedent(inspect.getsource(answer)))  # type: ignore[arg-type]
    except (OSError, TypeError, SyntaxError):
        return False
