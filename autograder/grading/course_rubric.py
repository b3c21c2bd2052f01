"""The rubric of an assignment as a course changes it: a file beside the assignment's text.

``solutions/<assignment>/rubric.toml`` says what the checks are worth; what it does not name stays.
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from autograder.grading.folders import CourseFolders
from autograder.grading.refusals import RefusalError
from lossedu.names import unknown_name

if TYPE_CHECKING:  # a rubric brings torch
    from autograder.rubrics import Rubric

_HEAD = """# What each check of this assignment is worth. Those of one cell add up to the points
# of the cell in {name}.md, which must say the same; a check that is worth 0 is still asked.

[points]
"""


class CourseRubricError(RefusalError, ValueError):
    """A file that does not say what the checks of an assignment are worth."""


def course_rubric(folders: CourseFolders, assignment: str) -> "Rubric":
    """The rubric of an assignment, as the course changes it.

    Raises:
        LookupError: If the assignment has no rubric.
        CourseRubricError: If the course's file is broken, or names what there is not.
    """
    from autograder.rubrics import rubric

    return revised(rubric(assignment), changed_points(folders, assignment))


def changed_points(folders: CourseFolders, assignment: str) -> dict[str, float]:
    """What the course's own file says of an assignment; nothing if there is none.

    Raises:
        CourseRubricError: If it is broken.
    """
    path = folders.rubric(assignment)
    if not path.exists():
        return {}
    try:
        points = tomllib.loads(path.read_text(encoding="utf-8")).get("points", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CourseRubricError(f"{path} must be a TOML file, but is not: {error}") from error
    if not isinstance(points, dict):
        raise CourseRubricError(f"points in {path} must be a table, but is {points!r}.")
    for check, worth in points.items():
        if not _is_worth(worth):
            raise CourseRubricError(
                f"{check!r} in {path} must be worth a number from 0 upwards, but is {worth!r}."
            )
    return {check: float(worth) for check, worth in points.items()}


def revised(rubric: "Rubric", points: Mapping[str, float]) -> "Rubric":
    """A rubric with other points for some checks.

    Raises:
        CourseRubricError: If it has no such check.
    """
    known = [check.id for check in rubric.checks]
    for name in points:
        if name not in known:
            raise CourseRubricError(unknown_name("a check in rubric.toml", name, known))
    changed = [_worth(c, points[c.id]) if c.id in points else c for c in rubric.checks]
    return replace(rubric, checks=tuple(changed))


def as_text(rubric: "Rubric") -> str:
    """A rubric as a course may change it."""
    lines = [f'"{check.id}" = {check.points:g}' for check in rubric.checks]
    return _HEAD.format(name=rubric.assignment) + "\n".join(lines) + "\n"


def _worth(check: Any, points: float) -> Any:
    """A check with other points; those of one under a rule are its check's."""
    if hasattr(check, "rule"):
        return replace(check, check=_worth(check.check, points))
    return replace(check, points=points)


def _is_worth(worth: object) -> bool:
    return type(worth) in (int, float) and math.isfinite(worth) and worth >= 0  # type: ignore[arg-type,operator]
