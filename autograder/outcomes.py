"""What grading finds out: plain data that every other module may use."""

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class TaskMark:
    """What a submission got for one graded cell.

    Attributes:
        task: The cell's id.
        points: What it earned.
        max_points: What there was to earn.
        by_hand: Whether a person marks it.
    """

    task: str
    points: float
    max_points: float
    by_hand: bool


@dataclass(frozen=True)
class Outcome:
    """What became of one submission.

    Attributes:
        submission: Whose it is.
        status: ``"unreadable"`` if the file is not a notebook, ``"failed"`` if nbgrader could not
            finish with it for another reason.
        marks: A mark for each graded cell; empty if unreadable.
        first_fault: The first line of the first failing message.
    """

    submission: str
    status: Literal["graded", "unreadable", "failed"]
    marks: list[TaskMark] = field(default_factory=list)
    first_fault: str = ""

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Outcome":
        """The outcome that ``dataclasses.asdict`` made a record of."""
        return cls(**{**record, "marks": [TaskMark(**mark) for mark in record["marks"]]})
