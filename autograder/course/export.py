"""Marks as files that Canvas and Moodle import."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Protocol

from autograder.grading.outcomes import StudentMark
from autograder.grading.plain import spreadsheet_text


def canvas(assignment: str, marks: Sequence[StudentMark], *, questions: bool = False) -> str:
    """A gradebook as Canvas imports it: students by login, points possible in the second row."""
    most = max((mark.max_score for mark in marks), default=0.0)
    each = _questions(marks) if questions else {}
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    possible = ["    Points Possible", "", "", "", "", *map(_number, each.values()), _number(most)]
    rows = [
        [_full_name(mark), mark.lms_id, "", mark.student, "", *_points(mark, each)]
        for mark in marks
    ]
    return _text([[*head, *_titles(assignment, each)], possible, *rows])


def moodle(assignment: str, marks: Sequence[StudentMark], *, questions: bool = False) -> str:
    """Grades as Moodle imports them: ``username`` names the user, the last column the item."""
    each = _questions(marks) if questions else {}
    head = ["username", "email", "firstname", "lastname", *_titles(assignment, each)]
    rows = [
        [mark.student, mark.email, mark.first_name, mark.last_name, *_points(mark, each)]
        for mark in marks
    ]
    return _text([head, *rows])


class Format(Protocol):
    """Writes marks for one platform."""

    def __call__(
        self, assignment: str, marks: Sequence[StudentMark], *, questions: bool = False
    ) -> str:
        """The text of a file; with a column a question before the total, if asked for."""
        ...


FORMATS: dict[str, Format] = {
    "canvas": canvas,
    "moodle": moodle,
}


def _questions(marks: Sequence[StudentMark]) -> dict[str, float]:
    """Every graded cell, and what there was to earn in it."""
    return {name: most for mark in marks for name, (_, most) in mark.questions.items()}


def _titles(assignment: str, questions: Mapping[str, float]) -> list[str]:
    own = [name if name.startswith(assignment) else f"{assignment} {name}" for name in questions]
    return [*own, assignment]


def _points(mark: StudentMark, questions: Mapping[str, float]) -> list[str]:
    each = [mark.questions.get(name, (0.0, 0.0))[0] for name in questions]
    return [_number(points) for points in (*each, mark.score)]


def _full_name(mark: StudentMark) -> str:
    names = [part for part in (mark.last_name, mark.first_name) if part]
    return ", ".join(names) or mark.student


def _number(points: float) -> str:
    return f"{round(points, 2):g}"


def _text(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    safe = [
        [field if field.isspace() else spreadsheet_text(field) for field in row] for row in rows
    ]
    csv.writer(text, lineterminator="\n").writerows(safe)
    return text.getvalue()
