"""Directions through parameter space, scaled so that pictures of two models can be compared."""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lossedu.arguments.checks import check_choice, check_count
from lossedu.landscape.objective.batch_norm import check_statistics
from lossedu.landscape.objective.objective import Objective
from lossedu.training.random_states import stream_seed

Normalise = Literal["none", "layer", "filter"]
_ROOM = 1e-9  # less of a random direction than this is rounding
Point = Tensor | Mapping[str, Tensor]
"""A vector of shape ``(size,)``, or a ``state_dict``."""


def random_directions(
    objective: Objective,
    count: int = 2,
    *,
    seed: int = 0,
    normalise: Normalise = "filter",
    biases: bool = False,
    orthogonal: bool = False,
    centre: Point | None = None,
) -> tuple[Tensor, ...]:
    r"""Gaussian directions, scaled like the weights.

    A filter is a row along the first axis of a weight: what one output sees of the input.  With
    "filter" each filter of the direction gets the norm of the filter of the weights,

    .. math:: d_{ij} \leftarrow \frac{d_{ij}}{\lVert d_{ij} \rVert} \lVert \theta_{ij} \rVert

    so that a step means the same for two networks that differ only in the scale of their layers.
    With "layer" this happens to whole weights.  As in the paper's code, parameters with fewer than
    two axes (biases, the scales and shifts of norms) stay where they are.

    Args:
        objective: Says which parameters there are.
        count: How many directions.
        seed: What they depend on, and nothing else: not the device, the dtype or ``count``.
        normalise: "none", "layer" or "filter".
        biases: Whether parameters with fewer than two axes move too; each is one filter then.
        orthogonal: Whether the directions are orthogonal.  They are so within every filter (layer;
            as a whole with "none"), so the scale stays right; a filter of one entry has room for
            one direction only, and later ones are 0 there.
        centre: Whose norms are taken; by default the model's own parameters.

    Returns:
        Vectors of shape ``(size,)`` in the objective's dtype, on its device.

    Raises:
        ValueError: If a direction is 0 everywhere: nothing has two axes, all weights are 0, or
            there is no room for so many orthogonal ones.

    References:
        Li, Xu, Taylor, Studer, Goldstein: Visualizing the loss landscape of neural nets. NeurIPS
        2018, section 4.
    """
    check_count("count", count)
    check_choice("normalise", normalise, get_args(Normalise))
    place = objective.unflatten(as_point(objective, "centre", centre))
    drawn = [_drawn(objective, stream_seed(seed, k)) for k in range(count)]
    found: list[list[Tensor]] = [[] for _ in range(count)]
    for name, parts in zip(objective.names, _parts(objective, drawn), strict=True):
        weight = place[name].detach().double().cpu()
        if weight.ndim < 2 and not biases:
            scaled = [torch.zeros_like(part) for part in parts]
        else:
            scaled = _scaled(parts, weight, normalise, orthogonal)
        for direction, part in zip(found, scaled, strict=True):
            direction.append(part)
    whole = [torch.cat(parts) for parts in found]
    if orthogonal and normalise == "none":
        whole = [rows[0] for rows in _orthogonal([direction[None] for direction in whole])]
    made = tuple(direction.to(objective.device, objective.dtype) for direction in whole)
    if not all(direction.any() for direction in made):
        raise ValueError(
            f'normalise="{normalise}" must leave something to move, but every parameter has fewer '
            "than two axes, is 0 or has no room for one more orthogonal direction. Hint: "
            "biases=True."
        )
    return made


def as_point(objective: Objective, name: str, given: Point | None) -> Tensor:
    """A vector or a ``state_dict`` as a point; None is the model's own.

    Raises:
        TypeError: If it is neither.
        ValueError: If it is of another model, or has entries that are not finite.
    """
    if given is None:
        return objective.point
    if isinstance(given, Mapping):
        point = objective.flatten(given)
    elif isinstance(given, Tensor):
        point = given.detach().to(objective.device, objective.dtype)
    else:
        raise TypeError(
            f"{name} must be a tensor or a state_dict, but is {type(given).__name__}. Hint: "
            "torch.from_numpy makes a tensor of an array."
        )
    objective.layout.check(name, point)
    if not point.isfinite().all():
        raise ValueError(f"{name} must be finite, but has entries that are not.")
    return point


def centre_of(objective: Objective, given: Point | None) -> Tensor:
    """The point whose surroundings are looked at; see `as_point`.

    Raises:
        ValueError: If it has other running statistics than the objective has frozen.
    """
    if objective.batch_norm == "frozen":
        check_statistics("centre", given, objective.buffers)
    return as_point(objective, "centre", given)


def coordinates(
    points: Tensor | Sequence[Tensor], origin: Tensor, directions: Sequence[Tensor]
) -> NDArray[np.float64]:
    r"""Where points lie in the plane (or line) through an origin: the nearest place on it.

    .. math:: c = \arg\min_c \Big\lVert p - o - \sum_k c_k d_k \Big\rVert

    Args:
        points: Shape ``(n, size)``, or a list of vectors.
        origin: Shape ``(size,)``.
        directions: Vectors of shape ``(size,)``, linearly independent.

    Returns:
        Shape ``(n, len(directions))``.

    Raises:
        ValueError: If the directions are linearly dependent, or a point has another shape.
    """
    start, axes = _exact(origin), torch.stack([_exact(d) for d in directions])
    lengths = axes.norm(dim=1, keepdim=True)
    axes = _unit(axes)  # only the angles between directions count, not how long they are
    gram = axes @ axes.T
    if torch.linalg.matrix_rank(gram, hermitian=True) < len(axes):
        raise ValueError("directions must be linearly independent, but are not.")
    rows = torch.empty(len(points), len(axes), dtype=torch.float64)
    for row, point in zip(rows, points, strict=True):
        if point.shape != start.shape:
            raise ValueError(
                f"points must each have shape {tuple(start.shape)}, but one has shape "
                f"{tuple(point.shape)}. Hint: a single point goes into a list."
            )
        row.copy_(axes @ (_exact(point) - start))
    found: NDArray[np.float64] = (torch.linalg.solve(gram, rows.T) / lengths).T.numpy()
    return found


def distances(
    points: Tensor | Sequence[Tensor], origin: Tensor, directions: Sequence[Tensor]
) -> NDArray[np.float64]:
    r"""How far points lie beside the plane (or line) through an origin, whose picture hides it.

    .. math:: \min_c \Big\lVert p - o - \sum_k c_k d_k \Big\rVert

    Args:
        points: As for `coordinates`.
        origin: Shape ``(size,)``.
        directions: Vectors of shape ``(size,)``, linearly independent.

    Returns:
        Shape ``(n,)``.

    Raises:
        ValueError: As `coordinates` does.

    Example:
        >>> distances([torch.tensor([3.0, 4.0])], torch.zeros(2), [torch.tensor([1.0, 0.0])])
        array([4.])
    """
    places = torch.from_numpy(coordinates(points, origin, directions))
    start, axes = _exact(origin), [_exact(d) for d in directions]
    beside = np.empty(len(places))
    for k, (place, point) in enumerate(zip(places, points, strict=True)):
        rest = _exact(point) - start
        for step, axis in zip(place, axes, strict=True):
            rest.sub_(axis, alpha=float(step))
        beside[k] = float(rest.norm())
    return beside


def _exact(vector: Tensor) -> Tensor:
    return vector.detach().double().cpu()


def _drawn(objective: Objective, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(objective.size, generator=generator, dtype=torch.float64)


def _parts(objective: Objective, drawn: list[Tensor]) -> list[tuple[Tensor, ...]]:
    """For each parameter, its part of each direction."""
    sizes = list(objective.layout.sizes)
    return list(zip(*(torch.split(d, sizes) for d in drawn), strict=True))


def _scaled(
    parts: Sequence[Tensor], weight: Tensor, normalise: Normalise, orthogonal: bool
) -> list[Tensor]:
    """The parts of one parameter, with the norms of its groups."""
    if normalise == "none":
        return list(parts)
    if not weight.numel():
        return list(parts)
    groups = len(weight) if normalise == "filter" and weight.ndim >= 2 else 1
    rows = [part.reshape(groups, -1) for part in parts]
    rows = _orthogonal(rows) if orthogonal else rows
    norms = weight.reshape(groups, -1).norm(dim=1, keepdim=True)
    return [(_unit(row) * norms).reshape(-1) for row in rows]


def _orthogonal(rows: list[Tensor]) -> list[Tensor]:
    """Each less what the ones before have of it, row by row; 0 where no room is left."""
    kept: list[Tensor] = []
    for row in rows:
        left = row
        for unit in [_unit(k) for k in kept] * 2:  # once more: the first time leaves rounding
            left = left - (left * unit).sum(1, keepdim=True) * unit
        room = left.norm(dim=1, keepdim=True) > _ROOM * row.norm(dim=1, keepdim=True)
        kept.append(torch.where(room, left, 0.0))
    return kept


def _unit(rows: Tensor) -> Tensor:
    norms = rows.norm(dim=1, keepdim=True)
    return torch.where(norms > 0, rows / norms, 0.0)
