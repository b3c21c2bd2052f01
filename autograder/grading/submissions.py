"""Finds what was handed in, and reads it without following anything out of its folder."""

import os
import re
import stat
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.grading.folders import CourseFolders
from autograder.grading.refusals import RefusalError
from lossedu.names import suggestion

MOST_BYTES = 64 * 2**20
# A link is not followed, and a pipe not waited for; Windows has no such flags.
_READ_NO_LINK = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_FOLDER_NO_LINK = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_DIRECTORY", 0)
_MOST_NAMED = 5
WHEN = "timestamp.txt"  # what nbgrader puts beside a submission
SUBMITTED = "submitted"  # nbgrader's folder of what was handed in, by student
# What browsers, file managers and Jupyter add to the name of a second copy.
_OF_A_COPY = frozenset(["copy", "copia", "copie", "kopie", "kopia", "of", "von", "de"])


class SubmissionError(RefusalError, ValueError):
    """A file that cannot be somebody's submission, or a list that says two things."""


@dataclass(frozen=True)
class Submission:
    """One student's file.

    Attributes:
        name: Whose it is: the student's folder, or the name of a file that no folder stands for.
        path: The notebook; it may be missing.
        below: The folder that the teacher chose: no link is followed on the way from there.  None:
            the folder that the notebook is in.
    """

    name: str
    path: Path
    below: Path | None = None

    def beside(self, name: str) -> "Submission":
        """Another file of the same folder."""
        return replace(self, path=self.path.with_name(name))

    def oddities(self, assignment: str) -> list[str]:
        """What is odd about where it was found: a notebook of another name, in a sentence."""
        right = f"{assignment}.ipynb"
        if self.path.parent.name != assignment or self.path.name == right:
            return []
        return [f"The notebook is called {self.path.name!r}; it was taken for {right}."]


def handed_in(folders: CourseFolders, assignment: str) -> list[Submission]:
    """Every submission of an assignment in the course's folder, by name.

    Raises:
        SubmissionError: If two are by the same name: where bytes that are no text are written out,
            as another folder's name has them.
    """
    return _each_once(_in_tree(folders.course / SUBMITTED, assignment))


def named(paths: Sequence[Path], assignment: str) -> list[Submission]:
    """The submissions that files and folders hold.

    Args:
        paths: Notebooks, ``<student>/<assignment>/<assignment>.ipynb``,
            ``<student>/<assignment>.ipynb`` or ``<student>.ipynb``, and folders of these.
        assignment: Which of the notebooks in a tree count.

    Raises:
        SubmissionError: If a path holds none, or two are by the same name.
    """
    found: list[Submission] = []
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            loose = sorted(path.glob("*.ipynb"))
            inside = _in_folder(path, assignment, loose=bool(loose))
            if not (inside or loose):
                raise SubmissionError(f"{path} must hold submissions, but has no notebook.")
            found += inside
            files += [] if inside else loose
        elif path.exists():
            files.append(path)
        else:
            raise SubmissionError(
                f"{path} must be a notebook or a folder, but is not there."
                + suggestion(path.name, [other.name for other in path.parent.glob("*")])
            )
    found += _from_files(files, assignment)
    return [replace(one, below=_handed_in_below(one)) for one in _each_once(found)]


def _each_once(found: Sequence[Submission]) -> list[Submission]:
    by_name: dict[str, Submission] = {}
    for submission in found:
        other = by_name.setdefault(submission.name, submission)
        if other.path != submission.path:
            raise SubmissionError(
                f"a submission must have a name of its own, but {other.path} and "
                f"{submission.path} are both by {submission.name!r}. "
                "Hint: a folder a student, or a file named after each."
            )
    return list(by_name.values())


def lone(path: Path) -> Submission:
    """One notebook, whatever it is called: neither it nor the folders it is in may be links.

    Below the folder one works in no link is followed at all.
    """
    place = Path(os.path.normpath(path.absolute()))  # ``..`` goes, links stay
    levels = 2 if place.parent.name == place.stem else 1  # <student>/<assignment>/, or <student>/
    below = place.parents[min(levels, len(place.parents) - 1)]
    if place.is_relative_to(Path.cwd()):
        below = Path.cwd()
    one = Submission("you", place, below)
    return replace(one, below=_handed_in_below(one))


def content(submission: Submission) -> bytes:
    """The bytes of a submission.

    Raises:
        SubmissionError: If there is no ordinary file of ordinary size.
    """
    path = submission.path
    try:
        handle = _opened(path, submission.below or path.parent)
    except OSError as error:
        raise SubmissionError(_why_not(submission)) from error
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
            raw = stream.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise SubmissionError(f"{path.name} must stay as it is, but grew while it was read.")
        return raw
    finally:
        os.close(handle)


def links(folder: Path) -> list[Path]:
    """Every symbolic link below a folder: copying what they point at could give answers away."""
    if folder.is_symlink():
        return [folder]
    return sorted(
        Path(place, name)
        for place, folders, files in os.walk(folder)
        for name in (*folders, *files)
        if Path(place, name).is_symlink()
    )


def _handed_in_below(one: Submission) -> Path | None:
    """The folder from which on no link is followed: where it lies among what was handed in, that.

    The folder of one student may be named alone, and be a link itself.
    """
    among = [place for place in one.path.parents if place.name == SUBMITTED]
    if one.below is None or not among:
        return one.below
    return among[-1] if one.below.is_relative_to(among[-1]) else one.below


def _in_folder(folder: Path, assignment: str, *, loose: bool) -> list[Submission]:
    """What a folder holds by its folders: a class, or one student's work."""
    path = _notebook_in(folder.absolute() / assignment, assignment)
    if not loose and path.is_file():
        return [Submission(_as_text(path.parents[1].name), path, path.parents[2])]
    return _in_tree(folder, assignment) or ([] if loose else _by_folder(folder, assignment))


def _in_tree(folder: Path, assignment: str) -> list[Submission]:
    return [
        Submission(_as_text(place.parent.name), _notebook_in(place, assignment), folder)
        for place in sorted(folder.glob(f"*/{assignment}"))
        if place.is_dir() and not place.parent.name.startswith(".")
    ]


def _notebook_in(place: Path, assignment: str) -> Path:
    """The notebook of a folder: the one with the right name, or else the only one it can be."""
    right = place / f"{assignment}.ipynb"
    others = [] if os.path.lexists(right) else sorted(place.glob("*.ipynb"))
    copies = [other for other in others if is_named_for(other, assignment)] or others
    return copies[0] if len(copies) == 1 else right


def _as_text(name: str) -> str:
    """A name on disk as text: bytes that are none are written out."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _by_folder(folder: Path, assignment: str) -> list[Submission]:
    """One notebook in each folder of a student: the one with the right name, or the only one."""
    found = []
    for student in sorted(folder.iterdir()):
        inside = sorted(student.glob("*.ipynb")) if student.is_dir() else []
        if inside and not student.name.startswith("."):
            right = student / f"{assignment}.ipynb"  # of several others, none can be chosen
            path = inside[0] if len(inside) == 1 else right
            found.append(Submission(_as_text(student.name), path, folder))
    return found


def _from_files(paths: Sequence[Path], assignment: str) -> list[Submission]:
    """Files by their students: where a file has the assignment's name, the folder is hers."""
    places = [path.absolute() for path in paths]
    beside = Counter(p.parent for p in set(places) if is_named_for(p, assignment))
    return [_from_file(place, assignment, alone=beside[place.parent] == 1) for place in places]


def _from_file(path: Path, assignment: str, *, alone: bool) -> Submission:
    in_tree = path.stem == assignment and path.parent.name == assignment
    if in_tree:
        name, below = _as_text(path.parent.parent.name), path.parent.parent.parent
    elif alone and is_named_for(path, assignment):
        name, below = _as_text(path.parent.name), path.parent.parent
    else:  # among several in one folder, the names of the files tell them apart
        name, below = _as_text(path.stem), path.parent
    if name.startswith(".") or not name:
        raise SubmissionError(f"{path} must name its student, but gives {name!r}.")
    return Submission(name, path, below)


def is_named_for(path: Path, assignment: str) -> bool:
    """Whether a file has the name of an assignment, or of a copy: ``focal (1)``, ``focal-Copy1``.

    Example:
        >>> [is_named_for(Path(name), "focal") for name in ("Copy of focal.ipynb", "ann.ipynb")]
        [True, False]
    """
    words = _words(path.stem)
    own = _words(assignment)
    if path.stem == assignment:
        return True
    for at in range(len(words) - len(own) + 1):
        rest = words[:at] + words[at + len(own) :]
        if words[at : at + len(own)] == own:
            return all(word in _OF_A_COPY or word.isdecimal() for word in rest)
    return False


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W\d_]+|\d+", name.casefold())


def _opened(path: Path, below: Path) -> int:
    """A descriptor of a file, whose folders are opened one by one: none of them is a link.

    Raises:
        OSError: If there is no such file, or a link on the way.
    """
    steps = path.relative_to(below).parts
    if os.open not in os.supports_dir_fd:
        if _link_on_the_way(path, below) is not None:
            raise OSError("a link is not followed")
        return os.open(path, _READ_NO_LINK)
    with ExitStack() as stack:
        place = os.open(below, os.O_RDONLY)  # that one may be a link of the teacher's own
        stack.callback(os.close, place)
        for step in steps[:-1]:
            place = os.open(step, _FOLDER_NO_LINK, dir_fd=place)
            stack.callback(os.close, place)
        return os.open(steps[-1], _READ_NO_LINK, dir_fd=place)


def _link_on_the_way(path: Path, below: Path) -> Path | None:
    """The first link between a folder and a file in it, the file itself included."""
    ways = [path, *path.parents]
    inside = ways[: ways.index(below)] if below in ways else ways[:1]
    return next((place for place in reversed(inside) if place.is_symlink()), None)


def _why_not(submission: Submission) -> str:
    path, below = submission.path, submission.below or submission.path.parent
    link = _link_on_the_way(path, below)
    if link == path:
        return f"{path.name} must be a file, but is a link to another."
    if link is not None:
        return f"{link.name} must be a folder, but is a link to another, and was not followed."
    others = sorted(other.name for other in path.parent.glob("*.ipynb"))
    if not path.exists() and others:
        named = ", ".join(others[:_MOST_NAMED]) + ", and more" * (len(others) > _MOST_NAMED)
        return f"the notebook must be called {path.name}, but the folder has {named}."
    return f"{path.name} must be there and readable, but is not."
