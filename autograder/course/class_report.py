"""A class on one page: the table, how each check went, which mistakes were made how often."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from autograder.grading.outcomes import CheckResult, Outcome
from autograder.grading.plain import printable

BINS = 10


@dataclass(frozen=True)
class CheckSummary:
    """How one check went in a class.

    Attributes:
        id: Of the check.
        max_points: What it is worth.
        mean: The mean share of its points, from 0 to 1.
        bins: How many submissions earned how much, in `BINS` equal steps from nothing to all.
        statuses: How often it passed, failed, and so on; the most frequent first.
    """

    id: str
    max_points: float
    mean: float
    bins: list[int]
    statuses: dict[str, int]


@dataclass(frozen=True)
class ClassSummary:
    """What a teacher wants to know before the next lesson.

    Attributes:
        assignment: Of what.
        graded: How many submissions were graded.
        unreadable: Whose could not be read.
        mean: The mean score of those graded.
        median: Their median.
        max_score: What there was to earn by machine.
        bins: How many submissions scored how much, in `BINS` steps.
        checks: In the order of the rubric.
        misconceptions: How many submissions made each known mistake, the most frequent first.
    """

    assignment: str
    graded: int
    unreadable: list[str]
    mean: float
    median: float
    max_score: float
    bins: list[int]
    checks: list[CheckSummary]
    misconceptions: dict[str, int]


def summary(outcomes: Sequence[Outcome]) -> ClassSummary:
    """Count.

    Raises:
        ValueError: If there are no outcomes, or of different assignments.
    """
    names = {outcome.assignment for outcome in outcomes}
    if len(names) != 1:
        raise ValueError(f"outcomes must be of one assignment, but are of {sorted(names)}.")
    read = [outcome for outcome in outcomes if outcome.status != "unreadable"]
    scores = sorted(outcome.score for outcome in read)
    most = max(outcome.max_score for outcome in outcomes)
    mistakes = Counter(
        name for outcome in read for name in {_short(r) for r in outcome.checks if r.misconception}
    )
    return ClassSummary(
        assignment=names.pop(),
        graded=len(read),
        unreadable=sorted(o.submission for o in outcomes if o.status == "unreadable"),
        mean=sum(scores) / len(scores) if scores else 0.0,
        median=(scores[(len(scores) - 1) // 2] + scores[len(scores) // 2]) / 2 if scores else 0.0,
        max_score=most,
        bins=_bins([score / most for score in scores] if most else []),
        checks=_check_summaries(read),
        misconceptions=dict(mistakes.most_common()),
    )


def _short(result: CheckResult) -> str:
    """The name of a mistake without its assignment's."""
    assignment = result.id.partition(".")[0]
    return (result.misconception or "").removeprefix(f"{assignment}-")


def _check_summaries(outcomes: Sequence[Outcome]) -> list[CheckSummary]:
    ids = dict.fromkeys(result.id for outcome in outcomes for result in outcome.checks)
    found = []
    for identity in ids:
        results = [r for outcome in outcomes for r in outcome.checks if r.id == identity]
        shares = [r.points / r.max_points if r.max_points else 1.0 for r in results]
        statuses = Counter(str(r.status) for r in results)
        found.append(
            CheckSummary(
                identity,
                results[0].max_points,
                sum(shares) / len(shares),
                _bins(shares),
                dict(statuses.most_common()),
            )
        )
    return found


def _bins(shares: Sequence[float]) -> list[int]:
    """How many shares fall into each step; all is in the last."""
    counts = Counter(min(int(share * BINS), BINS - 1) for share in shares)
    return [counts[number] for number in range(BINS)]


def part_of(check: str) -> str:
    """The part that a check belongs to: ``focal.loss-values`` gives ``loss``."""
    pieces = re.split(r"[.-]", check)
    return pieces[1] if len(pieces) > 1 else check


def points_of(results: Sequence[CheckResult]) -> str:
    """Points earned of those there are."""
    if not results:
        return "–"
    return f"{sum(r.points for r in results):g}/{sum(r.max_points for r in results):g}"


def page(outcomes: Sequence[Outcome]) -> str:
    """The report as one HTML page that needs nothing else."""
    from jinja2 import Environment

    template = (
        files("autograder.course").joinpath("class_report.html.j2").read_text(encoding="utf-8")
    )
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["points"] = lambda value: f"{value:g}"
    parts = list(dict.fromkeys(part_of(r.id) for outcome in outcomes for r in outcome.checks))
    return environment.from_string(template).render(
        summary=summary(outcomes),
        parts=parts,
        rows=[_row(outcome, parts) for outcome in outcomes],
        made=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        steps=BINS,
    )


def _row(outcome: Outcome, parts: Sequence[str]) -> dict[str, Any]:
    by_part = [points_of([r for r in outcome.checks if part_of(r.id) == part]) for part in parts]
    lost = next((r for r in outcome.checks if r.points < r.max_points), None)
    unreadable = outcome.status == "unreadable"
    return {
        "outcome": outcome,
        "name": printable(outcome.submission),
        "parts": ["–"] * len(parts) if unreadable else by_part,
        "first": printable(outcome.integrity[0] if unreadable else lost.message if lost else ""),
    }
