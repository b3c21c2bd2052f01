"""How far parameters have moved, layer by layer."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from lossedu.landscape.objective import Objective


@dataclass(frozen=True)
class Drift:
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

    Args:
        objective: Whose points they are.
        start: A point, shape ``(size,)``.
        end: Another.
    """
    before: Mapping[str, Tensor] = {"all": start, **objective.unflatten(start)}
    after: Mapping[str, Tensor] = {"all": end, **objective.unflatten(end)}
    return {name: _between(before[name], after[name]) for name in before}


def check_same_elsewhere(first: Objective, second: Objective) -> None:
    """Refuse two objectives whose difference is not a movement of what varies.

    Raises:
        ValueError: If other parameters vary, or one that does not vary differs.
    """
    shapes = [dict(zip(o.names, o.layout.shapes, strict=True)) for o in (first, second)]
    if shapes[0] != shapes[1]:
        odd = min(set(shapes[0].items()) ^ set(shapes[1].items()))[0]
        raise ValueError(f"second must have the parameters of first, but {odd!r} differs.")
    for name, tensor in first.fixed.items():
        if not torch.equal(tensor, second.fixed[name]):
            raise ValueError(
                f"second must differ from first in what varies alone, but {name!r} differs too. "
                "Hint: let the objectives' parameters be all of them."
            )


def _between(start: Tensor, end: Tensor) -> Drift:
    start, end = start.double().reshape(-1), end.double().reshape(-1)
    distance, size, other = (float(v.norm()) for v in (end - start, start, end))
    if distance == 0:
        return Drift(0.0, 0.0, 1.0)
    cosine = float(start @ end) / (size * other) if size and other else 0.0
    return Drift(distance, distance / size if size else float("inf"), cosine)
