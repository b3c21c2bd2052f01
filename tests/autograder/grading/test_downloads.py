"""Names as Canvas, Moodle, Blackboard and Brightspace give them are read, and others are not."""

from datetime import datetime
from pathlib import PurePosixPath

import pytest

from autograder.grading.downloads import read_name

NAMES = {
    "lovelaceada_1815_208490284_focal.ipynb": ("lovelaceada_1815", "focal.ipynb", None),
    "lovelaceada_LATE_1815_208490284_focal-1.ipynb": ("lovelaceada_1815", "focal-1.ipynb", None),
    "günlüüzümeyer_7_9_my_work_2.ipynb": ("günlüüzümeyer_7", "my_work_2.ipynb", None),
    "smithbob_340934_208490284_work/inner/focal.ipynb": ("smithbob_340934", "focal.ipynb", None),
    "Ada Lovelace_657737_assignsubmission_file_/focal.ipynb": (
        "Ada_Lovelace_657737", "focal.ipynb", None,
    ),
    "Ada Lovelace_657737_assignsubmission_file/focal.ipynb": (
        "Ada_Lovelace_657737", "focal.ipynb", None,
    ),
    "Ada_Lovelace_657737_assignsubmission_file_focal (1).ipynb": (
        "Ada_Lovelace_657737", "focal (1).ipynb", None,
    ),
    "focal_al1815_attempt_2026-03-01-23-59-58_focal.ipynb": (
        "al1815", "focal.ipynb", datetime(2026, 3, 1, 23, 59, 58),
    ),
    "focal_a_lovelace_attempt_2026-03-01-23-59-58_x_y.ipynb": (
        "a_lovelace", "x_y.ipynb", datetime(2026, 3, 1, 23, 59, 58),
    ),
    "Week 3 Losses_al1815_attempt_2026-03-01-23-59-58_focal.ipynb": (
        "al1815", "focal.ipynb", datetime(2026, 3, 1, 23, 59, 58),
    ),
    "Week 3_b_ayron_attempt_2026-03-01-23-59-58_focal.ipynb": (
        "b_ayron", "focal.ipynb", datetime(2026, 3, 1, 23, 59, 58),
    ),
    "397063-25573 - Mary-Ann Smith - Sep 24, 2024 926 PM/focal.ipynb": (
        "Mary-Ann_Smith", "focal.ipynb", datetime(2024, 9, 24, 21, 26),
    ),
    "397063-25573 - Ben Smith- Apr 3, 2021 1205 AM - focal.ipynb": (
        "Ben_Smith", "focal.ipynb", datetime(2021, 4, 3, 0, 5),
    ),
    "397063-25573 - Ben Smith - 03 February, 2017 1200 PM - focal.ipynb": (
        "Ben_Smith", "focal.ipynb", datetime(2017, 2, 3, 12, 0),
    ),
}  # fmt: skip
NO_NAMES = [
    "focal.ipynb",
    "ann/focal.ipynb",
    "__MACOSX/lovelaceada_1815_2_focal.ipynb",
    "lovelaceada_1815_2_work/.ipynb_checkpoints/focal-checkpoint.ipynb",
    "._lovelaceada_1815_2_focal.ipynb",
    "Grades_focal_2026.csv",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_says_whose_it_is_what_it_is_and_when_it_came(name):
    found = read_name(PurePosixPath(name), "focal", ["b_ayron", "ayron"])

    assert found is not None
    assert (found.student, found.file, found.when) == NAMES[name]


@pytest.mark.parametrize("name", NO_NAMES)
def test_nothing_is_made_up_from_other_names(name):
    assert read_name(PurePosixPath(name), "focal") is None


@pytest.mark.parametrize("name", ["../../x_1_2_focal.ipynb", ".._1_2_focal.ipynb", "/_1_2_f"])
def test_no_name_leads_out_of_a_folder(name):
    found = read_name(PurePosixPath(name), "focal")

    assert found is None or PurePosixPath(found.student).name == found.student


def test_a_date_that_is_none_is_not_made_up():
    found = read_name(PurePosixPath("focal_al_attempt_2026-13-41-25-61-61_focal.ipynb"), "focal")

    assert (found.student, found.when) == ("al", None)
