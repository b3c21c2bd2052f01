"""Opens a class for grading: its gradebook, its rubric, its secret, its engine."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from autograder.bridge.course import Course, logged_to
from autograder.bridge.gradebook import gradebook_store
from autograder.grading.classes import ClassWork
from autograder.grading.course_rubric import course_rubric
from autograder.grading.engine import engine
from autograder.grading.folders import CourseFolders
from autograder.grading.regrading import checks_named


@contextmanager
def open_class(
    root: Path,
    assignment: str,
    *,
    costly: bool = True,
    trust: bool = False,
    questions: Collection[str] = (),
) -> Iterator[ClassWork]:
    """Open the class of an assignment; release it first where nobody has.

    Args:
        root: The course's folder.
        assignment: Which.
        costly: Whether the checks that train models are asked.
        trust: Whether to run without a sandbox.
        questions: The checks or cells whose marks alone are given anew; empty for all.

    Raises:
        LookupError: If the assignment has no rubric.
        DisagreementError: If the gradebook expects other points than the rubric gives.
    """
    folders = CourseFolders(root)
    marked_by = course_rubric(folders, assignment)
    only = checks_named(marked_by, questions)
    costly = costly and (not only or any(c.costly for c in marked_by.checks if c.id in only))
    with logged_to(folders.log):
        course = Course(root)
        if not course.is_released(assignment) or not folders.exercise(assignment).exists():
            course.release(assignment)
        grader = engine(folders, assignment, costly=costly, trust=trust)
        with gradebook_store(course.config, marked_by) as store:
            store.agree()
            yield ClassWork(folders, marked_by, grader, store, costly, only)
