"""What every check has in common."""

from dataclasses import dataclass
from typing import Literal, Protocol

import torch

from autograder.sandbox.session import Work

Status = Literal["passed", "failed", "error", "timeout", "forbidden", "missing"]


@dataclass(frozen=True)
class Curve:
    """A student's function beside the right one, to be drawn in the feedback.

    Attributes:
        x_label: What runs along the axis.
        x: Places, shape ``(n,)``; never drawn from the secret seed.
        theirs: What the submission gives there.
        right: What is right there.
    """

    x_label: str
    x: torch.Tensor
    theirs: torch.Tensor
    right: torch.Tensor


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes:
        status: Whether it passed, or why not.
        share: Of the check's points, from 0 to 1.
        message: One or two sentences to the student.  Holds no secret input and no value of the
            reference at one.
        misconception: The name of the mistake, if it was recognised.
        link: The page of the book that explains it, as ``"classification/focal.html#..."``.
        curve: Something to look at, where that helps.
    """

    status: Status
    share: float = 0.0
    message: str = ""
    misconception: str | None = None
    link: str = ""
    curve: Curve | None = None


class Check(Protocol):
    """A question to a submission.

    Attributes:
        id: As ``"focal.values"``; what ``check("focal.values")`` in a notebook names.
        cell: The graded cell that shows its result; one cell may have several checks, and its
            points are theirs.
        points: What it is worth.
        costly: Whether it runs for more than a second of the student's own compute, as training
            does, so that it can be left out.
    """

    @property
    def id(self) -> str:
        """What the cell's line names."""
        ...

    @property
    def cell(self) -> str:
        """The graded cell that shows its result."""
        ...

    @property
    def points(self) -> float:
        """What it is worth."""
        ...

    @property
    def costly(self) -> bool:
        """Whether it can be left out to save time."""
        ...

    def judge(self, work: Work, secret: torch.Generator | None) -> Finding:
        """Ask, compare, decide.

        Args:
            work: The submission.
            secret: What hidden inputs are drawn from; None asks about public inputs alone, as the
                notebook does.
        """
        ...
