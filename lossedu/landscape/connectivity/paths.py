"""Curved paths of low loss between two minima, trained by moving their bends."""

from dataclasses import dataclass, field
from math import comb, inf
from typing import ClassVar, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lossedu.arguments.checks import check_choice, check_count, check_number, check_positive
from lossedu.landscape.connectivity.barrier import check_moves_statistics, end_of_path
from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.results.result import Result
from lossedu.landscape.slices.directions import Point
from lossedu.landscape.slices.survey import is_main
from lossedu.tables import Table
from lossedu.training.progress import Progress, progress_bar

Kind = Literal["bezier", "polygonal"]
_SHOWN = 10  # steps between two looks at the bar


@dataclass(frozen=True, eq=False)
class LowLossPath(Result):
    """A path between two points, and the loss along it.

    Attributes:
        kind: "bezier" or "polygonal".
        bends: Its control points, shape ``(bends + 2, size)``, float32 or better; the first and
            last are the ends.
        positions: Where the loss was looked at, from 0 to 1.
        losses: The loss there, float64.
        straight: The loss on the straight line at the same positions.
        training: The loss at the position and batch of every training step.
    """

    kind: Kind
    bends: Tensor
    positions: NDArray[np.float64] = field(repr=False)
    losses: NDArray[np.float64]
    straight: NDArray[np.float64]
    training: NDArray[np.float64] = field(repr=False)

    derived: ClassVar = ("highest", "barrier")

    def at(self, t: float) -> Tensor:
        """The point at ``t`` in [0, 1], shape ``(size,)``; exactly the ends at 0 and 1."""
        return _combined(_shares(self.kind, len(self.bends), t), self.bends)

    @property
    def highest(self) -> float:
        """The highest loss that was seen along it; NaN or infinite if any was."""
        return float(self.losses.max())

    @property
    def barrier(self) -> float:
        """How far the loss along it rises above the line between its end values.

        At least 0; infinite where the loss is not finite on the way.
        """
        return _rise(self.positions, self.losses)

    def table(self) -> Table:
        """The path beside the straight line."""
        pairs = (("straight line", self.straight), (self.kind, self.losses))
        rows = [(name, float(seen.max()), _rise(self.positions, seen)) for name, seen in pairs]
        return Table(["path", "highest loss", "barrier"], rows, label="two paths between minima")


def low_loss_path(
    objective: Objective,
    start: Point,
    end: Point,
    *,
    kind: Kind = "bezier",
    bends: int = 1,
    steps: int = 600,
    learning_rate: float = 0.01,
    resolution: int = 21,
    seed: int = 0,
    progress: bool = False,
) -> LowLossPath:
    r"""Train the bends of a curve so that the loss is low all along it.

    .. math:: \min_w\ \mathbb{E}_{t \sim U(0, 1)}\ L\big(\phi_w(t)\big), \qquad
        \phi_w(t) = \sum_k \binom{n}{k} (1 - t)^{n-k} t^k\, w_k

    for a Bezier curve; a polygonal chain is straight between neighbouring bends.  The ends never
    move.  A step takes one batch at one random position and moves the bends by Adam; bends begin
    on the straight line.

    Args:
        objective: The loss.  Batch norm must not be frozen; steps use each batch's own statistics,
            and the loss along the finished path is measured as the objective says.
        start: A ``state_dict`` or a point, as for `interpolation`.
        end: Another one.
        kind: "bezier" or "polygonal".
        bends: How many points between the ends move; at least 1.
        steps: How many.
        learning_rate: Adam's, falling to 0 along half a cosine.
        resolution: At how many equal steps the loss along the path is measured; at least 2.
        seed: What positions depend on.
        progress: Whether to show a bar in a terminal.

    Raises:
        TypeError: If an end is neither a tensor nor a ``state_dict``.
        ValueError: If an argument is out of range or an end of another size, or batch norm is
            frozen.

    References:
        T. Garipov et al., Loss surfaces, mode connectivity, and fast ensembling of DNNs, NeurIPS
        2018, arXiv 1802.10026.
    """
    check_choice("kind", kind, get_args(Kind))
    check_count("bends", bends)
    check_count("steps", steps)
    check_count("resolution", resolution)
    check_number("resolution", resolution, low=2)
    check_positive("learning_rate", learning_rate)
    check_moves_statistics(objective)
    one, other = end_of_path(objective, "start", start), end_of_path(objective, "end", end)
    # A half-precision number is too coarse for the steps of Adam, and for its epsilon.
    wide = torch.promote_types(torch.promote_types(one.dtype, other.dtype), torch.float32)
    one, other = one.to(wide), other.to(wide)
    shares = torch.linspace(0, 1, bends + 2, dtype=wide).tolist()
    line = torch.stack([(1 - share) * one + share * other for share in shares])
    with progress_bar(steps, shown=progress and is_main()) as show:
        training = _train(objective, kind, line, steps, learning_rate, seed, show)
    positions = np.linspace(0, 1, resolution)
    curved, straight = ([_value(objective, k, line, t) for t in positions] for k in (kind, None))
    return LowLossPath(
        kind, line, positions, np.array(curved), np.array(straight), np.array(training)
    )


def _train(
    objective: Objective,
    kind: Kind,
    line: Tensor,
    steps: int,
    learning_rate: float,
    seed: int,
    show: Progress,
) -> list[float]:
    """Move the inner rows of ``line`` in place; the loss at every step."""
    sampled = objective.with_batch_norm("batch") if objective.has_batch_norm else objective
    generator = torch.Generator().manual_seed(seed)
    inner = line[1:-1]
    optimizer = torch.optim.Adam([inner], lr=learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    losses: list[Tensor] = []
    while len(losses) < steps:
        for batch in sampled.batches():
            t = float(torch.rand((), generator=generator))
            shares = _shares(kind, len(line), t)
            theta = _combined(shares, line).requires_grad_()
            with torch.enable_grad():
                loss = sampled.differentiable(theta, batch)
            (gradient,) = torch.autograd.grad(loss, theta)
            inner.grad = torch.stack([share * gradient for share in shares[1:-1]])
            optimizer.step()
            schedule.step()
            losses.append(loss.detach())
            if len(losses) % _SHOWN == 0:
                show(len(losses), {})
            if len(losses) == steps:
                break
    # Read at the end, so that an accelerator is not waited for after each step.
    return torch.stack(losses).tolist()


def _value(objective: Objective, kind: Kind | None, line: Tensor, t: float) -> float:
    if kind is None:
        return objective.value((1 - t) * line[0] + t * line[-1])
    return objective.value(_combined(_shares(kind, len(line), t), line))


def _shares(kind: Kind, count: int, t: float) -> list[float]:
    """How much each control point counts at ``t``; sums to 1."""
    last = count - 1
    if kind == "bezier":
        return [comb(last, k) * (1 - t) ** (last - k) * t**k for k in range(count)]
    return [max(0.0, 1 - abs(t * last - k)) for k in range(count)]


def _combined(shares: list[float], line: Tensor) -> Tensor:
    """The weighted sum of control points, without those of no weight: the ends are exact."""
    total = torch.zeros_like(line[0])
    for share, point in zip(shares, line, strict=True):
        if share:
            total = total + share * point
    return total


def _rise(positions: NDArray[np.float64], losses: NDArray[np.float64]) -> float:
    if not np.isfinite(losses).all():
        return inf
    return float((losses - ((1 - positions) * losses[0] + positions * losses[-1])).max())
