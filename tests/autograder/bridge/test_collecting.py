"""`nbgrader zip_collect` takes the downloads of learning platforms as they are."""

import shutil
import zipfile
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.zipcollectapp import ZipCollectApp

from autograder.bridge.configuration import COURSE_ID
from autograder.grading.folders import CourseFolders
from autograder.grading.submissions import handed_in

ROOT = Path(__file__).parents[3]
PLATFORMS = {
    "Canvas": (
        "lovelaceada_1815_42_focal.ipynb",
        "lovelaceada_1815_43_focal-1.ipynb",
        "byronann_LATE_1816_44_focal (1).ipynb",
    ),
    "Moodle": (
        "Ada Lovelace_1815_assignsubmission_file_/focal.ipynb",
        "Ann Byron_1816_assignsubmission_file_/focal-2.ipynb",
    ),
    "Moodle, one folder": (
        "Ada Lovelace_1815_assignsubmission_file_focal.ipynb",
        "Ann Byron_1816_assignsubmission_file_focal.ipynb",
    ),
    "Blackboard": (
        "focal_ada_attempt_2026-03-01-12-00-00.txt",
        "focal_ada_attempt_2026-03-01-12-00-00_focal.ipynb",
        "focal_ada_attempt_2026-03-02-12-00-00_focal.ipynb",
        "focal_ann_attempt_2026-03-01-12-00-00_focal.ipynb",
    ),
    "Brightspace": (
        "index.html",
        "397063-1 - Ada Lovelace - Mar 1, 2026 1200 PM/focal.ipynb",
        "397063-1 - Ada Lovelace - Mar 2, 2026 1200 PM/focal.ipynb",
        "397063-2 - Ann Byron - Mar 1, 2026 1200 PM/focal.ipynb",
    ),
    "Brightspace, two of one name": (
        "397063-1 - Ada Lovelace - Mar 1, 2026 1200 PM/focal.ipynb",
        "397063-2 - Ada Lovelace - Mar 1, 2026 1200 PM/focal.ipynb",
    ),
}
LAST = {"Canvas": 1, "Blackboard": 2, "Brightspace": 2}


@pytest.fixture
def course(tmp_path, monkeypatch):
    """What `zip_collect` needs of a course."""
    root = tmp_path / "course"
    (root / "exercises").mkdir(parents=True)
    shutil.copytree(ROOT / "exercises" / "focal", root / "exercises" / "focal")
    shutil.copy(ROOT / "nbgrader_config.py", root)
    monkeypatch.chdir(root)
    return CourseFolders(root)


def download(course, *names):
    archive = course.root / "downloaded" / "focal" / "archive"
    archive.mkdir(parents=True)
    # As a browser calls a download; it must not be taken for what Canvas calls a file.
    with zipfile.ZipFile(archive / "losses_2026_03_submissions.zip", "w") as packed:
        for number, name in enumerate(names):
            packed.writestr(name, f'{{"number": {number}}}')


def collect(*options):
    app = ZipCollectApp()
    app.initialize(["focal", *options])
    app.start()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_download_is_collected_one_notebook_a_student(course, platform):
    download(course, *PLATFORMS[platform])

    collect()

    found = handed_in(course, "focal")
    assert len(found) == 2
    assert all(submission.path.is_file() for submission in found)
    if platform in LAST:
        texts = {submission.path.read_text() for submission in found}
        assert f'{{"number": {LAST[platform]}}}' in texts, "the latest of two attempts"


def test_the_time_of_a_platform_is_kept_in_its_zone(course):
    config = course.root / "nbgrader_config.py"
    zone = '\nget_config().DownloadCollector.timezone = "Europe/Berlin"  # noqa: F821\n'
    config.write_text(config.read_text() + zone)
    download(course, *PLATFORMS["Blackboard"])

    collect()

    when = course.submitted("focal", "ann") / "timestamp.txt"
    assert when.read_text() == "2026-03-01 11:00:00"


def test_students_of_the_courses_list_are_called_as_it_calls_them(course):
    course.course.mkdir()
    with Gradebook(f"sqlite:///{course.course}/gradebook.db", COURSE_ID) as gradebook:
        gradebook.add_student("ada", lms_user_id="1815")
    download(course, *PLATFORMS["Canvas"])

    collect()

    assert [one.name for one in handed_in(course, "focal")] == ["ada", "byronann_1816"]


def test_what_is_no_notebook_is_named_with_its_student(course, capfd):
    download(course, "lovelaceada_1815_42_focal.html", "byronann_1816_44_focal.ipynb", "x.ipynb")

    collect()

    assert [one.name for one in handed_in(course, "focal")] == ["byronann_1816"]
    said = capfd.readouterr().err
    assert "lovelaceada_1815: no notebook is among what was handed in (focal.html)" in said
    assert "x.ipynb: named as no learning platform names" in said


def test_nothing_is_followed_out_of_a_download(course, tmp_path):
    (tmp_path / "answers.ipynb").write_text("the answers")
    archive = course.root / "downloaded" / "focal" / "archive"
    archive.mkdir(parents=True)
    (archive / "byronann_1816_44_focal.ipynb").write_text("{}")
    extracted = course.root / "downloaded" / "focal" / "extracted"
    collect()
    shutil.rmtree(course.course / "submitted")
    (extracted / "evileve_1817_45_focal.ipynb").symlink_to(tmp_path / "answers.ipynb")
    app = ZipCollectApp()
    app.initialize(["focal"])
    app.init_plugins()

    app.process_extracted_files()

    assert [one.name for one in handed_in(course, "focal")] == ["byronann_1816"]
