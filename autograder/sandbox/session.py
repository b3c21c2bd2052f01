"""What the grader may ask of a submission, and what comes back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from torch import Tensor

from autograder.sandbox.wire import Value

Used = list[Any]  # a name, and a list of names


@dataclass(frozen=True)
class Cell:
    """A code cell to be run.

    Attributes:
        id: How it is called in what comes back.
        source: As the notebook has it: Python with IPython's syntax.
        trains: Whether it trains models, which takes its own time.
    """

    id: str
    source: str
    trains: bool = False


@dataclass(frozen=True)
class CellRun:
    """What became of a cell.

    Attributes:
        id: Of the cell.
        status: ``"not run"`` for those behind a crash, or when no time was left.
        outputs: Of the notebook format: streams, errors, displayed text and pictures, bounded.
        error: Of an ``"error"``, in one line: ``"NameError: name 'x' is not defined"``.
        used: What it called that was taken out of its process, and by which functions of the
            notebook, the innermost first.
    """

    id: str
    status: Literal["ok", "error", "timeout", "crashed", "not run"]
    outputs: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""
    used: list[Used] = field(default_factory=list)


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
        turned: The name of another function of the submission whose first argument is negated
            meanwhile, whoever calls it: what learns from it learns the opposite.
        trains: Whether it trains models, which takes its own time.
    """

    function: str
    arguments: tuple[Value, ...] = ()
    keywords: dict[str, Value] = field(default_factory=dict)
    gradient_of: int | None = None
    gradient_weights: Tensor | None = None
    turned: str = ""
    trains: bool = False


@dataclass(frozen=True)
class Reply:
    """What a call gave.

    Attributes:
        status: ``"missing"`` if the notebook has no such function; ``"unreadable"`` if it returned
            what no message can hold; ``"crashed"`` if the process died in it or before it;
            ``"spent"`` if it was not asked, because the notebook had used up its time.
        value: What it returned; arrays of numpy as tensors.
        kind: The type of what it returned, as ``"Tensor"``, ``"ndarray"``, ``"float"``.
        gradient: As asked for; None if the result does not depend on the argument.
        error: Of an ``"error"``, in one line; of ``"spent"``, what used up the time.
        changed: Whether the function changed a tensor that was passed to it.
        used: What it called that was taken out of its process, and by which functions of the
            notebook, the innermost first.
    """

    status: Literal["ok", "error", "missing", "timeout", "unreadable", "crashed", "spent"]
    value: Value = None
    kind: str = ""
    gradient: Tensor | None = None
    error: str = ""
    changed: bool = False
    used: list[Used] = field(default_factory=list)


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

    @property
    def everything(self) -> "Work":
        """The same submission where nothing was taken out of its process."""
        ...
