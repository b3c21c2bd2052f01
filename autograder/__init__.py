"""Assignments: from a text notebook to a graded class, with nbgrader underneath.

``from autograder import check`` is what a student's notebook needs.
"""

from typing import Any

__all__ = ["check"]


def __getattr__(name: str) -> Any:
    """Load `check`, and torch with it, only for those who ask: commands start without."""
    if name != "check":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from autograder.student.notebook_check import check

    return check
