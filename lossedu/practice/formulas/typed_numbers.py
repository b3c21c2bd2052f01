"""Numbers that people type as answers, and whether they agree with a true value."""

from decimal import Decimal

from lossedu.practice.formulas import language
from lossedu.practice.formulas.faults import misread
from lossedu.practice.formulas.parser import parse_formula
from lossedu.practice.formulas.tree import Tree
from lossedu.practice.formulas.values import value_of


def parse_number(text: str) -> float:
    """Read a number: a decimal, a fraction, a percentage or a formula without names.

    Args:
        text: What was typed: ``0.25``, ``1/4``, ``25%``, ``2.5e-1``, ``log(2)``.

    Raises:
        FormulaError: If it is no number; 1,000 and 0,5 are refused, for a comma has two meanings.
        UndefinedError: If it has no value, as ``1/0``.

    Example:
        >>> parse_number("33%"), parse_number("-1/4"), parse_number("3.3e−2")
        (0.33, -0.25, 0.033)
    """
    trimmed = text.rstrip(language.SPACES)
    typed = trimmed.removesuffix("%")
    if not typed.strip(language.SPACES):
        raise misread(0, "number")
    tree = parse_formula(typed, ())
    if typed != trimmed:
        tree = Tree("/", parts=(tree, Tree("number", "100")))
    return value_of(tree, {})


def agrees(typed: float, truth: float, digits: int) -> bool:
    """Whether a typed number is a true value to so many significant digits.

    The difference may be half a unit in the last of these digits of the truth.  A truth of zero
    has its digits behind the point.

    Args:
        typed: The number that was typed.
        truth: The true value.
        digits: How many significant digits must be right, at least 1.

    Raises:
        ValueError: If digits are less than one.

    Example:
        >>> agrees(0.35, 0.34657, 2), agrees(0.34, 0.34657, 2)
        (True, False)
    """
    if digits < 1:
        raise ValueError(f"digits must be at least 1, but are {digits}.")
    exponent = Decimal(repr(truth)).adjusted() if truth else 0
    unit = float(f"1e{exponent - digits + (truth != 0)}")
    return abs(typed - truth) <= 0.5 * unit * (1 + 1e-9)
