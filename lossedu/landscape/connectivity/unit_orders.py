"""Which order of hidden units brings the weights of two networks together.

One space of units at a time is a linear assignment; spaces are visited until nothing improves.
Heads are assigned by what each pair of them has in common in its best inner order.  Gains that
agree to 2^-40 of the largest count as equal, so that no matrix product's rounding chooses among
orders that are equally good.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lossedu.landscape.connectivity.units import Axis, Units

Array = NDArray[np.float64]
Order = NDArray[np.int64]
Orders = dict[int, Order]
"""For each space, where in the second model each unit is taken from."""
_LEAST_GAIN = 2.0**-40
"""Of the similarity: a smaller gain is rounding, and would let the sweeps go round in circles."""


class UnitOrders:
    """The weights of both models as arrays, and the axes that follow their units."""

    def __init__(
        self, units: Units, first: Mapping[str, Tensor], second: Mapping[str, Tensor]
    ) -> None:
        """Take all trained tensors in which a unit has a number."""
        self._units = units
        self._groups = units.groups()
        self._heads = {k: units.space(k).heads for group in self._groups for k in group}
        self._axes = {
            name: axes
            for name, axes in units.axes.items()
            if any(axes.values()) and ".running_" not in f".{name}" and name in first
        }
        self._weights = {name: (_array(first[name]), _array(second[name])) for name in self._axes}
        self._users: dict[int, list[str]] = {}
        for name, axes in self._axes.items():
            for root in {root for axis in axes.values() for root, *_ in units.segments(axis)}:
                self._users.setdefault(root, []).append(name)

    def identity(self) -> Orders:
        """No permutation."""
        return {k: np.arange(self._units.space(k).size) for group in self._groups for k in group}

    def best(self, sweeps: int) -> tuple[Orders, int]:
        """The best of three local optima, the first of those that are equally good."""
        starts = [self.identity(), self._greedy(self._groups), self._greedy(self._groups[::-1])]
        orders, count = self._improved(starts[0], sweeps)
        for start in starts[1:]:
            other = self._improved(start, sweeps)
            gain = self.similarity(other[0]) - self.similarity(orders)
            if gain > _LEAST_GAIN * self._size(self._axes):
                orders, count = other
        return orders, count

    def similarity(self, orders: Orders, names: Sequence[str] | None = None) -> float:
        """The inner product of weights, with the second model's units in this order."""
        total = 0.0
        for name in self._axes if names is None else names:
            one, other = self._weights[name]
            total += float((one * permuted(other, self._axes[name], self._units, orders)).sum())
        return total

    def _greedy(self, groups: list[list[int]]) -> Orders:
        """One pass that asks only what lies between a group and those whose order is known."""
        orders, waiting = self.identity(), list(groups)
        unknown = {k for group in groups for k in group}
        while waiting:
            for group in waiting:
                gains = {k: self._gains(k, orders, unknown) for k in group}
                if any(gain.any() for gain in gains.values()):
                    orders |= self._assigned(gains)
                    break
            else:
                group = waiting[0]  # nothing is known around it: it stays as it is
            waiting = [other for other in waiting if other is not group]
            unknown -= set(group)
        return orders

    def _improved(self, orders: Orders, sweeps: int) -> tuple[Orders, int]:
        """Group after group until no assignment is better than the one there is."""
        orders = dict(orders)
        for sweep in range(1, sweeps + 1):
            moved = False
            for group in self._groups:
                names = list(dict.fromkeys(n for k in group for n in self._users.get(k, ())))
                better = orders | self._assigned({k: self._gains(k, orders) for k in group})
                # Where a tensor has the same units on two axes, the assignment is a guess.
                gain = self.similarity(better, names) - self.similarity(orders, names)
                if gain > _LEAST_GAIN * max(self._size(names), 1e-300):
                    orders, moved = better, True
            if not moved:
                return orders, sweep
        return orders, sweeps

    def _size(self, names: Sequence[str] | Mapping[str, object]) -> float:
        """What no similarity of these tensors exceeds."""
        norms = ([np.linalg.norm(w) for w in self._weights[name]] for name in names)
        return float(sum(one * other for one, other in norms))

    def _gains(self, space: int, orders: Orders, unknown: set[int] | None = None) -> Array:
        """What each unit in one model has in common with each in the other.

        Args:
            space: Whose units.
            orders: Of all others.
            unknown: Spaces whose order is not known yet: a tensor that has them elsewhere is left
                out.
        """
        size = self._units.space(space).size
        total = np.zeros((size, size))
        for name in self._users.get(space, ()):
            one, other = self._weights[name]
            axes = self._axes[name]
            for dim, axis in axes.items():
                beside = {d: a for d, a in axes.items() if d != dim}
                if unknown and self._touches(beside, unknown):
                    continue
                turned = None
                for root, offset, count, each in self._units.segments(axis):
                    if root != space:
                        continue
                    if turned is None:
                        turned = permuted(other, beside, self._units, orders)
                    part = slice(offset, offset + count * each)
                    mine, theirs = (_rows(w, dim, part, count) for w in (one, turned))
                    total += mine @ theirs.T
        return total

    def _touches(self, axes: Mapping[int, Axis], spaces: set[int]) -> bool:
        every = (root for axis in axes.values() for root, *_ in self._units.segments(axis))
        return any(root in spaces for root in every)

    def _assigned(self, gains: Mapping[int, Array]) -> Orders:
        """The best order of each space of a group, whose heads move together."""
        first = next(iter(gains))
        heads = self._heads[first]
        if len(gains) == 1 and heads == len(gains[first]):
            return {first: _assigned(gains[first])}
        common = np.zeros((heads, heads))
        inner: dict[int, dict[tuple[int, int], Order]] = {}
        for k, gain in gains.items():
            blocks = gain.reshape(heads, len(gain) // heads, heads, -1)
            largest = float(np.abs(gain).max(initial=0.0))
            inner[k] = {}
            for a, b in np.ndindex(heads, heads):
                block = blocks[a, :, b]
                order = _assigned(block, largest)
                inner[k][a, b] = order
                common[a, b] += block[np.arange(len(order)), order].sum()
        places = _assigned(common)
        return {
            k: np.concatenate(
                [b * (len(gains[k]) // heads) + inner[k][a, int(b)] for a, b in enumerate(places)]
            )
            for k in gains
        }


def permuted(array: Array, axes: Mapping[int, Axis], units: Units, orders: Orders) -> Array:
    """An array with the units along its axes in their new order."""
    for dim, axis in axes.items():
        if any(root in orders for root, *_ in units.segments(axis)):
            array = np.take(array, index_of(axis, units, orders), axis=dim)
    return array


def index_of(axis: Axis, units: Units, orders: Orders) -> Order:
    """Where each entry of an axis is taken from."""
    parts = []
    for root, offset, size, each in units.segments(axis):
        order = orders.get(root, np.arange(size))
        parts.append(offset + (order[:, None] * each + np.arange(each)).reshape(-1))
    return np.concatenate(parts)


def _rows(array: Array, dim: int, part: slice, count: int) -> Array:
    """What belongs to each unit of a part of an axis, a row each."""
    rows: Array = np.moveaxis(array, dim, 0)[part].reshape(count, -1)
    return rows


def _assigned(gains: Array, largest: float | None = None) -> Order:
    from scipy.optimize import linear_sum_assignment

    # In whole numbers sums are exact, and what is equally good is equal.
    largest = max(largest or float(np.abs(gains).max(initial=0.0)), 1e-300)
    gains = np.round(gains / (_LEAST_GAIN * largest))
    return np.asarray(linear_sum_assignment(gains, maximize=True)[1], dtype=np.int64)


def _array(tensor: Tensor) -> Array:
    array: Array = tensor.detach().cpu().double().numpy()
    return array
