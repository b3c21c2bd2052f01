"""Some questions graded anew: their results among those that stay."""

import math
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

import nbformat

from autograder.grading.outcomes import Outcome
from autograder.grading.refusals import RefusalError
from lossedu.names import unknown_name

if TYPE_CHECKING:
    from autograder.rubrics import Rubric


class QuestionError(RefusalError, LookupError):
    """A question that an assignment does not have."""


def checks_named(rubric: "Rubric", questions: Collection[str]) -> frozenset[str]:
    """The checks that questions name: by their own names, or by the cells that show them.

    Raises:
        QuestionError: If there is no such question.
    """
    named: set[str] = set()
    for question in questions:
        meant = {c.id for c in rubric.checks if question in (c.id, c.cell)}
        if not meant:
            known = dict.fromkeys(name for c in rubric.checks for name in (c.cell, c.id))
            raise QuestionError(unknown_name("--question", question, known))
        named |= meant
    return frozenset(named)


def merged(earlier: Outcome, new: Outcome, checks: Collection[str]) -> Outcome:
    """An earlier outcome with the new results of some checks."""
    fresh = {result.id: result for result in new.checks if result.id in checks}
    known = {result.id for result in earlier.checks}
    results = [fresh.get(result.id, result) for result in earlier.checks]
    results += [result for name, result in fresh.items() if name not in known]
    return replace(
        earlier,
        checks=results,
        score=math.fsum(result.points for result in results),
        max_score=math.fsum(result.max_points for result in results),
    )


def merged_notebook(earlier: str, new: str, cells: Collection[str]) -> str:
    """An earlier graded notebook with the new feedback of some cells."""
    kept = nbformat.reads(earlier, as_version=4)
    fresh = {cell.id: cell for cell in nbformat.reads(new, as_version=4).cells}
    kept.cells = [fresh.get(c.id, c) if c.id in cells else c for c in kept.cells]
    return f"{nbformat.writes(kept)}\n"
