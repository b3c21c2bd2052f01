"""Which order of hidden units brings the weights of two networks together.

One layer at a time is a linear assignment; layers are visited until nothing improves.  Gains that
agree to 2^-40 of the largest count as equal, so that no matrix product's rounding chooses among
orders that are equally good.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from lossedu.landscape.connectivity.chain import Link

Order = NDArray[np.int64]
_LEAST_GAIN = 2.0**-40
"""Of the similarity: a smaller gain is rounding, and would let the sweeps go round in circles."""


@dataclass(frozen=True)
class UnitOrders:
    """The weights of both models as arrays: (out, in, what moves with the input), and per unit."""

    weights: list[tuple[NDArray[np.float64], NDArray[np.float64]]]
    units: list[tuple[NDArray[np.float64], NDArray[np.float64]]]

    @classmethod
    def of(
        cls, links: list[Link], first: Mapping[str, Tensor], second: Mapping[str, Tensor]
    ) -> "UnitOrders":
        """Of two models of the same links, from their states."""
        befores = [_inputs(links[0])] + [len(link.layer.weight) for link in links[:-1]]
        weights = [
            (_by_unit(link, first, before), _by_unit(link, second, before))
            for link, before in zip(links, befores, strict=True)
        ]
        units = [(_per_unit(link, first), _per_unit(link, second)) for link in links]
        return cls(weights, units)

    def identity(self) -> list[Order]:
        """No permutation: of the inputs, of each layer's units."""
        sizes = [self.weights[0][0].shape[1]] + [w[0].shape[0] for w in self.weights]
        return [np.arange(size) for size in sizes]

    def greedy(self, *, forwards: bool) -> list[Order]:
        """One pass that asks only the layer before each unit, or only the one behind it."""
        orders = self.identity()
        hidden = range(1, len(self.weights))
        for k in hidden if forwards else reversed(hidden):
            gains = self._incoming(orders, k) if forwards else self._outgoing(orders, k)
            orders[k] = _assigned(gains)
        return orders

    def improved(self, orders: list[Order], sweeps: int) -> tuple[list[Order], int]:
        """Layer after layer until no assignment is better than the one there is."""
        for sweep in range(1, sweeps + 1):
            moved = False
            for k in range(1, len(self.weights)):
                gains = self._incoming(orders, k) + self._outgoing(orders, k)
                best = _assigned(gains)
                rows = np.arange(len(best))
                gain = gains[rows, best].sum() - gains[rows, orders[k]].sum()
                if gain > _LEAST_GAIN * max(np.abs(gains).sum(), 1e-300):
                    orders[k], moved = best, True
            if not moved:
                return orders, sweep
        return orders, sweeps

    def best(self, sweeps: int) -> tuple[list[Order], int]:
        """The best of three local optima, the first of those that are equally good."""
        starts = [self.identity(), self.greedy(forwards=True), self.greedy(forwards=False)]
        orders, count = self.improved(starts[0], sweeps)
        for start in starts[1:]:
            other = self.improved(start, sweeps)
            gain = self.similarity(other[0]) - self.similarity(orders)
            if gain > _LEAST_GAIN * self.size():
                orders, count = other
        return orders, count

    def similarity(self, orders: list[Order]) -> float:
        """The inner product of all weights, with the second model's units in this order."""
        total = 0.0
        for k, (one, other) in enumerate(self.weights):
            total += float((one * other[orders[k + 1]][:, orders[k]]).sum())
            mine, theirs = self.units[k]
            total += float((mine * theirs[orders[k + 1]]).sum())
        return total

    def size(self) -> float:
        """What no similarity exceeds."""
        pairs = (
            np.linalg.norm(one) * np.linalg.norm(other) for one, other in self.weights + self.units
        )
        return float(sum(pairs))

    def _incoming(self, orders: list[Order], k: int) -> NDArray[np.float64]:
        """What each unit of layer k in one model has in common with each in the other."""
        one, other = self.weights[k - 1]
        mine, theirs = self.units[k - 1]
        moved = other[:, orders[k - 1]].reshape(len(other), -1)
        common: NDArray[np.float64] = one.reshape(len(one), -1) @ moved.T + mine @ theirs.T
        return common

    def _outgoing(self, orders: list[Order], k: int) -> NDArray[np.float64]:
        one, other = self.weights[k]
        mine, theirs = (
            w.transpose(1, 0, 2).reshape(w.shape[1], -1) for w in (one, other[orders[k + 1]])
        )
        common: NDArray[np.float64] = mine @ theirs.T
        return common


def _assigned(gains: NDArray[np.float64]) -> Order:
    from scipy.optimize import linear_sum_assignment

    # In whole numbers sums are exact, and what is equally good is equal.
    largest = max(float(np.abs(gains).max(initial=0.0)), 1e-300)
    gains = np.round(gains / (_LEAST_GAIN * largest))
    return np.asarray(linear_sum_assignment(gains, maximize=True)[1], dtype=np.int64)


def _inputs(link: Link) -> int:
    layer = link.layer
    return layer.in_features if isinstance(layer, nn.Linear) else layer.in_channels


def _by_unit(link: Link, state: Mapping[str, Tensor], before: int) -> NDArray[np.float64]:
    """The weights with one axis for units, one for those before, one for the rest."""
    weight = _array(state[f"{link.name}.weight"])
    return weight.reshape(len(weight), before, -1)


def unit_names(link: Link, state: Mapping[str, Tensor]) -> list[str]:
    """Tensors with one entry for each of a layer's units: its bias, and batch norm's."""
    parts = [f"{link.name}.bias"]
    parts += [
        f"{norm}.{part}"
        for norm in link.norms
        for part in ("weight", "bias", "running_mean", "running_var")
    ]
    return [part for part in parts if part in state]


def _per_unit(link: Link, state: Mapping[str, Tensor]) -> NDArray[np.float64]:
    """Trained numbers of each unit besides its weights, shape ``(units, numbers)``."""
    columns = [_array(state[name]) for name in unit_names(link, state) if ".running_" not in name]
    return np.stack(columns, 1) if columns else np.zeros((len(link.layer.weight), 0))


def _array(tensor: Tensor) -> NDArray[np.float64]:
    return tensor.detach().cpu().double().numpy()
