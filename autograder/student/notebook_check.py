"""The line that a graded cell consists of: ``check("focal.values")``.

In the student's own notebook it asks about public inputs, in the notebook's own process, and says
what it found.  The grader asks the same and more, elsewhere.
"""

import ast
import inspect
import sys
import time
from collections.abc import Mapping, MutableMapping, Sequence
from contextlib import redirect_stderr
from typing import Any

from autograder.checks.check import Check, Finding
from autograder.checks.program import assigned_names, parsed
from autograder.rubrics import names, rubric
from autograder.sandbox.answers import answer
from autograder.sandbox.session import Call, Reply, Work
from lossedu.names import nearest, unknown_name


class NotebookWork:
    """A submission that lives in this process.

    Attributes:
        namespace: What its cells have defined.
        sources: What its author wrote, by the id of the cell.
    """

    def __init__(self, namespace: MutableMapping[str, Any], sources: Mapping[str, str]) -> None:
        self.namespace = namespace
        self.sources = dict(sources)

    def call(self, calls: Sequence[Call]) -> list[Reply]:
        """Answer each call, in order."""
        return [answer(call, self.namespace) for call in calls]

    def used_s(self) -> float:
        """The processor time of this process."""
        return time.process_time()

    @property
    def everything(self) -> Work:
        """Itself: nothing is taken out of the student's own process."""
        return self


class NotYetError(AssertionError):
    """What a check says of work that is not right yet."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: the sentence, without the way here."""
        return [str(self)]


def check(name: str) -> None:
    """Try your solution on open examples, and say what comes of it.

    Args:
        name: Of the check, as the graded cell has it: ``"focal.values"``.

    Raises:
        NotYetError: An AssertionError with what to look at, if something is not right yet.
        LookupError: If no assignment has such a check.
    """
    asked = named(name)
    namespace = _callers_namespace()
    # nbgrader's `validate` takes anything on the error stream, a warning too, for a failure.
    with redirect_stderr(sys.stdout):
        finding = asked.judge(NotebookWork(namespace, live_sources(namespace)), None)
    said = sentence(asked, finding)
    if finding.status != "passed":
        raise NotYetError(said)
    print(said)  # noqa: T201  the answer to the student's question


def named(name: str) -> Check:
    """The check of a name.

    Raises:
        LookupError: If no assignment has such a check.
    """
    assignment = str(name).partition(".")[0]
    meant = [assignment] if assignment in names() else nearest(assignment, names())
    if not meant:
        rule = "begin with an assignment's name, one of"
        raise LookupError(unknown_name("name", name, names(), rule=rule))
    checks = {check.id: check for check in rubric(meant[0]).checks}
    if name not in checks:
        raise LookupError(unknown_name("name", name, checks))
    return checks[name]


def sentence(asked: Check, finding: Finding) -> str:
    """A finding as one line of text, with the points at stake."""
    worth = f"{asked.points:g} point{'' if asked.points == 1 else 's'}"
    if finding.status == "passed":
        return f"{asked.id}: right on the open examples ({worth} at stake)."
    link = f" Read: {finding.link}" if finding.link else ""
    part = asked.points * finding.share
    earned = f", {part:.3g} of them safe on the open examples" if part else ""
    return f"{asked.id} ({worth} at stake{earned}): {finding.message}{link}"


def live_sources(namespace: Mapping[str, Any]) -> dict[str, str]:
    """The text of the cells that count: those whose names no later cell has defined anew.

    Args:
        namespace: Of an IPython session, whose history is in ``In``; without one, the functions'
            own sources are all there is.
    """
    history = namespace.get("In")
    if not isinstance(history, list):
        return _sources_of_functions(namespace)
    latest: dict[str, int] = {}
    defines: dict[int, set[str]] = {}
    for number, cell in enumerate(history):
        tree = parsed(str(cell))
        if tree is not None:
            defines[number] = {name for part in tree.body for name in assigned_names(part)}
            latest |= dict.fromkeys(defines[number], number)
    return {
        f"In[{number}]": str(history[number])
        for number, bound in defines.items()
        if any(latest[name] == number for name in bound) or _is_patch(str(history[number]))
    }


def _is_patch(cell: str) -> bool:
    tree = parsed(cell)
    return tree is not None and any(
        isinstance(target, ast.Attribute)
        for part in tree.body
        if isinstance(part, ast.Assign)
        for target in part.targets
    )


def _sources_of_functions(namespace: Mapping[str, Any]) -> dict[str, str]:
    sources = {}
    for name, value in list(namespace.items()):
        if inspect.isfunction(value) and value.__module__ == namespace.get("__name__"):
            try:
                sources[name] = inspect.getsource(value)
            except (OSError, TypeError):
                continue
    return sources


def _callers_namespace() -> MutableMapping[str, Any]:
    """The global names where `check` was called."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__") == __name__:
        frame = frame.f_back
    return {} if frame is None else frame.f_globals
