"""Numbers as a person reads them, in Python as in a page."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Context, Decimal


def rounded(number: float, digits: int) -> float:
    """A number to so many significant digits; a half is rounded up, as in a page.

    Example:
        >>> rounded(2 / 3, 6), rounded(1 / 64, 4)
        (0.666667, 0.01563)
    """
    return float(_decimal(number, digits)) + 0.0


def shown_number(number: float) -> str:
    """Four digits of a number, without exponent where that is short.

    Example:
        >>> shown_number(2 / 3), shown_number(-1234.0), shown_number(4.5e-7)
        ('0.6667', '-1234', '4.5e-7')
    """
    decimal = _decimal(number, 4)
    exponent = decimal.adjusted()
    digits = "".join(map(str, decimal.as_tuple().digits)).rstrip("0")
    sign = "-" if number < 0 else ""
    if not digits:
        return "0"
    if not -4 <= exponent <= 6:
        fraction = f".{digits[1:]}" if digits[1:] else ""
        return f"{sign}{digits[0]}{fraction}e{exponent}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    fraction = f".{digits[exponent + 1 :]}" if digits[exponent + 1 :] else ""
    return f"{sign}{whole}{fraction}"


def _decimal(number: float, digits: int) -> Decimal:
    return Context(prec=digits, rounding=ROUND_HALF_UP).create_decimal(Decimal(number))


def shown_point(point: Mapping[str, float]) -> str:
    """A point as a part of a sentence.

    Example:
        >>> shown_point({"p": 0.5, "gamma": 2.0})
        'p = 0.5, gamma = 2'
    """
    return ", ".join(f"{name} = {shown_number(value)}" for name, value in point.items())
