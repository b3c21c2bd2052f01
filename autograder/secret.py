"""The teacher's seed: what hidden inputs are drawn from, and what no student may guess."""

import os
import secrets
import tempfile
from pathlib import Path

from autograder.folders import CourseFolders

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
    text = path.read_text(encoding="ascii").strip()
    if not (text.isdecimal() and int(text) < 2**BITS):
        raise LookupError(
            f"{path} must hold a whole number below 2**{BITS}, but does not. "
            "Hint: remove it, and grade the whole class again."
        )
    return int(text)


def _make(folders: CourseFolders) -> None:
    """Of two that make one at the same time, the first wins."""
    handle, draft = tempfile.mkstemp(dir=folders.scratch())  # readable by its owner alone
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(f"{secrets.randbits(BITS)}\n")
        os.link(draft, folders.secret)
    except FileExistsError:
        pass
    finally:
        Path(draft).unlink()
