"""Random numbers that Python and a page draw alike: Mulberry32 and a seed from words.

The state is one 32-bit integer, so that ``book/_static/practice/formulas.js`` draws the same
numbers from the same seed, bit by bit.  For drills, not for statistics.
"""

from collections.abc import Sequence
from typing import TypeVar

_Item = TypeVar("_Item")
_WORD = 0xFFFFFFFF


def seed_of(*words: object) -> int:
    """A seed from words and numbers: their FNV-1a hash of 32 bits, the same on every machine.

    Args:
        words: What names the draw, for example a family and a variant.

    Example:
        >>> seed_of("focal-modulating-factor", 3)
        1935140693
    """
    state = 0x811C9DC5
    for byte in "\x1f".join(map(str, words)).encode():
        state = (state ^ byte) * 0x01000193 & _WORD
    return state


class RandomNumbers:
    """A stream of numbers by Mulberry32.

    Args:
        seed: Any integer; its lowest 32 bits count.

    Example:
        >>> numbers = RandomNumbers(1)
        >>> numbers.uniform(), numbers.below(6)
        (0.6270739405881613, 0)
    """

    def __init__(self, seed: int) -> None:
        self._state = seed & _WORD

    def uniform(self) -> float:
        """The next number of [0, 1), a multiple of 2⁻³²."""
        self._state = self._state + 0x6D2B79F5 & _WORD
        mixed = (self._state ^ self._state >> 15) * (1 | self._state) & _WORD
        mixed ^= mixed + ((mixed ^ mixed >> 7) * (61 | mixed) & _WORD) & _WORD
        return (mixed ^ mixed >> 14) / 2**32

    def below(self, bound: int) -> int:
        """The next integer of 0, 1, ..., bound - 1.

        Raises:
            ValueError: If there is none.
        """
        if bound < 1:
            raise ValueError(f"bound must be at least 1, but is {bound}.")
        return int(self.uniform() * bound)

    def choice(self, items: Sequence[_Item]) -> _Item:
        """One of the items."""
        return items[self.below(len(items))]

    def shuffled(self, items: Sequence[_Item]) -> list[_Item]:
        """The items in a random order (Fisher-Yates from the end)."""
        mixed = list(items)
        for last in range(len(mixed) - 1, 0, -1):
            other = self.below(last + 1)
            mixed[last], mixed[other] = mixed[other], mixed[last]
        return mixed
