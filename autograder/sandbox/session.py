"""What the grader may ask of a submission, and what comes back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from torch import Tensor

from autograder.sandbox.wire import Value


@dataclass(frozen=True)
class Cell:
    """A code cell to be run.

    Attributes:
        id: How it is called in what comes back.
        source: As the notebook has it: Python with IPython's syntax.
    """

    id: str
    source: str


@dataclass(frozen=True)
class CellRun:
    """What became of a cell.

    Attributes:
        id: Of the cell.
        status: ``"not run"`` for those behind a crash.
        outputs: Of the notebook format: streams, errors, displayed text and pictures, bounded.
        error: Of an ``"error"``, in one line: ``"NameError: name 'x' is not defined"``.
    """

    id: str
    status: Literal["ok", "error", "timeout", "crashed", "not run"]
    outputs: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""


@dataclass(frozen=True)
class Call:
    """A function of the submission to be called.

    Attributes:
        function: Its name in the notebook.
        arguments: By position.
        keywords: By name.
        gradient_of: The position of the argument in which the sum of the result is to be
            differentiated as well.
        gradient_weights: What the result is multiplied by before it is summed; None for ones.
    """

    function: str
    arguments: tuple[Value, ...] = ()
    keywords: dict[str, Value] = field(default_factory=dict)
    gradient_of: int | None = None
    gradient_weights: Tensor | None = None


@dataclass(frozen=True)
class Reply:
    """What a call gave.

    Attributes:
        status: ``"missing"`` if the notebook has no such function; ``"unreadable"`` if it returned
            what no message can hold; ``"crashed"`` if the process died in it or before it.
        value: What it returned; arrays of numpy as tensors.
        kind: The type of what it returned, as ``"Tensor"``, ``"ndarray"``, ``"float"``.
        gradient: As asked for; None if the result does not depend on the argument.
        error: Of an ``"error"``, in one line.
        changed: Whether the function changed a tensor that was passed to it.
    """

    status: Literal["ok", "error", "missing", "timeout", "unreadable", "crashed"]
    value: Value = None
    kind: str = ""
    gradient: Tensor | None = None
    error: str = ""
    changed: bool = False


class Work(Protocol):
    """A submission whose cells have been run, ready to be asked."""

    @property
    def sources(self) -> dict[str, str]:
        """What the student wrote, by the id of the cell."""
        ...

    def call(self, calls: Sequence[Call]) -> list[Reply]:
        """Answer each call, in order.  Never raises for what a submission does."""
        ...

    def used_s(self) -> float:
        """The seconds of processor time that its process has used so far."""
        ...
