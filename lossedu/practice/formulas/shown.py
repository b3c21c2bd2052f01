"""Numbers as a person reads them, in Python as in a page."""

from collections.abc import Mapping


def six_digits(number: float) -> float:
    """A number rounded to six digits; the last bits of a computation are nobody's business.

    Example:
        >>> six_digits(2 / 3)
        0.666667
    """
    return float(f"{number:.6g}") + 0.0


def shown_number(number: float) -> str:
    """Four digits of a number, without exponent where that is short.

    Example:
        >>> shown_number(2 / 3), shown_number(-1234.0), shown_number(4.5e-7)
        ('0.6667', '-1234', '4.5e-7')
    """
    mantissa, _, power = f"{number:.3e}".partition("e")
    exponent = int(power)
    sign, digits = ("-" if number < 0 else ""), mantissa.lstrip("-").replace(".", "")
    digits = digits.rstrip("0")
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


def shown_point(point: Mapping[str, float]) -> str:
    """A point as a part of a sentence.

    Example:
        >>> shown_point({"p": 0.5, "gamma": 2.0})
        'p = 0.5, gamma = 2'
    """
    return ", ".join(f"{name} = {shown_number(value)}" for name, value in point.items())
