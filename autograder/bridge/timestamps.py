"""When something was handed in, by the file that nbgrader puts beside it."""

import logging
import os
import re
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.utils import parse_utc

from autograder.grading.plain import printable
from autograder.grading.submissions import WHEN, Submission, SubmissionError, content

_log = logging.getLogger(__name__)
_OFFSET = re.compile(r"(\d)\s+([+-]\d\d):?(\d\d)$")
_LONGEST_DATE = 100
_LAST_S = datetime(9998, 1, 1, tzinfo=UTC).timestamp()
# A year, a month and a day: "10:00" or "Monday" would be another date whenever it is read.
_A_DAY = re.compile(
    r"\d{4}[-/.]\d\d?[-/.]\d\d?|\d{8}|\d\d?[-/.]\d\d?[-/.]\d{4}"
    r"|(?=.*(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))(?=.*\b\d{4}\b).*\b\d\d?\b(?!:)",
    re.IGNORECASE,
)


def timestamp(submission: Submission) -> datetime | None:
    """When it was handed in, in UTC, from the file that nbgrader puts beside it."""
    written = submission.beside(WHEN)
    if not os.path.lexists(written.path):
        return None
    try:
        # nbgrader takes an offset that stands by itself, as in "12:00 +0100", for 100 seconds.
        text = _OFFSET.sub(r"\1\2:\3", _text_of(content(written)))
        says = len(text) <= _LONGEST_DATE and _A_DAY.search(text)
        when: datetime | None = parse_utc(text) if says else None
    except (SubmissionError, ValueError, OverflowError):
        when = None
    if when is None:  # an unreadable date must not be a way out of being late
        when = _written(written.path)
        said = f"{submission.name}: {WHEN} holds no date; when it was written stands for it: {when}"
        _log.warning("%s", printable(said))
    return when


def _written(path: Path) -> datetime:
    """When a file was written, in UTC: as far as its file system and a calendar agree."""
    seconds = min(max(os.lstat(path).st_mtime, 0.0), _LAST_S)
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def _text_of(raw: bytes) -> str:
    """A text, whatever an editor or a shell of Windows put before it."""
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return raw.decode(encoding).strip()
