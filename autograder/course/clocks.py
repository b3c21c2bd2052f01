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
        DateError: If it is no date, or there is no such zone.

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
    local = when if when.tzinfo is not None else when.replace(tzinfo=there)
    return local.astimezone(UTC).replace(tzinfo=None)
