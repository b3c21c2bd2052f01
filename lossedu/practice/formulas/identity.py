"""Whether two formulas have the same values at points, up to what a computer can tell."""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

from lossedu.practice.formulas.bounded import (
    CERTAIN,
    LARGE,
    LOST,
    Bounded,
    arithmetic,
    certain,
    size,
)
from lossedu.practice.formulas.faults import UndefinedError
from lossedu.practice.formulas.parser import parse_formula
from lossedu.practice.formulas.points import Point, Region, points_in
from lossedu.practice.formulas.shown import shown_point
from lossedu.practice.formulas.tree import Tree
from lossedu.practice.formulas.values import bounded_value

SAME = 1e-9
"""Relative difference of one formula in two forms; float64 stays four digits below."""
ROUNDED = 1e-3
"""Relative difference that a constant of three digits makes."""
_SMALL = {SAME: 1e-3, ROUNDED: 1e-6}
"""A value that is small beside the largest of its region is measured by this share of that."""
_TERMS = 1 / 4
"""A rounding bound times this is about the size of the terms that a value is the sum of."""
_FLAT = 1e-3
"""Where all values of a region are small, this share of the largest anywhere is its largest."""

Box = tuple[tuple[str, float, float], ...]
"""A region as a key of a cache."""


class NoValueError(ValueError):
    """A formula has no value at one of the points.

    Attributes:
        index: Number of the point.
        says: Why, as a part of a sentence.
    """

    def __init__(self, index: int, says: str) -> None:
        super().__init__(index, says)
        self.index = index
        self.says = says


@dataclass(frozen=True)
class Samples:
    """A formula at its points.

    Attributes:
        points: Where it is compared.
        values: Its values there, each with the bound of its rounding error.
        largest: What is large in the region of each point, never zero.
    """

    points: tuple[Point, ...]
    values: tuple[Bounded, ...]
    largest: tuple[float, ...]

    @cached_property
    def exact(self) -> list[dict[str, Any]]:
        """The points in numbers of `mpmath`."""
        mp = arithmetic()
        return [{name: mp.mpf(value) for name, value in point.items()} for point in self.points]

    def scale(self, index: int, tolerance: float) -> float:
        """What a difference at a point is compared with."""
        value, error = self.values[index]
        return max(size(value), _TERMS * error, _SMALL[tolerance] * self.largest[index])

    def of(self, tree: Tree) -> "Samples":
        """Another formula at the same points.

        Raises:
            NoValueError: If it has no value at one, or none with digits.
        """
        values = []
        for index, point in enumerate(self.exact):
            try:
                value, error = bounded_value(tree, point)
                if not CERTAIN * error <= LOST * self.scale(index, SAME):
                    raise UndefinedError("lost")
            except UndefinedError as fault:
                raise NoValueError(index, fault.says) from None
            values.append((value, error))
        return replace(self, values=tuple(values))

    def first_difference(self, other: "Samples", tolerance: float) -> int | None:
        """The number of the first point at which another formula differs; None if there is none."""
        for index in range(len(self.points)):
            if not self._is_multiple(other, index, 1.0, tolerance):
                return index
        return None

    def ratio(self, other: "Samples") -> float | None:
        """What times this is the other at every point; None if that is not one number."""
        pairs = zip(self.values, other.values, strict=True)
        if not all(certain(ours) and certain(theirs) for ours, theirs in pairs):
            return None
        number = float(other.values[0][0] / self.values[0][0])
        same = all(self._is_multiple(other, i, number, SAME) for i in range(len(self.points)))
        return number if same else None

    def shift(self, other: "Samples") -> float | None:
        """What is to be added to this for the other at every point; None if not one number."""
        number = float(other.values[0][0] - self.values[0][0])
        for index, (ours, theirs) in enumerate(zip(self.values, other.values, strict=True)):
            rounding = CERTAIN * (ours[1] + theirs[1])
            difference = size(theirs[0] - ours[0] - number)
            if difference > SAME * self.scale(index, SAME) + rounding:
                return None
        return number

    def _is_multiple(self, other: "Samples", index: int, factor: float, tolerance: float) -> bool:
        """Whether the other is this times a factor, as far as its digits go."""
        (ours, our_error), (theirs, their_error) = self.values[index], other.values[index]
        rounding = CERTAIN * (abs(factor) * our_error + their_error)
        allowed = tolerance * abs(factor) * self.scale(index, tolerance)
        return size(theirs - factor * ours) <= allowed + rounding


@lru_cache(maxsize=512)
def truth_at(formula: str, boxes: tuple[Box, ...]) -> Samples:
    """The right formula at the points of its regions.

    Raises:
        ValueError: If it cannot be read, or has no value at a point.
    """
    regions: list[Region] = [{name: (low, high) for name, low, high in box} for box in boxes]
    by_region = points_in(regions)
    points = tuple(point for group in by_region for point in group)
    nothing = Samples(points, ((arithmetic().zero, 0.0),) * len(points), (LARGE,) * len(points))
    try:
        values = nothing.of(parse_formula(formula, list(regions[0]))).values
    except NoValueError as fault:
        point = shown_point(points[fault.index])
        raise ValueError(
            f"truth must have a value everywhere, but at {point} {fault.says}."
        ) from None
    sizes = [size(value) for value, _ in values]
    flat = _FLAT * (max(sizes) or 1.0)
    rest = iter(sizes)
    largest: list[float] = []
    for group in by_region:
        largest += [max(flat, *(next(rest) for _ in group))] * len(group)
    return Samples(points, values, tuple(largest))
