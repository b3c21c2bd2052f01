"""When assignments are due, in nbgrader's gradebook."""

from datetime import datetime

from nbgrader.api import MissingEntry
from traitlets.config import Config

from autograder.bridge.configuration import open_gradebook
from autograder.grading.refusals import RefusalError


class DueDateError(RefusalError, LookupError):
    """There is nothing that an extension could extend."""


def set_due(config: Config, assignment: str, when: datetime) -> None:
    """Say when an assignment is due.

    Args:
        config: Of the course.
        assignment: Its name.
        when: In UTC.
    """
    with open_gradebook(config) as gradebook:
        gradebook.update_or_create_assignment(assignment, duedate=when)


def set_due_for(config: Config, assignment: str, student: str, when: datetime) -> None:
    """Say when an assignment is due for one student: an extension beyond the date of all.

    Raises:
        DueDateError: If nothing was said of all, or this is before it.
    """
    with open_gradebook(config) as gradebook:
        try:
            due = gradebook.find_assignment(assignment).duedate
        except MissingEntry:
            due = None
        if due is None or when < due:
            told = "has none" if due is None else f"is due at {due:%Y-%m-%d %H:%M} UTC"
            raise DueDateError(
                f"an extension must be beyond what is due for all, but {assignment!r} {told}. "
                f"Hint: autograder due {assignment} DATE, without --student"
            )
        gradebook.update_or_create_student(student)
        # Half-made rows must not be flushed while nbgrader still fills them in.
        with gradebook.db.no_autoflush:
            gradebook.update_or_create_submission(assignment, student, extension=when - due)
