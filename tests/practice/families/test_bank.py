"""The bank: every family is what the schema asks for, sound, and refers to what is there."""

from pathlib import Path

import pytest

from lossedu.practice.families import bank_folder, families, family
from lossedu.practice.families.self_test import check_bank

BOOK = Path(__file__).parents[3] / "book"
WRITTEN = sorted(path.stem for path in bank_folder().glob("*.yaml"))
EVERY = sorted(families())


@pytest.mark.parametrize("identity", EVERY)
def test_a_family_is_sound(identity):
    report = check_bank({identity: family(identity)}, seeds=4, book=BOOK)

    assert report.faults == ()


def test_every_file_of_the_bank_is_a_family():
    assert [path.name for path in bank_folder().iterdir() if path.suffix != ".yaml"] == []
    assert set(WRITTEN) <= set(families())


def test_an_unknown_family_is_answered_with_what_is_near():
    with pytest.raises(ValueError, match="did you mean 'squared-error-one-outlier'"):
        family("squared-error-one-outliers")


def test_every_task_kind_and_loss_has_a_family_and_every_skill_at_every_shown_level():
    gaps = check_bank({identity: family(identity) for identity in EVERY}, seeds=0).gaps

    # Level 1 is where nothing is shown yet: what a beginner meets there is easy, and not needed.
    assert [gap for gap in gaps if " at level 1 " not in gap] == []
