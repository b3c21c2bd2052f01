"""Whose a file is, by its name in a download from a learning platform.

Canvas, Moodle, Blackboard and Brightspace each rename what students hand in, in a way of their own.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath

_CANVAS = re.compile(r"(?P<name>.+?)(_LATE)?_(?P<user>\d+)_(?P<attempt>\d+)_(?P<file>.+)")
_MOODLE = re.compile(r"(?P<name>.+)_(?P<user>\d+)_assignsubmission_file(_(?P<file>.*))?")
_BLACKBOARD = re.compile(
    r"(?P<rest>.+)_attempt_(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
    r"-(?P<hour>\d\d)-(?P<minute>\d\d)-(?P<second>\d\d)(_(?P<file>.+))?"
)
_BRIGHTSPACE = re.compile(
    r"(?P<number>\d+-\d+) ?- (?P<name>.+?) ?- "
    r"((?P<month>[A-Za-z]+) (?P<day>\d+)|(?P<day2>\d+) (?P<month2>[A-Za-z]+)),? (?P<year>\d{4}) "
    r"(?P<hour>\d{1,2})(?P<minute>\d\d) (?P<half>[AP])M( ?- (?P<file>.+))?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LITTER = frozenset({"__MACOSX", ".ipynb_checkpoints"})


@dataclass(frozen=True)
class Found:
    """A file of a download, read by its name.

    Attributes:
        student: A name for the student's folder.
        file: What the student called it; empty if that is the name of a file in a folder.
        user: The platform's own number of the student; empty if the name holds none.
        when: When it was handed in, by the platform's clock; None if the name does not say.
        attempt: Larger for what was handed in later.
        number: Tells students of one name apart; empty where `student` does.
    """

    student: str
    file: str
    user: str = ""
    when: datetime | None = None
    attempt: int = 0
    number: str = ""


def read_name(
    path: PurePosixPath, assignment: str = "", students: Collection[str] = ()
) -> Found | None:
    """What a path in a download says; None if it follows no platform's habit.

    Args:
        path: Relative to the unpacked download.
        assignment: Its name, which Blackboard may put before the student's.
        students: Those who are known: a login may hold what separates it from a title.

    Example:
        >>> read_name(PurePosixPath("lovelaceada_LATE_1815_42_focal-1.ipynb")).student
        'lovelaceada_1815'
    """
    if _LITTER & set(path.parts) or path.name.startswith("."):
        return None
    # The outermost name is the platform's; a student's own archive may hold names of any kind.
    for part in path.parts:
        found = (
            _moodle(part)
            or _blackboard(part, assignment, students)
            or _brightspace(part)
            or _canvas(part)
        )
        if found is not None:
            return found if part is path.parts[-1] else replace(found, file=path.name)
    return None


def _moodle(part: str) -> Found | None:
    found = _MOODLE.fullmatch(part)
    if found is None:
        return None
    user = found["user"]
    return Found(f"{_word(found['name'])}_{user}", found["file"] or "", user)


def _blackboard(part: str, assignment: str, students: Collection[str]) -> Found | None:
    found = _BLACKBOARD.fullmatch(part)
    if found is None:
        return None
    rest = found["rest"]  # "<title of the assignment>_<login>"
    login = rest.rpartition("_")[2]
    if rest.casefold().startswith(f"{assignment.casefold()}_"):
        login = rest[len(assignment) + 1 :]
    known = [name for name in students if rest.endswith(f"_{name}")]
    fields = ("year", "month", "day", "hour", "minute", "second")
    when = _date(*(int(found[field]) for field in fields))
    return Found(_word(max(known, key=len, default=login)), found["file"] or "", when=when)


def _brightspace(part: str) -> Found | None:
    found = _BRIGHTSPACE.fullmatch(part)
    if found is None:
        return None
    month = (found["month"] or found["month2"])[:3].casefold()
    day, hour = int(found["day"] or found["day2"]), int(found["hour"]) % 12
    hour += 12 * (found["half"] == "P")
    place = _MONTHS.index(month) + 1 if month in _MONTHS else 0
    when = _date(int(found["year"]), place, day, hour, int(found["minute"]), 0)
    number = found["number"]
    return Found(
        _word(found["name"]), found["file"] or "", number.partition("-")[0], when, 0, number
    )


def _canvas(part: str) -> Found | None:
    found = _CANVAS.fullmatch(part)
    if found is None:
        return None
    user, attempt = found["user"], int(found["attempt"])
    return Found(f"{_word(found['name'])}_{user}", found["file"], user, attempt=attempt)


def _date(*fields: int) -> datetime | None:
    try:
        return datetime(*fields)  # type: ignore[arg-type]
    except ValueError:
        return None


def _word(name: str) -> str:
    """A name as a folder has it: words joined by underscores."""
    return "_".join(re.findall(r"[\w.@-]+", name)).strip(".-") or "unknown"
