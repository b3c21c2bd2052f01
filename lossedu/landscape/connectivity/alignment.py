"""Permutation alignment: two trained networks whose hidden units are in the same order."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from lossedu.arguments.checks import check_count
from lossedu.landscape.connectivity.barrier import Barrier, check_moves_statistics, linear_barrier
from lossedu.landscape.connectivity.following import units_of
from lossedu.landscape.connectivity.unit_orders import Order, Orders, UnitOrders, index_of
from lossedu.landscape.connectivity.units import Units
from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.results.result import Result
from lossedu.tables import Table
from lossedu.training.module_states import unwrapped

_ROUNDING = 10  # times the root of a unit in the last place: float32 sums in another order


@dataclass(frozen=True, eq=False)
class Alignment(Result):
    """A model with its hidden units in the order of another's.

    Attributes:
        state_dict: The model's, permuted: the same function of the inputs.  Names are those of the
            model without a wrapper.
        permutations: For each layer whose units may change their order, the place in the model of
            each; layers whose outputs are added have one order.  Of an attention layer those of
            queries and keys, and of values.
        similarity: Inner product of the two models' weights, before and after.
        sweeps: How many times all layers were visited.
    """

    state_dict: dict[str, Tensor] = field(repr=False)
    permutations: dict[str, Tensor] = field(repr=False)
    similarity: tuple[float, float]
    sweeps: int

    def table(self) -> Table:
        """For each layer, how many of its units have another place now."""
        rows: list[tuple[str | int | float, ...]] = [
            (name, int((order != torch.arange(len(order))).sum()), len(order))
            for name, order in self.permutations.items()
        ]
        before, after = (f"{value:.4g}" for value in self.similarity)
        label = f"units in another order; similarity {before} before, {after} after"
        return Table(["layer", "moved", "units"], rows, label=label)


@dataclass(frozen=True, eq=False)
class AlignedBarrier(Result):
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

    One space of units at a time is a linear assignment, solved exactly: the units of a layer, or
    of all layers whose outputs a residual stream adds up.  Attention heads change places whole, and
    inside of each head the units of queries and keys together, and those of values.  Spaces are
    visited until nothing improves.  That finds a local optimum, so it is done from three starts: as
    given, and after one pass from the inputs or from the outputs that looks only at what is known
    already (which undoes any permutation of the same network); the best is kept.  Everything is
    computed in float64.  Nothing is changed in place.

    Gains that agree to 2^-40 (1e-12) of the largest are equal, and so are starts: of orders that
    are equally good the first is taken, whatever a matrix product rounds.

    Args:
        reference: Linear, convolution and embedding layers, batch, layer and group norms, residual
            connections, elementwise activations, pooling, flattening, attention and torch's layers
            of transformers; masks of attention are taken to be alike for all heads.
        model: One of the same structure.
        sweeps: How many at most from each start.

    Returns:
        The permuted ``state_dict`` and what was done.

    Raises:
        ValueError: If a layer reads what a step has made that is not understood, which is named;
            if no order of units is free, the two differ, or a weight is not finite.

    References:
        S. Ainsworth, J. Hayase, S. Srinivasa, Git Re-Basin: merging models modulo permutation
        symmetries, ICLR 2023, arXiv 2209.04836, algorithm 1; S. P. Singh, M. Jaggi, Model fusion
        via optimal transport, NeurIPS 2020, arXiv 1910.05653; N. Verma, M. Elbayad, Merging text
        transformer models from different initializations, TMLR 2024, arXiv 2403.00986, for heads.
    """
    check_count("sweeps", sweeps)
    reference, model = unwrapped(reference), unwrapped(model)
    units = units_of(model)
    first, second = dict(reference.state_dict()), dict(model.state_dict())
    shapes = [{name: t.shape for name, t in state.items()} for state in (first, second)]
    if shapes[0] != shapes[1]:
        odd = sorted(set(shapes[0].items()) ^ set(shapes[1].items()))[0][0]
        raise ValueError(f"model must have the layers of reference, but they differ in {odd!r}.")
    _check_finite(units, reference=first, model=second)
    pair = UnitOrders(units, first, second)
    orders, count = pair.best(sweeps)
    return Alignment(
        _under_all_names(model, _permuted(units, second, orders)),
        {layer: torch.from_numpy(order) for layer, order in _by_layer(units, orders).items()},
        (pair.similarity(pair.identity()), pair.similarity(orders)),
        count,
    )


def aligned_barrier(
    objective: Objective,
    reference: nn.Module,
    model: nn.Module,
    *,
    tolerance: float = 1e-2,
    progress: bool = False,
) -> AlignedBarrier:
    """Align two models and measure the barrier between them before and after.

    Args:
        objective: The loss, over all parameters in which the models differ or that alignment
            moves; with batch norm, not frozen.
        reference: The model at 0.
        model: The model at 1, which is aligned.
        tolerance: As for `linear_barrier`.
        progress: Whether to show a bar in a terminal.

    Raises:
        ValueError: As `align` and `linear_barrier` do, or if a parameter that the objective keeps
            fixed has another value in a model, or if the aligned model has another loss than it
            had: its heads or units are told apart in a way that no step shows.
    """
    check_moves_statistics(objective)
    alignment = align(reference, model)
    one, other = (unwrapped(m).state_dict() for m in (reference, model))
    _check_fixed(objective, one, other, alignment.state_dict)
    start = objective.flatten(one)
    ends = [objective.flatten(state) for state in (other, alignment.state_dict)]
    settings: dict[str, Any] = {"tolerance": tolerance, "progress": progress}
    before, after = (linear_barrier(objective, start, end, **settings) for end in ends)
    _check_same_function(before, after, objective)
    return AlignedBarrier(before, after, alignment)


def _check_finite(units: Units, **states: Mapping[str, Tensor]) -> None:
    for model, state in states.items():
        for name in units.axes:
            if ".running_" not in f".{name}" and not state[name].isfinite().all():
                raise ValueError(
                    f"{model} must have finite weights, but {name!r} has entries that are not."
                )


def _check_same_function(before: Barrier, after: Barrier, objective: Objective) -> None:
    """See that units were followed rightly: by the loss, which an order must not change."""
    one, other = float(before.losses[-1]), float(after.losses[-1])
    rounding = _ROUNDING * torch.finfo(objective.dtype).eps ** 0.5
    if math.isfinite(one) and not math.isclose(one, other, rel_tol=rounding, abs_tol=rounding):
        raise ValueError(
            f"model must have the same loss in another order of its units, but has {other:g} for "
            f"{one:g}. Hint: its forward, or a mask, tells heads or units apart."
        )


def _check_fixed(objective: Objective, *states: Mapping[str, Tensor]) -> None:
    """Refuse a line on which a layer stays behind while those beside it move."""
    for name, kept in objective.fixed.items():
        if not all(torch.equal(kept, state[name].to(kept)) for state in states):
            raise ValueError(
                f"objective must vary every parameter that differs, but keeps {name!r} as it is. "
                "Hint: parameters=lambda name: True."
            )


def _permuted(units: Units, state: Mapping[str, Tensor], orders: Orders) -> dict[str, Tensor]:
    """The second model's tensors with all hidden units in their new order."""
    result = {name: tensor.detach().clone() for name, tensor in state.items()}
    for name, axes in units.axes.items():
        for dim, axis in axes.items():
            if axis and name in result:
                place = torch.from_numpy(index_of(axis, units, orders)).to(result[name].device)
                result[name] = result[name].index_select(dim, place)
    return result


def _by_layer(units: Units, orders: Orders) -> dict[str, Order]:
    """The order of each layer's own units, where it is free; of several parts in a row."""
    return {
        layer: index_of(axis, units, orders)
        for layer, axis in units.made.items()
        if any(root in orders for root, *_ in units.segments(axis))
    }


def _under_all_names(model: nn.Module, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A layer that hangs in several places of a model has a tensor in the state for each."""
    first: dict[int, str] = {}
    named = (model.named_parameters, model.named_buffers)
    for name, tensor in (pair for each in named for pair in each(remove_duplicate=False)):
        known = first.setdefault(id(tensor), name)
        if name in state:
            state[name] = state[known]
    return state
