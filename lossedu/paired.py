"""Compare two methods on the same seeds, splits or examples: the difference of each pair.

What two runs share (the draw of the data, the start) cancels in their difference, so its standard
error is the one that a comparison needs; the spread of each method alone says little about it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class PairedDifference:
    """A mean difference, how well it is known, and from how many pairs.

    Attributes:
        mean: First less second, averaged over pairs.
        error: The standard error of that mean.
        n: The number of pairs.

    Example:
        >>> lead = PairedDifference(mean=0.0173, error=0.0031, n=5)
        >>> f"{lead:.3f}", lead.decided
        ('0.017 ± 0.003', True)
        >>> str(lead)
        '0.017 ± 0.003 (n = 5)'
    """

    mean: float
    error: float
    n: int

    @property
    def decided(self) -> bool:
        """Whether the mean lies more than two standard errors from 0."""
        return abs(self.mean) > 2 * self.error

    @property
    def if_equal(self) -> "PairedDifference":
        """What would have been expected of two methods that are equally good."""
        return PairedDifference(0.0, self.error, self.n)

    def __mul__(self, factor: float) -> "PairedDifference":
        """The same difference in another unit, such as per cent."""
        return PairedDifference(self.mean * factor, self.error * abs(factor), self.n)

    __rmul__ = __mul__

    def __format__(self, spec: str) -> str:
        mean = format(self.mean, spec).replace("-", "−")
        return f"{mean} ± {format(self.error, spec)}"

    def __str__(self) -> str:
        return f"{self:.3f} (n = {self.n})"


def paired_difference(first: Sequence[float], second: Sequence[float]) -> PairedDifference:
    """Compare two methods, pair by pair.

    Args:
        first: One number a pair, of the first method.
        second: As many of the second, in the same order.

    Returns:
        The mean of first less second, with its standard error and the number of pairs.

    Raises:
        ValueError: If the two differ in length, or there are fewer than two pairs.

    Example:
        >>> f"{paired_difference([3.0, 5.0, 4.0], [1.0, 4.0, 1.0]):.2f}"
        '2.00 ± 0.58'
    """
    if len(first) != len(second):
        raise ValueError(
            f"second must have a partner for each of first, but they have {len(second)} and "
            f"{len(first)} numbers."
        )
    n = len(first)
    if n < 2:
        raise ValueError(f"first must hold at least 2 numbers, but holds {n}.")
    gaps = [float(a) - float(b) for a, b in zip(first, second, strict=True)]
    mean = math.fsum(gaps) / n
    variance = math.fsum((gap - mean) ** 2 for gap in gaps) / (n - 1)
    return PairedDifference(mean, math.sqrt(variance / n), n)
