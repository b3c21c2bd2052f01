"""The bank: every family is what the schema asks for, sound, and refers to what is there."""

import ast
from pathlib import Path

import pytest

from lossedu.practice.families import bank_folder, draw, families, family
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


def test_every_task_kind_and_loss_has_a_family_and_every_skill_at_every_level():
    assert check_bank({identity: family(identity) for identity in EVERY}, seeds=0).gaps == ()


@pytest.mark.parametrize("identity", [name for name in WRITTEN if family(name).kind == "code"])
def test_code_is_short_and_narrow_and_what_it_imports_stands_above_it(identity):
    answer = draw(family(identity), 0).answer

    for code in (answer["task"], answer["check"], answer["solution"], *answer["mistakes"]):
        lines = code.splitlines()
        assert len(lines) <= 25
        assert [line for line in lines if len(line) > 72] == []
        assert not any(
            isinstance(node, (ast.Import, ast.ImportFrom)) for node in ast.walk(ast.parse(code))
        )
