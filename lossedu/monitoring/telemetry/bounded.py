"""Labels whose number is bounded, whatever values arrive.

Each value of a label is a series that the server keeps for weeks.  A user id as a label is the
common way to bring a server down; here the first few values are kept and all later ones are one.
"""

from collections.abc import Iterable

OTHER = "other"
LONGEST = 64


class Bounded:
    """The values that a label may have.

    Args:
        most: How many different ones are kept; what comes later is ``"other"``.
        known: Those that are kept from the start.

    Raises:
        ValueError: If more are known than may be kept.

    Example:
        >>> slices = Bounded(2, known=["mobile"])
        >>> [slices.value(text) for text in ("web", "mobile", "user-81734")]
        ['web', 'mobile', 'other']
        >>> slices.dropped
        1
    """

    def __init__(self, most: int, known: Iterable[str] = ()) -> None:
        self.most = most
        self._kept = dict.fromkeys(known)
        self.dropped = 0
        if len(self._kept) > most:
            raise ValueError(f"known must have at most {most} values, but has {len(self._kept)}.")

    def value(self, text: str) -> str:
        """The value to use: the text, shortened, or ``"other"``."""
        short = text[:LONGEST]
        if short in self._kept:
            return short
        if len(self._kept) < self.most:
            self._kept[short] = None
            return short
        self.dropped += 1
        return OTHER
