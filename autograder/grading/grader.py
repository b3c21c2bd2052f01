"""Grades one submission: run its cells, ask every check, say what came of it."""

import logging
import math
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

import torch
from nbformat import NotebookNode

from autograder.checks.check import Check, Finding
from autograder.checks.program import names_used
from autograder.checks.sources import Free, Ruled, banned
from autograder.checks.streams import stream
from autograder.checks.training import trained
from autograder.grading.feedback import earned, show
from autograder.grading.handed_in import HandedIn
from autograder.grading.marks import CHECK_FAILED
from autograder.grading.notebooks import (
    Assignment,
    UnreadableError,
    composed,
    experiments,
    is_test,
    read_and_repaired,
)
from autograder.grading.outcomes import CheckResult, Outcome
from autograder.sandbox.client import Server, Session, Usage
from autograder.sandbox.session import Cell, CellRun

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Graded:
    """A graded submission.

    Attributes:
        outcome: The marks and what led to them.
        notebook: What was run, with its outputs and the feedback; None if it was unreadable.
    """

    outcome: Outcome
    notebook: NotebookNode | None


def grade(
    raw: bytes,
    submission: str,
    assignment: Assignment,
    server: Server,
    secret: int | None,
    *,
    costly: bool = True,
) -> Graded:
    """Grade the bytes of a notebook file.

    Args:
        raw: The file.
        submission: Whose it is.
        assignment: What it answers.
        server: Where it runs.
        secret: The teacher's seed of the hidden inputs; the same for a whole class.  None for
            public inputs alone.
        costly: Whether to ask the checks that train a model, too, and to run the assignment's own
            experiments.  Checks left out are not in the outcome, neither in its score nor in its
            maximum.
    """
    start = time.perf_counter()
    checks = [check for check in assignment.rubric.checks if costly or not check.costly]
    try:
        notebook, repairs = read_and_repaired(raw)
        work = composed(notebook, assignment.template)
    except UnreadableError as error:
        seconds = time.perf_counter() - start
        return Graded(_unreadable(submission, assignment.name, checks, str(error), seconds), None)
    own = experiments(assignment.template)
    cells = _cells(work.notebook, own, trained(assignment.rubric.checks), costly=costly)
    runs, findings, usage, used_up = _asked(server, cells, checks, secret)
    results = [_result(check, finding) for check, finding in zip(checks, findings, strict=True)]
    short = [f"Time was short: {used_up}."] if used_up else []
    outcome = Outcome(
        submission,
        assignment.name,
        score=sum(result.points for result in results),
        max_score=sum(check.points for check in checks),
        seconds=time.perf_counter() - start,
        peak_mb=usage.peak_mb,
        status=_status(runs, usage.status),
        checks=results,
        integrity=[*repairs, *work.integrity, *short],
    )
    return Graded(outcome, show(work.notebook, runs, list(zip(checks, findings, strict=True))))


def _cells(
    notebook: NotebookNode, experiments: set[str], training: set[str], *, costly: bool
) -> list[Cell]:
    """What is to be run: all code but the checks, which the grader asks itself.

    Args:
        notebook: The submission.
        experiments: The assignment's own code that is no task.
        training: The functions that train models: a cell that uses them trains, too.
        costly: Whether experiments are run.
    """
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and not is_test(cell)]
    return [
        Cell(
            cell.id,
            cell.source,
            trains=cell.source in experiments or bool(training & names_used(cell.source)),
        )
        for cell in code
        if costly or cell.source not in experiments
    ]


def _asked(
    server: Server, cells: Sequence[Cell], checks: Sequence[Check], secret: int | None
) -> tuple[list[CellRun], list[Finding], Usage, str]:
    """Run the cells, and ask every check; at the end, what used up the time, if it was used up."""
    with closing(HandedIn(server, cells, banned(checks))) as work:
        runs = work.run()
        findings = [judged(check, work, secret) for check in checks]
        return runs, findings, work.close(), work.used_up


def _unreadable(
    submission: str, assignment: str, checks: Sequence[Check], why: str, seconds: float
) -> Outcome:
    nothing = [CheckResult(check.id, 0.0, check.points, "missing") for check in checks]
    most = sum(check.points for check in checks)
    return Outcome(submission, assignment, 0.0, most, seconds, 0.0, "unreadable", nothing, [why])


def judged(check: Check, work: HandedIn | Session, secret: int | None) -> Finding:
    """Ask one check; what is wrong with the check itself costs the batch nothing."""
    try:
        if not work.alive:
            work.reopen()
        asked = check if isinstance(check, Ruled) else Free(check)
        finding = asked.judge(work, None if secret is None else drawn_for(check.id, secret))
        if math.isfinite(finding.share) and 0 <= finding.share <= 1:
            return finding
        _log.error("%s: the share must be in [0, 1], but is %r.", check.id, finding.share)
    except Exception:
        _log.exception("%s could not be judged", check.id)
    return Finding("error", 0.0, CHECK_FAILED)


def drawn_for(check: str, secret: int) -> torch.Generator:
    """The generator of a check's hidden inputs: the same for every submission of a class."""
    return stream(f"{secret}:{check}".encode())


def _result(check: Check, finding: Finding) -> CheckResult:
    return CheckResult(
        check.id,
        earned(check, finding),
        check.points,
        finding.status,
        finding.message,
        finding.misconception,
    )


def _status(runs: Sequence[CellRun], ended: str) -> Literal["graded", "crashed", "timeout"]:
    """How the process ended; a cell that was stopped softly and in time did not end it."""
    if ended == "timeout":
        return "timeout"
    return "crashed" if ended == "crashed" or any(r.status == "crashed" for r in runs) else "graded"
