"""Permutation alignment: two trained networks whose hidden units are in the same order."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lossedu.arguments.checks import check_count
from lossedu.landscape.connectivity.barrier import Barrier, check_moves_statistics, linear_barrier
from lossedu.landscape.connectivity.chain import Link, chain_of
from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.objective.skeleton import unwrapped
from lossedu.tables import Table

Order = NDArray[np.int64]
_LEAST_GAIN = 2.0**-40
"""Of the similarity: a smaller gain is rounding, and would let the sweeps go round in circles."""


@dataclass(frozen=True)
class Alignment:
    """A model with its hidden units in the order of another's.

    Attributes:
        state_dict: The model's, permuted: the same function of the inputs.  Names are those of the
            model without a wrapper.
        permutations: For each layer but the last, the place in the model of each unit.
        similarity: Inner product of the two models' weights, before and after.
        sweeps: How many times all layers were visited.
    """

    state_dict: dict[str, Tensor] = field(repr=False)
    permutations: dict[str, Tensor] = field(repr=False)
    similarity: tuple[float, float]
    sweeps: int


@dataclass(frozen=True)
class AlignedBarrier:
    """The barrier between two models, before and after one of them is permuted.

    Attributes:
        before: As they are.
        after: With the second model aligned to the first.
        alignment: How.
    """

    before: Barrier
    after: Barrier
    alignment: Alignment

    def table(self) -> Table:
        """Both barriers."""
        pairs = (("as trained", self.before), ("aligned", self.after))
        rows = [(name, b.height, b.error, b.place) for name, b in pairs]
        return Table(["models", "barrier", "error", "at"], rows, label="barriers by alignment")


def align(reference: nn.Module, model: nn.Module, *, sweeps: int = 100) -> Alignment:
    r"""Reorder a model's hidden units so that its weights are closest to another's.

    .. math:: \max_{P_1, \dots, P_{L-1}} \sum_l \big\langle W_l^A,\
        P_l\, W_l^B\, P_{l-1}^\top \big\rangle

    One layer at a time is a linear assignment, solved exactly; layers are visited until nothing
    improves.  That finds a local optimum, so it is done from three starts: as given, and after one
    pass that looks only backwards (which undoes any permutation of the same network) or only
    forwards; the best is kept.  Everything is computed in float64.  Nothing is changed in place.

    Gains that agree to 2^-40 (1e-12) of the largest are equal, and so are starts: of orders that
    are equally good the first is taken, whatever a matrix product rounds.

    Args:
        reference: A chain of Linear and Conv2d layers with elementwise activations, pooling,
            flattening, dropout and batch norm.
        model: One of the same structure.
        sweeps: How many at most from each start.

    Returns:
        The permuted ``state_dict`` and what was done.

    Raises:
        ValueError: If the model is no such chain (a residual connection, say), the two differ, or
            a weight is not finite.

    References:
        S. Ainsworth, J. Hayase, S. Srinivasa, Git Re-Basin: merging models modulo permutation
        symmetries, ICLR 2023, arXiv 2209.04836, algorithm 1.
    """
    check_count("sweeps", sweeps)
    reference, model = unwrapped(reference), unwrapped(model)
    links = chain_of(model)
    first, second = dict(reference.state_dict()), dict(model.state_dict())
    shapes = [{name: t.shape for name, t in state.items()} for state in (first, second)]
    if shapes[0] != shapes[1]:
        odd = sorted(set(shapes[0].items()) ^ set(shapes[1].items()))[0][0]
        raise ValueError(f"model must have the layers of reference, but they differ in {odd!r}.")
    _check_finite(links, reference=first, model=second)
    pair = _Pair.of(links, first, second)
    starts = [pair.identity(), pair.greedy(forwards=True), pair.greedy(forwards=False)]
    results = [pair.improved(start, sweeps) for start in starts]
    orders, count = results[0]
    for other in results[1:]:
        if pair.similarity(other[0]) > pair.similarity(orders) + _LEAST_GAIN * pair.size():
            orders, count = other
    return Alignment(
        _under_all_names(model, _permuted(links, second, orders)),
        {
            link.name: torch.from_numpy(order.copy())
            for link, order in zip(links, orders[1:-1], strict=False)
        },
        (pair.similarity(pair.identity()), pair.similarity(orders)),
        count,
    )


def aligned_barrier(
    objective: Objective, reference: nn.Module, model: nn.Module, *, tolerance: float = 1e-2
) -> AlignedBarrier:
    """Align two models and measure the barrier between them before and after.

    Args:
        objective: The loss, over all parameters in which the models differ or that alignment
            moves; with batch norm, not frozen.
        reference: The model at 0.
        model: The model at 1, which is aligned.
        tolerance: As for `linear_barrier`.

    Raises:
        ValueError: As `align` and `linear_barrier` do, or if a parameter that the objective keeps
            fixed has another value in a model.
    """
    check_moves_statistics(objective)
    alignment = align(reference, model)
    one, other = (unwrapped(m).state_dict() for m in (reference, model))
    _check_fixed(objective, one, other, alignment.state_dict)
    start = objective.flatten(one)
    ends = [objective.flatten(state) for state in (other, alignment.state_dict)]
    before, after = (linear_barrier(objective, start, end, tolerance=tolerance) for end in ends)
    return AlignedBarrier(before, after, alignment)


def _check_finite(links: list[Link], **states: Mapping[str, Tensor]) -> None:
    for model, state in states.items():
        for link in links:
            for name in (f"{link.name}.weight", *_unit_names(link, state)):
                if ".running_" not in name and not state[name].isfinite().all():
                    raise ValueError(
                        f"{model} must have finite weights, but {name!r} has entries that are not."
                    )


def _check_fixed(objective: Objective, *states: Mapping[str, Tensor]) -> None:
    """Refuse a line on which a layer stays behind while those beside it move."""
    for name, kept in objective.fixed.items():
        if not all(torch.equal(kept, state[name].to(kept)) for state in states):
            raise ValueError(
                f"objective must vary every parameter that differs, but keeps {name!r} as it is. "
                "Hint: parameters=lambda name: True."
            )


@dataclass(frozen=True)
class _Pair:
    """The weights of both models as arrays: (out, in, what moves with the input), and per unit."""

    weights: list[tuple[NDArray[np.float64], NDArray[np.float64]]]
    units: list[tuple[NDArray[np.float64], NDArray[np.float64]]]

    @classmethod
    def of(
        cls, links: list[Link], first: Mapping[str, Tensor], second: Mapping[str, Tensor]
    ) -> "_Pair":
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


def _permuted(
    links: list[Link], state: Mapping[str, Tensor], orders: list[Order]
) -> dict[str, Tensor]:
    """The second model's tensors with all hidden units in their new order."""
    result = {name: tensor.detach().clone() for name, tensor in state.items()}
    before = orders[0]
    for link, order in zip(links, orders[1:], strict=True):
        name = f"{link.name}.weight"
        weight, out = result[name], torch.from_numpy(order).to(result[name].device)
        inner = torch.from_numpy(before).to(weight.device)
        split = weight.reshape(len(weight), len(before), -1)
        result[name] = split[out][:, inner].reshape(weight.shape)
        for part in _unit_names(link, state):
            result[part] = result[part][out]
        before = order
    return result


def _under_all_names(model: nn.Module, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A layer that hangs in several places of a model has a tensor in the state for each."""
    first: dict[int, str] = {}
    named = (model.named_parameters, model.named_buffers)
    for name, tensor in (pair for each in named for pair in each(remove_duplicate=False)):
        known = first.setdefault(id(tensor), name)
        if name in state:
            state[name] = state[known]
    return state


def _inputs(link: Link) -> int:
    layer = link.layer
    return layer.in_features if isinstance(layer, nn.Linear) else layer.in_channels


def _by_unit(link: Link, state: Mapping[str, Tensor], before: int) -> NDArray[np.float64]:
    """The weights with one axis for units, one for those before, one for the rest."""
    weight = _array(state[f"{link.name}.weight"])
    return weight.reshape(len(weight), before, -1)


def _unit_names(link: Link, state: Mapping[str, Tensor]) -> list[str]:
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
    columns = [_array(state[name]) for name in _unit_names(link, state) if ".running_" not in name]
    return np.stack(columns, 1) if columns else np.zeros((len(link.layer.weight), 0))


def _array(tensor: Tensor) -> NDArray[np.float64]:
    return tensor.detach().cpu().double().numpy()
