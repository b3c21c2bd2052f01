"""Numbers are read as people type them, and judged by their significant digits."""

import math

import pytest

from lossedu.practice.formulas import FormulaError, UndefinedError, agrees, parse_number


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("0.25", 0.25),
        (".25", 0.25),
        ("1/4", 0.25),
        ("25%", 0.25),
        (" 25 % ", 0.25),
        ("-1/4", -0.25),
        ("−0.25", -0.25),
        ("2.5e-1", 0.25),
        ("2.5e−1", 0.25),
        ("2^-2", 0.25),
        ("log(2)", math.log(2)),
        ("1/3%", 1 / 300),
    ],
)
def test_a_number_is_read(typed, value):
    assert math.isclose(parse_number(typed), value, rel_tol=1e-15)


@pytest.mark.parametrize(
    ("typed", "position", "says"),
    [
        ("1,000", 1, "write 1.000 or 1000"),
        ("0,33", 1, "write 0.33."),
        ("", 0, "has none"),
        ("%", 0, "has none"),
        ("25%%", 2, "no percent sign"),
        ("0.5 nats", 4, "must be a number"),
        ("1 000", 2, "write *"),
    ],
)
def test_what_is_no_number_is_refused_with_a_hint(typed, position, says):
    with pytest.raises(FormulaError, match=says.replace("*", r"\*")) as refusal:
        parse_number(typed)

    assert refusal.value.position == position


def test_a_number_without_a_value_says_so():
    with pytest.raises(UndefinedError, match="divides by zero"):
        parse_number("1/0")


@pytest.mark.parametrize("typed", ["0.35", "0.347", "0.3466", "0.34657359", "0.3416", "0.3515"])
def test_two_digits_are_asked_and_more_may_come(typed):
    assert agrees(float(typed), 0.34657359, 2)


@pytest.mark.parametrize("typed", [0.34, 0.36, -0.35, 35.0, 0.0, math.inf, math.nan])
def test_another_number_does_not_agree(typed):
    assert not agrees(typed, 0.34657359, 2)


def test_digits_are_those_of_the_truth_on_both_sides_of_a_power_of_ten():
    assert agrees(0.1, 0.0999, 2)
    assert agrees(1000, 999.6, 3)
    assert not agrees(1001, 999.6, 3)
    assert agrees(-1.2e-8, -1.24e-8, 2)


def test_a_truth_of_zero_has_its_digits_behind_the_point():
    assert agrees(0.004, 0.0, 2)
    assert not agrees(0.006, 0.0, 2)


def test_digits_must_be_asked():
    with pytest.raises(ValueError, match="digits must be at least 1, but are 0"):
        agrees(1, 1, 0)
