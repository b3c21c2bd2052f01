"""What a teacher does with a course besides grading: releases, feedback, the gradebook's list."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbgrader.api import MissingEntry
from nbgrader.apps.api import NbGraderAPI

from autograder.bridge.configuration import course_config, open_gradebook
from autograder.grading.refusals import RefusalError


@contextmanager
def logged_to(path: Path) -> Iterator[None]:
    """Send what nbgrader and the kernels say to a file: they warn of things that are no fault.

    Kernels are processes of their own that inherit the standard error stream, so the stream itself
    is moved, not only Python's loggers.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stderr.flush()
    kept = os.dup(2)
    with path.open("a", encoding="utf-8") as log:
        os.dup2(log.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)


class NbgraderError(RefusalError, RuntimeError):
    """nbgrader could not do what was asked."""


class Course:
    """The course of one repository, as nbgrader sees it."""

    def __init__(self, root: Path) -> None:
        self.config = course_config(root)
        self.api = NbGraderAPI(config=self.config)

    def release(self, assignment: str) -> None:
        """Make what students get.

        Raises:
            NbgraderError: If nbgrader could not.
        """
        _checked(self.api.generate_assignment(assignment, force=True), assignment)

    def is_released(self, assignment: str) -> bool:
        """Whether the gradebook knows the assignment and its cells."""
        with open_gradebook(self.config) as gradebook:
            try:
                gradebook.find_notebook(assignment, assignment)
            except MissingEntry:
                return False
        return True

    def feedback(self, assignment: str) -> None:
        """Write the feedback of every graded submission.

        Raises:
            NbgraderError: If nbgrader could not.
        """
        _checked(self.api.generate_feedback(assignment, force=True), assignment)


def _checked(done: dict[str, Any], what: str) -> None:
    if not done["success"]:
        raise NbgraderError(
            f"nbgrader must finish with {what!r}, but says: {_last_line(done)} "
            "Hint: all that it said is in course/nbgrader.log"
        )


def _last_line(done: dict[str, Any]) -> str:
    text = str(done.get("error") or done.get("log") or "").strip()
    return text.splitlines()[-1] if text else "it gave no reason"
