"""What no formula says of a loss is said of every loss, in lines that fit the sheet."""

import pytest

from lossedu import catalog
from lossedu.choosing import advice
from lossedu.choosing.advice import all_advice

LONGEST = 66


def test_every_loss_has_its_lines_and_no_other_has():
    assert set(all_advice()) == set(catalog.specs())


@pytest.mark.parametrize("name", all_advice())
def test_the_lines_of_a_loss_are_lines(name):
    lines = advice(name)

    for text in (lines.when, lines.unless, lines.red_flag):
        assert 0 < len(text) <= LONGEST
    assert lines.red_flag.startswith("“")


def test_no_line_is_said_of_two_losses_as_a_red_flag():
    flags = [lines.red_flag for lines in all_advice().values()]

    assert len(set(flags)) == len(flags)


def test_the_sheet_has_losses_of_every_family():
    specs = catalog.specs()

    on_sheet = {specs[name].family for name, lines in all_advice().items() if lines.sheet}

    assert on_sheet == {spec.family for spec in specs.values()}


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="did you mean 'huber_loss'"):
        advice("hubr_loss")
