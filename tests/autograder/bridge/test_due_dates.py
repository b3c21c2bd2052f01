"""Due dates, extensions and time zones, by nbgrader's own plugin for what is late."""

from datetime import datetime

import pytest

from autograder.bridge.configuration import course_config
from autograder.bridge.due_dates import DueDateError, set_due, set_due_for
from autograder.course.clocks import DateError, in_utc
from autograder.grading.folders import CourseFolders
from tests.autograder import tiny_class as tiny
from tests.autograder.grading.courses import rows

LATE = """
from pathlib import Path
from autograder.bridge.configuration import configure
c = get_config()
configure(c, Path(__file__).resolve().parent)
c.LateSubmissionPlugin.penalty_method = "zero"
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("course")
    (root / "nbgrader_config.py").write_text(LATE)
    return tiny.make_course(root)


def penalties(folders: CourseFolders, **handed_in: str) -> dict[str, float | None]:
    for name, when in handed_in.items():
        submission = tiny.hand_in(folders, name, tiny.notebook(folders, "answer = 2"))
        submission.path.with_name("timestamp.txt").write_text(when)
    tiny.grade(folders, tiny.TinyGrader())
    query = (
        "SELECT s.student_id, n.late_submission_penalty FROM submitted_notebook n "
        "JOIN submitted_assignment s ON s.id = n.assignment_id"
    )
    return dict(rows(folders, query))


def test_being_late_is_told_by_the_zones_clock_and_an_extension_counts(folders):
    config = course_config(folders.root)
    set_due(config, "tiny", in_utc("2026-03-01 23:59", "Europe/Berlin"))
    set_due_for(config, "tiny", "eve", in_utc("2026-03-03 23:59", "Europe/Berlin"))

    found = penalties(
        folders,
        ann="2026-03-01 22:58:00 UTC",
        bob="2026-03-01 23:00:00 UTC",
        cem="2026-03-01 23:58:30 +0100",
        eve="2026-03-03 22:00:00 UTC",
        fay="2026-03-03 22:00:00 UTC",
    )

    assert found == {"ann": None, "bob": 5.0, "cem": None, "eve": None, "fay": 5.0}


def test_an_extension_without_a_due_date_or_before_it_is_refused(tmp_path):
    folders = tiny.make_course(tmp_path)
    config = course_config(folders.root)
    with pytest.raises(DueDateError, match="'tiny' has none"):
        set_due_for(config, "tiny", "eve", datetime(2026, 3, 1))

    set_due(config, "tiny", datetime(2026, 3, 2))
    with pytest.raises(DueDateError, match="is due at 2026-03-02 00:00 UTC"):
        set_due_for(config, "tiny", "eve", datetime(2026, 3, 1))


@pytest.mark.parametrize(
    ("text", "zone", "utc"),
    [
        ("2026-03-01 23:59", "UTC", datetime(2026, 3, 1, 23, 59)),
        ("2026-03-01 23:59", "Europe/Berlin", datetime(2026, 3, 1, 22, 59)),
        ("2026-07-01 23:59", "Europe/Berlin", datetime(2026, 7, 1, 21, 59)),
        ("2026-03-01T23:59+05:30", "Europe/Berlin", datetime(2026, 3, 1, 18, 29)),
    ],
)
def test_a_date_is_read_by_a_clock(text, zone, utc):
    assert in_utc(text, zone) == utc


@pytest.mark.parametrize(
    ("text", "zone", "words"),
    [
        ("tomorrow", "UTC", "a due date must be a date"),
        ("2026-03-01", "Berlin", "--zone must be a time zone, as Europe/Berlin, but is 'Berlin'"),
        ("2026-03-01", "../../etc", "--zone must be a time zone"),
    ],
)
def test_what_is_no_date_and_no_zone_is_refused(text, zone, words):
    with pytest.raises(DateError, match=words):
        in_utc(text, zone)
