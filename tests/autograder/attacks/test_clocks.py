"""No date and no clock gives time away, moves a mark from run to run, or stops a class."""

import os
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from autograder.bridge import timestamps
from autograder.bridge.timestamps import timestamp
from autograder.course.clocks import DateError, in_utc
from autograder.grading.submissions import Submission

WRITTEN = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def says(tmp_path):
    """When somebody handed in whose timestamp.txt holds a text."""

    def when(text):
        path = tmp_path / "timestamp.txt"
        path.write_text(text, encoding="utf-8")
        os.utime(path, (WRITTEN.timestamp(),) * 2)
        return timestamp(Submission("ann", tmp_path / "tiny.ipynb"))

    return when


@pytest.mark.parametrize(
    ("date", "zone", "why"),
    [
        ("2026-03-29 02:30", "Europe/Berlin", "left out. Hint: 03:30 is there"),
        ("2026-10-25 02:30", "Europe/Berlin", r"comes twice. Hint: .* as 02:30\+02:00"),
        ("2026-10-04 02:15", "Australia/Lord_Howe", "left out. Hint: 02:45 is there"),
        ("2026-11-01 01:00", "America/New_York", r"comes twice. Hint: .* as 01:00-04:00"),
    ],
)
def test_an_hour_that_a_clock_shows_never_or_twice_is_no_due_date(date, zone, why):
    with pytest.raises(DateError, match=why):
        in_utc(date, zone)


def test_the_hours_beside_it_and_one_with_its_offset_are_due_dates():
    berlin = "Europe/Berlin"

    assert in_utc("2026-03-29 03:00", berlin) == in_utc("2026-03-29 01:00", "UTC")
    assert in_utc("2026-10-25 02:30+01:00", berlin) == datetime(2026, 10, 25, 1, 30)
    assert in_utc("2026-10-25 02:30+02:00", berlin) == datetime(2026, 10, 25, 0, 30)


@pytest.mark.parametrize(
    ("date", "zone"),
    [
        ("0001-01-01 00:00", "Asia/Tokyo"),
        ("9999-12-31 23:59", "America/New_York"),
        ("0001-01-01 00:00+14:00", "UTC"),
    ],
)
def test_a_date_at_the_end_of_the_calendar_is_refused_in_one_line(date, zone):
    with pytest.raises(DateError, match="a year from 1 to 9999"):
        in_utc(date, zone)


@pytest.mark.parametrize(
    "text",
    ["10:00", "2026", "Monday", "12", "2026-03", "March 2026", "10:00 UTC", "-5", "١٢", "now"],
)
def test_a_time_without_a_day_is_not_read_as_the_day_of_grading(says, text):
    assert says(text) == WRITTEN.replace(tzinfo=None)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01 22:58:00 UTC",
        "2026-03-01 23:58:00 +0100",
        "2026-03-01T22:58:00Z",
        "20260301T225800Z",
        "Sun Mar  1 22:58:00 2026",
        "1 March 2026 22:58",
        "March 1, 2026 10:58 PM",
        "03/01/2026 22:58",
    ],
)
def test_a_whole_date_is_read_however_it_is_written(says, text):
    assert says(text) == datetime(2026, 3, 1, 22, 58)


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01 00:00:00 +1400",
        "10000-01-01 00:00:00 UTC",
        "-2026-03-01",
        "2026-03-01 " + "9" * 2_000_000,
        "2026-03-01\n" * 100_000,
        "2026-02-30 12:00",
    ],
    ids=["before the calendar", "behind it", "negative", "long", "often", "30th of February"],
)
def test_a_date_beyond_all_calendars_or_lines_is_none(says, text):
    assert says(text) in (WRITTEN.replace(tzinfo=None), datetime(2026, 3, 1))


@pytest.mark.parametrize("seconds", [-1e18, -1.0, 1e18, float(2**62)])
def test_a_file_from_no_year_is_as_late_as_a_calendar_goes(tmp_path, monkeypatch, seconds):
    path = tmp_path / "timestamp.txt"
    path.write_text("soon")
    about = SimpleNamespace(st_mtime=seconds)
    monkeypatch.setattr(timestamps, "os", SimpleNamespace(path=os.path, lstat=lambda _: about))

    when = timestamp(Submission("ann", tmp_path / "tiny.ipynb"))

    assert when == (datetime(1970, 1, 1) if seconds < 0 else datetime(9998, 1, 1))


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["a pipe", "a folder"])
def test_a_timestamp_that_is_no_file_is_not_waited_for(tmp_path, make):
    make(tmp_path / "timestamp.txt")

    when = timestamp(Submission("ann", tmp_path / "tiny.ipynb"))

    assert when is not None
    assert abs((datetime.now(UTC).replace(tzinfo=None) - when).days) <= 1


def test_a_date_in_the_future_is_as_it_is_written(says):
    assert says("2999-01-01 00:00 UTC") == datetime(2999, 1, 1)
