"""Dates as people write them, by the clock of some place."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from autograder.grading.refusals import RefusalError


class DateError(RefusalError, ValueError):
    """A text that is no date, or a place that has no clock."""


def in_utc(text: str, zone: str = "UTC") -> datetime:
    """A date in UTC, without its zone, as gradebooks keep it.

    Args:
        text: As ``"2026-03-01 23:59"``; an offset in it, as ``+01:00``, comes before `zone`.
        zone: Of the tz database, as ``"Europe/Berlin"``.

    Raises:
        DateError: If it is no date, if that clock shows it never or twice, or if there is no such
            zone.

    Example:
        >>> in_utc("2026-03-01 23:59", "Europe/Berlin")
        datetime.datetime(2026, 3, 1, 22, 59)
    """
    try:
        there = ZoneInfo(zone)
    except (OSError, ValueError, KeyError) as error:
        rule = "must be a time zone, as Europe/Berlin"
        raise DateError(f"--zone {rule}, but is {zone!r}.") from error
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError as error:
        rule = 'must be a date, as "2026-03-01 23:59"'
        raise DateError(f"a due date {rule}, but is {text!r}.") from error
    try:
        if when.tzinfo is None:
            when = when.replace(tzinfo=there)
            _check_shown_once(when, zone)
        return when.astimezone(UTC).replace(tzinfo=None)
    except OverflowError as error:
        raise DateError(
            f"a due date must be in a year from 1 to 9999 in UTC, but is {text!r} in {zone}."
        ) from error


def _check_shown_once(when: datetime, zone: str) -> None:
    """Refuse an hour that is left out when summer time begins, or comes twice when it ends."""
    first, second = (when.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return
    shown = first.astimezone(when.tzinfo)
    if shown.replace(tzinfo=None) == when.replace(tzinfo=None):
        offset = f"{shown:%z}"
        why, hint = "comes twice", f"write its offset, as {when:%H:%M}{offset[:3]}:{offset[3:5]}"
    else:
        why, hint = "is left out", f"{shown:%H:%M} is there"
    raise DateError(
        f"a due date must be a time that a clock shows once, but in {zone} {when:%Y-%m-%d %H:%M} "
        f"{why}. Hint: {hint}"
    )
