"""Marks as files that Canvas and Moodle import."""

import csv
import io
from collections.abc import Callable, Sequence

from autograder.grading.outcomes import StudentMark
from autograder.grading.plain import spreadsheet_text


def canvas(assignment: str, marks: Sequence[StudentMark]) -> str:
    """A gradebook as Canvas imports it: students by login, points possible in the second row."""
    most = max((mark.max_score for mark in marks), default=0.0)
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", assignment]
    possible = ["    Points Possible", "", "", "", "", _number(most)]
    rows = [
        [_full_name(mark), mark.lms_id, "", mark.student, "", _number(mark.score)] for mark in marks
    ]
    return _text([head, possible, *rows])


def moodle(assignment: str, marks: Sequence[StudentMark]) -> str:
    """Grades as Moodle imports them: ``username`` names the user, the last column the item."""
    head = ["username", "email", "firstname", "lastname", assignment]
    rows = [
        [mark.student, mark.email, mark.first_name, mark.last_name, _number(mark.score)]
        for mark in marks
    ]
    return _text([head, *rows])


FORMATS: dict[str, Callable[[str, Sequence[StudentMark]], str]] = {
    "canvas": canvas,
    "moodle": moodle,
}


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
