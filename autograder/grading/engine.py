"""The grader of an assignment as it is sent to workers: it needs no file of the course there."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING

from autograder.grading.course_rubric import changed_points, revised
from autograder.grading.folders import CourseFolders
from autograder.grading.secret import course_secret
from autograder.grading.workers import Grade, UnavailableError

if TYPE_CHECKING:
    from autograder.grading.grader import Graded


def engine(
    folders: CourseFolders, assignment: str, *, costly: bool = True, trust: bool = False
) -> "Engine":
    """The engine of an assignment of a course.

    Raises:
        LookupError: If the assignment was not released, or what was released is broken.
    """
    path = folders.exercise(assignment)
    if not path.exists():
        raise LookupError(
            f"{assignment!r} must have been released, but {path} is not there. "
            f"Hint: autograder release {assignment}"
        )
    try:
        template = path.read_text(encoding="utf-8")
        json.loads(template)
    except ValueError as error:
        raise LookupError(
            f"{path} must be the notebook that was given out, but is no notebook. "
            f"Hint: autograder release {assignment}"
        ) from error
    points = tuple(changed_points(folders, assignment).items())
    return Engine(assignment, template, course_secret(folders), costly, trust, points)


@dataclass(frozen=True)
class Engine:
    """How the submissions of a class are graded.

    Attributes:
        assignment: Its name.
        template: The released notebook, as text.
        secret: The teacher's seed; None for public inputs alone.
        costly: Whether models are trained, too.
        trust: Whether to run without a sandbox.
        points: What the course changes of the rubric: checks, and what they are worth.
    """

    assignment: str
    template: str = field(repr=False)
    secret: int | None = field(repr=False)
    costly: bool = True
    trust: bool = False
    points: tuple[tuple[str, float], ...] = ()

    @contextmanager
    def open(self) -> Iterator[Grade]:
        """Start the sandbox, and grade in it until the end.

        Raises:
            UnavailableError: If this system can grade nothing.
        """
        from autograder.sandbox.system import why_not_here

        if elsewhere := why_not_here():
            raise UnavailableError(elsewhere)
        import nbformat

        from autograder.grading.grader import grade
        from autograder.grading.notebooks import Assignment
        from autograder.rubrics import rubric
        from autograder.sandbox.client import Server

        template = nbformat.reads(self.template, as_version=4)
        marked_by = revised(rubric(self.assignment), dict(self.points))
        given = Assignment(self.assignment, template, marked_by)
        with Server(trust=self.trust) as server:

            def graded(raw: bytes, submission: str) -> "Graded":
                return grade(raw, submission, given, server, self.secret, costly=self.costly)

            yield graded

    def version(self) -> bytes:
        """A digest of all that an outcome depends on, besides the submission."""
        digest = hashlib.blake2b(digest_size=32)
        settings = (
            self.assignment,
            self.template,
            self.secret,
            self.costly,
            self.trust,
            self.points,
        )
        digest.update(repr(settings).encode())
        for package in ("autograder", "lossedu"):
            for name, text in sorted(_modules(files(package), package)):
                digest.update(f"\n{name}\n".encode() + text)
        return digest.digest()


def _modules(folder: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    """The sources below a folder; a reference or a rubric may change in any of them."""
    for entry in folder.iterdir():
        inside = f"{name}/{entry.name}"
        if entry.is_dir():
            yield from _modules(entry, inside)
        elif entry.name.endswith(".py"):
            yield inside, entry.read_bytes()
