"""How far parameters have moved, layer by layer."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.results.result import Result


@dataclass(frozen=True)
class Drift(Result):
    """A distance between two sets of weights.

    Attributes:
        distance: The Euclidean one.
        relative: In units of the first one's norm; infinite where that is 0 and they differ.
        cosine: Of the angle between them at 0; 1 where they agree, 0 where one alone is 0.
    """

    distance: float
    relative: float
    cosine: float


def drift(objective: Objective, start: Tensor, end: Tensor) -> dict[str, Drift]:
    """The distance of each parameter, and of all together under the name "all".

    A parameter of that name is left to the whole.

    Args:
        objective: Whose points they are.
        start: A point, shape ``(size,)``.
        end: Another.
    """
    before, after = objective.unflatten(start), objective.unflatten(end)
    found = {"all": movement(start, end)}
    return found | {n: movement(before[n], after[n]) for n in before if n != "all"}


def check_same_elsewhere(
    first: Objective, second: Objective, *, names: tuple[str, str] = ("first", "second")
) -> None:
    """Refuse two objectives whose difference is not a movement of what varies.

    Args:
        first: The loss that is followed from one point to the other.
        second: The loss that it must come to.
        names: What errors call them.

    Raises:
        ValueError: If other parameters vary, one that does not vary differs, or the first's loss
            at the second's point is not the second's: for other data, structure or buffers.
    """
    one, other = names
    shapes = [dict(zip(o.names, o.layout.shapes, strict=True)) for o in (first, second)]
    for name in {**shapes[0], **shapes[1]}:
        if shapes[0].get(name) != shapes[1].get(name):
            before, after = (_shape_in(place.get(name)) for place in shapes)
            raise ValueError(
                f"{other} must have the parameters of {one}, but {name!r} differs: {before} in "
                f"{one}, {after} in {other}."
            )
    for name in {**first.fixed, **second.fixed}:
        pair = [o.fixed[name] for o in (first, second) if name in o.fixed]
        if len(pair) < 2 or not torch.equal(pair[0], pair[1].to(pair[0].device)):
            raise ValueError(
                f"{other} must differ from {one} in what varies alone, but {name!r} differs too. "
                "Hint: let the objectives' parameters be all of them."
            )
    _check_same_loss(first, second, names)


def _check_same_loss(first: Objective, second: Objective, names: tuple[str, str]) -> None:
    """Refuse two objectives that disagree where the second stands."""
    one, other = names
    point = second.point.to(first.device, first.dtype)
    followed = first.with_batch_norm("recomputed").value(point)
    own = second.with_batch_norm("recomputed").value(second.point)
    unknown = not (math.isfinite(followed) or math.isfinite(own))
    # Loose: another order of batches changes rounding, and statistics that are recomputed.
    if not (unknown or math.isclose(followed, own, rel_tol=1e-2)):
        raise ValueError(
            f"{other} must differ from {one} in what varies alone, but with the weights of {other} "
            f"the loss is {followed:.4g} in {one} and {own:.4g} in {other}. Hint: data, loss and "
            "structure must agree, and so must buffers, batch norm's statistics apart."
        )


def _shape_in(shape: torch.Size | None) -> str:
    return "missing" if shape is None else f"of shape {tuple(shape)}"


def movement(start: Tensor, end: Tensor) -> Drift:
    """The distance between two tensors of one shape, computed in float64."""
    start, end = (t.detach().double().reshape(-1) for t in (start, end))
    distance, size, other = (float(v.norm()) for v in (end - start, start, end))
    if distance == 0:
        return Drift(0.0, 0.0, 1.0)
    cosine = float(start @ end) / (size * other) if size and other else 0.0
    return Drift(distance, distance / size if size else float("inf"), cosine)
