"""What grading finds out: plain data that every other module may use."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

CheckStatus = Literal["passed", "failed", "error", "timeout", "forbidden", "missing"]


@dataclass(frozen=True)
class CheckResult:
    """What one check of one submission came to.

    Attributes:
        id: Of the check, as in the rubric.
        points: What was earned, between 0 and ``max_points``.
        max_points: What there was to earn.
        status: ``"error"`` if the student's code raised, ``"missing"`` if there was no answer.
        message: What the student reads; empty where nothing is to be said.
        misconception: The name of the mistake, if it was recognised.
    """

    id: str
    points: float
    max_points: float
    status: CheckStatus
    message: str = ""
    misconception: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of one submission.

    Attributes:
        submission: Whose it is.
        assignment: Of what.
        score: The points that the machine gave.
        max_score: What the machine could give.
        seconds: Of wall time, from opening the file to the last check.
        peak_mb: The most memory the submission held beyond the server it was forked from.
        status: ``"unreadable"`` if the file is not a notebook; ``"crashed"`` or ``"timeout"`` if
            the submission took its process down; marks earned before then stand.
        checks: In the order of the rubric.
        integrity: What was odd about the file: cells that were renamed, copied or removed.
    """

    submission: str
    assignment: str
    score: float
    max_score: float
    seconds: float
    peak_mb: float
    status: Literal["graded", "unreadable", "crashed", "timeout"]
    checks: list[CheckResult] = field(default_factory=list)
    integrity: list[str] = field(default_factory=list)

    def as_record(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Outcome":
        """The outcome that `as_record` made a record of."""
        return cls(**{**record, "checks": [CheckResult(**check) for check in record["checks"]]})


@dataclass(frozen=True)
class StudentMark:
    """What one student got for one assignment, by machine, by hand and less any penalty.

    Attributes:
        student: What the course calls her; her login.
        last_name: Empty if unknown.
        first_name: Empty if unknown.
        email: Empty if unknown.
        lms_id: What the learning platform calls her; empty if unknown.
        score: Her points.
        max_score: What there was to earn.
        complete: Whether nothing waits to be marked by hand.
        questions: By graded cell, her points and what there was to earn, penalties apart.
    """

    student: str
    last_name: str
    first_name: str
    email: str
    lms_id: str
    score: float
    max_score: float
    complete: bool
    questions: Mapping[str, tuple[float, float]] = field(default_factory=dict)
