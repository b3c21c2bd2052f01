"""Whose fault an error is: a wrong argument is one line, a fault in the user's own code a trace."""

import traceback
from pathlib import Path

import lossedu

_OURS = {Path(lossedu.__file__).parents[1] / name for name in ("lossedu", "autograder")}
_STANDARD = Path(traceback.__file__).parent


def own_code_took_part(error: BaseException) -> bool:
    """Whether an error came through a module of the user's own: there, only a trace helps.

    Args:
        error: What was caught.
    """
    files = {Path(frame.f_code.co_filename) for frame, _ in traceback.walk_tb(error.__traceback__)}
    return any(file.is_file() and not _installed(file) for file in files)


def _installed(file: Path) -> bool:
    parts = set(file.parts)
    ours = not _OURS.isdisjoint(file.parents)
    return ours or _STANDARD in file.parents or "site-packages" in parts
