"""From the results of checks to the marks of cells: the last gate before the gradebook."""

import json
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from autograder.grading.outcomes import CheckResult, Outcome
from autograder.grading.refusals import RefusalError

if TYPE_CHECKING:  # a rubric brings torch; marks need only its names
    from autograder.rubrics import Rubric

CHECK_FAILED = "The check itself failed, which is not your fault; your teacher can see why."

UNDECIDED = "undecided"
"""In the metadata of an empty answer, if what stands elsewhere in the notebook may be it."""


class WorkerError(ValueError):
    """What a worker sent is not what it was asked for."""


class DisagreementError(RefusalError, ValueError):
    """The gradebook and the rubric do not mean the same cells."""


@dataclass(frozen=True)
class CellMark:
    """What the machine gives for one graded cell.

    Attributes:
        points: The sum of its checks; None if none of them was asked.
        needs_teacher: Whether a check of it was left out or failed by itself, or there was nothing
            that could be read.
    """

    points: float | None
    needs_teacher: bool


def is_mark(result: CheckResult) -> bool:
    """Whether a result's points can be points at all: finite, not negative, not above the most."""
    points = result.points
    # A bool, a tensor or a subclass of float may compare as it likes; a plain number does not.
    plain = type(points) in (int, float) and math.isfinite(points)
    return plain and 0 <= points <= result.max_points


def sound(outcome: Outcome) -> Outcome:
    """The outcome, with an error of the check in place of each score that is no mark."""
    if all(map(is_mark, outcome.checks)):
        return outcome
    checks = [
        check
        if is_mark(check)
        else replace(check, points=0.0, status="error", message=CHECK_FAILED, misconception=None)
        for check in outcome.checks
    ]
    return replace(outcome, checks=checks, score=math.fsum(check.points for check in checks))


def received(sent: object, submission: str, rubric: "Rubric") -> Outcome:
    """The outcome that a worker has sent, as plain data: a `sound` one.

    Args:
        sent: What came, from a process that may run on another machine.
        submission: Whose it must be.
        rubric: Whose checks it must be of.

    Raises:
        WorkerError: If it is not the outcome of that submission.
    """
    try:
        done = sound(sent)  # type: ignore[arg-type]
        plain = Outcome.from_record(json.loads(json.dumps(done.as_record())))
        whose = (str(plain.submission), str(plain.assignment))
        worth = {check.id: check.points for check in rubric.checks}
        known = all(worth.get(result.id) == result.max_points for result in plain.checks)
        once = len({result.id for result in plain.checks}) == len(plain.checks)
        adds_up = math.isclose(plain.score, math.fsum(r.points for r in plain.checks), abs_tol=1e-6)
    except Exception as error:  # whatever stands there in place of an outcome
        raise WorkerError("its worker sent what is no outcome") from error
    if whose != (submission, rubric.assignment):
        raise WorkerError(f"its worker sent the outcome of {whose[0]!r} in {whose[1]!r}")
    if not (known and once and adds_up):
        raise WorkerError("its worker sent points that the rubric does not give")
    return plain


def cell_marks(outcome: Outcome, rubric: "Rubric") -> dict[str, CellMark]:
    """The mark of each cell that the rubric knows.

    Args:
        outcome: A `sound` one.
        rubric: Says which check counts for which cell.
    """
    results = {result.id: result for result in outcome.checks}
    marks = {}
    for cell in dict.fromkeys(check.cell for check in rubric.checks):
        asked = [results.get(check.id) for check in rubric.of_cell(cell)]
        known = [result for result in asked if result is not None]
        failed = any(result.message == CHECK_FAILED for result in known)
        points = math.fsum(result.points for result in known) if known else None
        waits = failed or len(known) < len(asked) or outcome.status == "unreadable"
        marks[cell] = CellMark(points, needs_teacher=waits)
    return marks


def unreadable(submission: str, rubric: "Rubric", reason: str, *, costly: bool = True) -> Outcome:
    """The outcome of a submission that has no notebook to be graded: no points."""
    asked = [check for check in rubric.checks if costly or not check.costly]
    missing = [CheckResult(check.id, 0.0, check.points, "missing") for check in asked]
    return _nothing(submission, rubric, "unreadable", missing, reason)


def ungraded(submission: str, rubric: "Rubric", reason: str) -> Outcome:
    """The outcome of a submission that grading could not finish: no marks, and the teacher's."""
    return _nothing(submission, rubric, "crashed", [], f"It could not be graded: {reason}.")


def _nothing(
    submission: str,
    rubric: "Rubric",
    status: Literal["unreadable", "crashed"],
    checks: list[CheckResult],
    reason: str,
) -> Outcome:
    return Outcome(
        submission,
        rubric.assignment,
        score=0.0,
        max_score=math.fsum(check.max_points for check in checks),
        seconds=0.0,
        peak_mb=0.0,
        status=status,
        checks=checks,
        integrity=[reason],
    )
