"""Lengths of time as Prometheus and OpenSLO write them: ``5m``, ``1h30m``, ``28d``."""

import re

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}
_PART = re.compile(r"(\d+)(ms|[smhdwy])")


def seconds(text: str) -> float:
    """The seconds of a length of time.

    Raises:
        ValueError: If it is none, or 0.

    Example:
        >>> seconds("1h30m")
        5400.0
    """
    parts = _PART.findall(str(text))
    whole = "".join(number + unit for number, unit in parts) == str(text)
    total = float(sum(int(number) * _SECONDS[unit] for number, unit in parts))
    if not whole or not total:
        raise ValueError(
            f"a duration must be whole numbers with ms, s, m, h, d, w or y, but is {text!r}. "
            "Hint: write 1h30m, not 1.5h."
        )
    return total


def text(length_s: float) -> str:
    """A length of time as Prometheus reads it, in the largest unit that leaves no rest.

    Example:
        >>> text(5400), text(3600), text(0.5)
        ('90m', '1h', '500ms')
    """
    for unit in ("d", "h", "m", "s", "ms"):
        number = length_s / _SECONDS[unit]
        if number >= 1 and abs(number - round(number)) < 1e-9:
            return f"{round(number)}{unit}"
    raise ValueError(f"a duration must be whole milliseconds, but is {length_s} s.")
