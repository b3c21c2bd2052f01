"""Finds what was handed in, and reads it without following anything out of its folder."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.grading.folders import CourseFolders

MOST_BYTES = 64 * 2**20
# A link is not followed, and a pipe not waited for; Windows has no such flags.
_READ_NO_LINK = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
WHEN = "timestamp.txt"  # what nbgrader puts beside a submission


class SubmissionError(ValueError):
    """A file that cannot be somebody's submission, or a list that says two things."""


@dataclass(frozen=True)
class Submission:
    """One student's file.

    Attributes:
        name: Whose it is: the folder of a submitted tree, or the name of a single file.
        path: The notebook; it may be missing.
    """

    name: str
    path: Path


def handed_in(folders: CourseFolders, assignment: str) -> list[Submission]:
    """Every submission of an assignment in the course's folder, by name."""
    return _in_tree(folders.course / "submitted", assignment)


def named(paths: Sequence[Path], assignment: str) -> list[Submission]:
    """The submissions that files and folders hold.

    Args:
        paths: Notebooks, ``<student>/<assignment>/<assignment>.ipynb`` or ``<student>.ipynb``, and
            folders of either.
        assignment: Which of the notebooks in a tree count.

    Raises:
        SubmissionError: If a path holds none, or two are by the same name.
    """
    found: list[Submission] = []
    for path in paths:
        if path.is_dir():
            inside = _in_tree(path, assignment) or [
                _from_file(file, assignment) for file in sorted(path.glob("*.ipynb"))
            ]
            if not inside:
                raise SubmissionError(f"{path} must hold submissions, but has no notebook.")
            found += inside
        elif path.exists():
            found.append(_from_file(path, assignment))
        else:
            raise SubmissionError(f"{path} must be a notebook or a folder, but is not there.")
    by_name: dict[str, Submission] = {}
    for submission in found:
        other = by_name.setdefault(submission.name, submission)
        if other.path != submission.path:
            raise SubmissionError(
                f"a submission must have a name of its own, but {other.path} and "
                f"{submission.path} are both by {submission.name!r}."
            )
    return list(by_name.values())


def content(submission: Submission) -> bytes:
    """The bytes of a submission.

    Raises:
        SubmissionError: If there is no ordinary file of ordinary size.
    """
    path = submission.path
    try:
        if not hasattr(os, "O_NOFOLLOW") and path.is_symlink():
            raise SubmissionError(_why_not(path))
        handle = os.open(path, _READ_NO_LINK)
    except OSError as error:
        raise SubmissionError(_why_not(path)) from error
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise SubmissionError(f"{path.name} must be a file, but is something else.")
        if about.st_size > MOST_BYTES:
            raise SubmissionError(
                f"{path.name} must be at most {MOST_BYTES >> 20} MB, but has "
                f"{about.st_size >> 20} MB. Hint: clear its outputs."
            )
        with os.fdopen(handle, "rb", closefd=False) as stream:
            return stream.read(MOST_BYTES)
    finally:
        os.close(handle)


def links(folder: Path) -> list[Path]:
    """Every symbolic link below a folder: copying what they point at could give answers away."""
    return sorted(
        Path(place, name)
        for place, folders, files in os.walk(folder)
        for name in (*folders, *files)
        if Path(place, name).is_symlink()
    )


def _in_tree(folder: Path, assignment: str) -> list[Submission]:
    return [
        Submission(place.parent.name, place / f"{assignment}.ipynb")
        for place in sorted(folder.glob(f"*/{assignment}"))
        if place.is_dir() and not place.parent.name.startswith(".")
    ]


def _from_file(path: Path, assignment: str) -> Submission:
    path = path.absolute()
    in_tree = path.stem == assignment and path.parent.name == assignment
    name = path.parent.parent.name if in_tree else path.stem
    if name.startswith(".") or not name:
        raise SubmissionError(f"{path} must name its student, but gives {name!r}.")
    return Submission(name, path)


def _why_not(path: Path) -> str:
    if path.is_symlink():
        return f"{path.name} must be a file, but is a link to another."
    others = sorted(other.name for other in path.parent.glob("*.ipynb"))
    if not path.exists() and others:
        return f"the notebook must be called {path.name}, but the folder has {', '.join(others)}."
    return f"{path.name} must be there and readable, but is not."
