"""Pruning and quantisation as movement in the landscape: how far, and what the loss makes of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lossedu.arguments.checks import check_number
from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.results.result import Result
from lossedu.tables import Table

_LEVELS = 127
"""Whole numbers of a symmetric int8 grid on each side of zero."""


@dataclass(frozen=True, eq=False)
class CompressedPoint(Result):
    """One way to make a model smaller.

    Attributes:
        name: How.
        theta: The weights as they are then, shape ``(size,)``.
        distance: How far they moved, relative to the norm of the original ones.
        loss: The loss there.
        first_order: What the gradient says it would be.
        second_order: What the gradient and the Hessian say.
    """

    name: str
    theta: Tensor
    distance: float
    loss: float
    first_order: float
    second_order: float


@dataclass(frozen=True, eq=False)
class CompressionPath(Result):
    """What compression does to a model.

    Attributes:
        loss: Of the model as it is.
        points: Of each compressed one.
    """

    loss: float
    points: tuple[CompressedPoint, ...]

    def table(self) -> Table:
        """One row for each."""
        headings = ["", "relative distance", "loss", "first order", "second order"]
        rows: list[tuple[str | float, ...]] = [("as it is", 0.0, *[self.loss] * 3)]
        rows += [(p.name, p.distance, p.loss, p.first_order, p.second_order) for p in self.points]
        return Table(headings, rows, label="compression as movement in the landscape")


def compression_path(
    objective: Objective,
    *,
    pruned: Sequence[float] = (0.25, 0.5, 0.75, 0.9),
    theta: Tensor | None = None,
) -> CompressionPath:
    r"""Compress a model in several ways, and set the loss beside what the landscape predicts.

    .. math:: L(\theta + \delta) \approx L(\theta) + \nabla L^\top \delta
        + \tfrac12\, \delta^\top H\, \delta

    Pruning sets the smallest weights to 0, over all matrices and kernels together; quantisation
    rounds each to the nearest float16, or to whole multiples of the largest along its first axis
    over 127 (int8); that axis holds output units, but input units in transposed convolutions.  A
    weight beyond float16's range becomes infinite, and the expansion NaN.  Biases and norm
    parameters, which have one axis, are never compressed.

    Args:
        objective: The loss.
        pruned: Shares of the weights to prune, each in [0, 1].
        theta: Where to begin; by default the model's own point.

    Raises:
        ValueError: If a share is out of range, or batch norm's statistics are recomputed.

    References:
        Y. LeCun, J. Denker, S. Solla, Optimal brain damage, NeurIPS 1989; M. Nagel et al., A white
        paper on neural network quantization, 2021, arXiv 2106.08295.
    """
    from lossedu.landscape.curvature.products import hessian

    for share in pruned:
        check_number("pruned", share, low=0.0, high=1.0)
    theta = objective.point if theta is None else theta
    value, gradient = objective.value_and_gradient(theta)
    curvature, scale = hessian(objective, theta), theta.norm()
    points = []
    for name, compressed in _ways(objective, theta, pruned).items():
        moved = compressed - theta
        first = value + float(gradient @ moved)
        second = first + 0.5 * float(moved @ (curvature @ moved))
        distance = float(moved.norm() / scale) if scale else 0.0
        loss = objective.value(compressed)
        points.append(CompressedPoint(name, compressed, distance, loss, first, second))
    return CompressionPath(value, tuple(points))


def prune(tensors: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """Set the smallest share of all weights to 0; tensors of fewer than two axes stay.

    Args:
        tensors: Weights by name; new tensors come back.
        share: In [0, 1]; of the weights, rounded to a whole number of them.

    Raises:
        ValueError: If the share is out of range.
    """
    check_number("share", share, low=0.0, high=1.0)
    sizes = [t.detach().abs().reshape(-1) for t in tensors.values() if t.ndim > 1]
    if not sizes:
        return dict(tensors)
    magnitudes = torch.cat(sizes)
    lost = torch.zeros_like(magnitudes, dtype=torch.bool)
    lost[magnitudes.argsort(stable=True)[: round(share * len(magnitudes))]] = True
    masks = iter(torch.split(lost, [len(size) for size in sizes]))
    return {
        name: t.masked_fill(next(masks).view(t.shape), 0.0) if t.ndim > 1 else t
        for name, t in tensors.items()
    }


def as_float16(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Round matrices and kernels to the nearest float16, in their own dtype; others stay."""
    return _each_weight(tensors, lambda t: t.to(torch.float16).to(t.dtype))


def as_int8(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Round matrices and kernels to 255 symmetric levels along the first axis; others stay."""
    return _each_weight(tensors, _rounded)


def _rounded(tensor: Tensor) -> Tensor:
    if not tensor.numel():
        return tensor
    rows = tensor.flatten(1)
    step = rows.abs().amax(1, keepdim=True) / _LEVELS
    step = torch.where(step > 0, step, torch.ones_like(step))
    whole = (rows / step).round().clamp(-_LEVELS, _LEVELS)
    return (whole * step).view(tensor.shape)


def _each_weight(
    tensors: Mapping[str, Tensor], change: Callable[[Tensor], Tensor]
) -> dict[str, Tensor]:
    return {name: change(t) if t.ndim > 1 else t for name, t in tensors.items()}


def _ways(objective: Objective, theta: Tensor, pruned: Sequence[float]) -> dict[str, Tensor]:
    """The compressed points by name."""
    named = objective.unflatten(theta)
    ways = {f"{100 * share:.6g} % pruned": prune(named, share) for share in pruned}
    ways |= {"float16": as_float16(named), "int8": as_int8(named)}
    return {name: objective.flatten(tensors) for name, tensors in ways.items()}
