"""Whose a file is, by its name in a download from a learning platform.

Canvas, Moodle, Blackboard and Brightspace each rename what students hand in, in a way of their own.
The beginning of such a name is the platform's, the end is the student's, who may write there what
looks like a platform's word for somebody else.  So the first sign of a platform counts, never a
later one, and a file is read as those around it are.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath

_CANVAS = re.compile(r"(?P<name>.+?)(_LATE)?_(?P<user>\d+)_(?P<attempt>\d+)_(?P<file>.+)")
_MOODLE = re.compile(r"(?P<name>.+?)_(?P<user>\d+)_assignsubmission_file(_(?P<file>.*))?")
_BLACKBOARD = re.compile(
    r"(?P<rest>.+?)_attempt_(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
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
    path: PurePosixPath,
    assignment: str = "",
    students: Collection[str] = (),
    platform: str = "",
) -> Found | None:
    """What a path in a download says; None if it follows no platform's habit.

    Args:
        path: Relative to the unpacked download.
        assignment: Its name, which Blackboard may put before the student's.
        students: Those who are known: a login may hold what separates it from a title.
        platform: Whose habit is tried first, as `platform_of` tells it.

    Example:
        >>> read_name(PurePosixPath("lovelaceada_LATE_1815_42_focal-1.ipynb")).student
        'lovelaceada_1815'
    """
    part, found = _read(path, assignment, students)
    if not found:
        return None
    first = found.get(platform) or min(found.values(), key=lambda one: _begun(part, one))
    return first if part is path.parts[-1] else replace(first, file=path.name)


def platform_of(paths: Iterable[PurePosixPath], assignment: str = "") -> str:
    """The platform by whose habit most files of a download are named; empty if by nobody's.

    Example:
        >>> names = ["byronann_1_2_focal.ipynb", "evileve_3_4_x_1_assignsubmission_file_.ipynb"]
        >>> platform_of(map(PurePosixPath, names))
        'canvas'
    """
    files: Counter[str] = Counter()
    students: dict[str, set[str]] = defaultdict(set)
    begun: Counter[str] = Counter()
    for path in paths:
        part, read = _read(path, assignment, ())
        for name, found in read.items():
            files[name] += 1
            students[name].add(found.student)
            begun[name] -= _begun(part, found)
    # A title may look like another platform's student, but then all are the same one.
    return max(files, key=lambda name: (files[name], len(students[name]), begun[name]), default="")


def _begun(part: str, found: Found) -> int:
    """How long the beginning of a name is that the platform has given it."""
    return len(part) - len(found.file)


def _read(
    path: PurePosixPath, assignment: str, students: Collection[str]
) -> tuple[str, dict[str, Found]]:
    """The part of a path that a platform has named, and how each platform's habit reads it."""
    if _LITTER & set(path.parts) or path.name.startswith("."):
        return "", {}
    # The outermost name is the platform's; a student's own archive may hold names of any kind.
    for part in path.parts:
        read = {name: reader(part, assignment, students) for name, reader in _READERS.items()}
        if found := {name: one for name, one in read.items() if one is not None}:
            return part, found
    return "", {}


def _moodle(part: str, _: str, __: Collection[str]) -> Found | None:
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


def _brightspace(part: str, _: str, __: Collection[str]) -> Found | None:
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


def _canvas(part: str, _: str, __: Collection[str]) -> Found | None:
    found = _CANVAS.fullmatch(part)
    if found is None:
        return None
    user, attempt = found["user"], int(found["attempt"])
    return Found(f"{_word(found['name'])}_{user}", found["file"], user, attempt=attempt)


_READERS: dict[str, Callable[[str, str, Collection[str]], Found | None]] = {
    "moodle": _moodle,
    "blackboard": _blackboard,
    "brightspace": _brightspace,
    "canvas": _canvas,
}


def _date(year: int, *fields: int) -> datetime | None:
    try:
        # In the first year and the last, the clock of another place may show none.
        return datetime(year, *fields) if 1 < year < 9999 else None  # type: ignore[arg-type]
    except ValueError:
        return None


def _word(name: str) -> str:
    """A name as a folder has it: words joined by underscores."""
    return "_".join(re.findall(r"[\w.@-]+", name)).strip(".-") or "unknown"
