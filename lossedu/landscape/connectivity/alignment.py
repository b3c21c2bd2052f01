"""Permutation alignment: two trained networks whose hidden units are in the same order."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from lossedu.arguments.checks import check_count
from lossedu.landscape.connectivity.barrier import Barrier, check_moves_statistics, linear_barrier
from lossedu.landscape.connectivity.chain import Link, chain_of
from lossedu.landscape.connectivity.unit_orders import Order, UnitOrders, unit_names
from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.results.result import Result
from lossedu.tables import Table
from lossedu.training.module_states import unwrapped


@dataclass(frozen=True, eq=False)
class Alignment(Result):
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
    pair = UnitOrders.of(links, first, second)
    orders, count = pair.best(sweeps)
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
            for name in (f"{link.name}.weight", *unit_names(link, state)):
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
        for part in unit_names(link, state):
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
