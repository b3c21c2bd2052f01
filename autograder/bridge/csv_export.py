"""What `nbgrader export` writes: its own table, in which a name is a name.

nbgrader joins fields with commas: a comma in a name moves the marks, and a name that begins as a
formula is one for whoever opens the table.
"""

import csv
import io
from types import SimpleNamespace
from typing import Any

from nbgrader.plugins import CsvExportPlugin

from autograder.grading.plain import spreadsheet_text


class DisarmedCsv(CsvExportPlugin):
    """Writes nbgrader's table with every text quoted where need be."""

    def export(self, gradebook: Any) -> None:
        """Write the marks of all assignments, or of those that were asked for."""
        super().export(_Quoting(gradebook))


class _Quoting:
    """A gradebook whose texts are written as fields."""

    def __init__(self, gradebook: Any) -> None:
        self._gradebook = gradebook
        self.assignments = gradebook.assignments

    @property
    def students(self) -> list[SimpleNamespace]:
        """Each with what the table says of her."""
        named = ("id", "last_name", "first_name", "email")
        return [
            SimpleNamespace(**{name: _Field(getattr(one, name) or "") for name in named})
            for one in self._gradebook.students
        ]

    def find_submission(self, assignment: str, student: str) -> Any:
        """The submission of a student, whatever her name is written as."""
        return self._gradebook.find_submission(assignment, str(student))


class _Field(str):
    """A text that is itself, and a field of a table where it is formatted into one."""

    def __format__(self, spec: str) -> str:
        """The text as a field, with quotes if it needs them."""
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow([spreadsheet_text(str(self))])
        return line.getvalue()
