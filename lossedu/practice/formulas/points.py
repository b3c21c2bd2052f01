"""Points at which two formulas are compared, the same in Python and in a page."""

from collections.abc import Iterator, Mapping, Sequence

from lossedu.practice.formulas.shown import rounded
from lossedu.practice.random_numbers import RandomNumbers

Region = Mapping[str, tuple[float, float]]
"""A box: name -> the least and the greatest value; equal ends fix a value."""
Point = dict[str, float]

POINTS = 24
LEAST_IN_REGION = 5
MARGIN = 1 / 64
"""Share of a side that stays free at either end, so that no point lies on a kink."""


def points_in(regions: Sequence[Region], seed: int = 1) -> list[list[Point]]:
    """Points of each region: at least 24 in all and 5 in each, and their numbers are short.

    Args:
        regions: Boxes within which the formulas are smooth, all with the same names.
        seed: Of the generator.

    Raises:
        ValueError: If there is no region, if names differ, or if a side is no interval.

    Example:
        >>> points_in([{"p": (0, 1)}])[0][:3]
        [{'p': 0.6231}, {'p': 0.01828}, {'p': 0.5266}]
    """
    _check(regions)
    numbers = RandomNumbers(seed)
    each = max(LEAST_IN_REGION, -(-POINTS // len(regions)))
    return [[dict(_drawn(region, numbers)) for _ in range(each)] for region in regions]


def _drawn(region: Region, numbers: RandomNumbers) -> Iterator[tuple[str, float]]:
    for name, (low, high) in region.items():
        share = MARGIN + (1 - 2 * MARGIN) * numbers.uniform()
        value = low + (high - low) * share
        short = rounded(value, 4)
        yield name, short if low < short < high else value


def _check(regions: Sequence[Region]) -> None:
    if not regions:
        raise ValueError("regions must have at least one box, but are empty.")
    names = list(regions[0])
    for region in regions:
        if list(region) != names:
            raise ValueError(f"regions must all have {names}, but one has {list(region)}.")
        for name, (low, high) in region.items():
            if not -1e12 <= low <= high <= 1e12:
                sides = f"{name} goes from {low} to {high}"
                raise ValueError(f"regions must go from a low to a high end, but {sides}.")
