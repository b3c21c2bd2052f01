"""Which submissions of which assignment a command means."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.commands.usage import refused
from lossedu.names import unknown_name

if TYPE_CHECKING:
    from autograder.grading.submissions import Submission


def assignment_and_files(assignment: str, words: Sequence[Path]) -> tuple[str, Sequence[Path]]:
    """What is graded: the first word is the assignment, unless an option names it."""
    if assignment:
        return assignment, words
    if not words:
        refused("an assignment must be named, but none is. Hint: autograder grade NAME")
    return str(words[0]), words[1:]


def to_grade(
    root: Path, assignment: str, files: Sequence[Path], students: Sequence[str]
) -> list["Submission"]:
    """The submissions that are meant; exit with 2 if there are none."""
    from autograder.grading.folders import CourseFolders
    from autograder.grading.submissions import handed_in, named

    found = named(files, assignment) if files else handed_in(CourseFolders(root), assignment)
    if not found:
        refused(
            f"course/submitted must hold {assignment} of somebody, but does not. "
            f"Hint: course/submitted/STUDENT/{assignment}/{assignment}.ipynb, or name files"
        )
    known = [submission.name for submission in found]
    for student in students:
        if student not in known:
            refused(unknown_name("--student", student, known))
    return [one for one in found if not students or one.name in students]
