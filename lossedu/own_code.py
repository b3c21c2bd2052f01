"""Whose fault an error is: a wrong argument is one line, a fault in the user's own code a trace."""

import dis
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


def stated_by_us(error: BaseException) -> bool:
    """Whether a ``raise`` statement of ours made the error; not Python or a library in our code.

    Args:
        error: What was caught.
    """
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    if place is None:
        return False
    code = place.tb_frame.f_code
    file = Path(code.co_filename)
    raised = code.co_code[place.tb_lasti] == dis.opmap["RAISE_VARARGS"]
    return raised and any(folder in file.parents for folder in _OURS)


def _installed(file: Path) -> bool:
    parts = set(file.parts)
    ours = not _OURS.isdisjoint(file.parents)
    return ours or _STANDARD in file.parents or "site-packages" in parts
