"""The teacher's seed: what hidden inputs are drawn from, and what no student may guess."""

import secrets

from autograder.grading.folders import CourseFolders
from lossedu.whole_files import create_whole

PRIVATE = 0o600
BITS = 63  # what a generator of torch takes


def course_secret(folders: CourseFolders) -> int:
    """The seed of a course; made when it is first asked for.

    Raises:
        LookupError: If the file holds none.
    """
    path = folders.secret
    if not path.exists():
        _make(folders)
    if path.stat().st_mode & 0o077:
        path.chmod(PRIVATE)
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if not (text.isdecimal() and int(text) < 2**BITS):
        raise LookupError(
            f"{path} must hold a whole number below 2**{BITS}, but does not. "
            "Hint: remove it, and grade the whole class again."
        )
    return int(text)


def _make(folders: CourseFolders) -> None:
    """Of two that make one at the same time, the first wins."""
    create_whole(folders.secret, f"{secrets.randbits(BITS)}\n", mode=PRIVATE)
