"""The loss along a line: in a direction, or between two sets of weights."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lossedu.arguments.checks import check_count, check_number, check_positive
from lossedu.landscape.objective.batch_norm import check_statistics
from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.results.result import Result
from lossedu.landscape.slices.directions import (
    Normalise,
    Point,
    as_point,
    centre_of,
    random_directions,
)
from lossedu.landscape.slices.filling import places_of
from lossedu.landscape.slices.plane import direction_of
from lossedu.landscape.slices.survey import Chart, Flat, Segment, survey
from lossedu.tables import Table

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Line(Result):
    """Losses along a line.

    Attributes:
        at: Places, shape ``(n,)``, float64: steps along the direction, or shares of the way from
            the start (0) to the end (1).
        losses: The same shape; NaN or infinite where the loss is.
        evaluations: How many evaluations it took; what a file knew already does not count.
    """

    at: Array
    losses: Array
    evaluations: int

    @property
    def finite(self) -> NDArray[np.bool_]:
        """Where the loss is a finite number, shape ``(n,)``."""
        return np.isfinite(self.losses)

    @property
    def range(self) -> tuple[float, float]:
        """The lowest and the highest finite loss; NaN if there is none."""
        known = self.losses[self.finite]
        return (float(known.min()), float(known.max())) if known.size else (np.nan, np.nan)

    def table(self) -> Table:
        """What a person wants to know of it."""
        low, high = self.range
        rows: list[list[str | float]] = [
            [f"loss at {self.at[0]:g}", float(self.losses[0])],
            [f"loss at {self.at[-1]:g}", float(self.losses[-1])],
            ["lowest", low],
            ["highest", high],
            ["places not finite", int((~self.finite).sum())],
            ["evaluations", self.evaluations],
        ]
        return Table(["line", f"{len(self.at)} places"], rows, label="the loss along a line")

    def __repr__(self) -> str:
        low, high = self.range
        return f"Line({len(self.at)} places, loss {low:.4g} to {high:.4g})"


def line(
    objective: Objective,
    direction: Point | None = None,
    *,
    centre: Point | None = None,
    span: float = 1.0,
    resolution: int = 51,
    normalise: Normalise = "filter",
    biases: bool = False,
    seed: int = 0,
    file: str | Path | None = None,
    progress: bool = False,
) -> Line:
    """The loss in a direction and against it.

    Args:
        objective: The loss as a function of a point.
        direction: Where to go; by default random, see `random_directions`.
        centre: The point in the middle; by default the model's own.
        span: How far each way, in units of the direction, above 0.
        resolution: How many places; with an odd number the centre is one of them.
        normalise: Of a random direction.
        biases: Of a random direction.
        seed: Of a random direction.
        file: An ``.npz`` file for finished evaluations, from which an interrupted run goes on.
        progress: Whether to show a bar in a terminal.

    Raises:
        ValueError: If the direction is 0, not finite or of another size, ``centre`` has other
            running statistics than the objective has frozen, an argument is out of range, or
            ``file`` is of another run.

    Example:
        >>> import torch
        >>> model = torch.nn.Linear(1, 1, bias=False)
        >>> x = torch.tensor([[1.0], [1.0]])
        >>> objective = Objective(model, torch.nn.functional.mse_loss, (x, 0 * x))
        >>> zero, one = torch.zeros(1), torch.ones(1)
        >>> line(objective, one, centre=zero, span=2, resolution=5).losses.tolist()
        [4.0, 1.0, 0.0, 1.0, 4.0]
    """
    check_positive("span", span)
    check_count("resolution", resolution)
    origin = centre_of(objective, centre)
    if direction is None:
        axis = random_directions(
            objective, 1, seed=seed, normalise=normalise, biases=biases, centre=origin
        )[0]
    else:
        axis = direction_of(objective, "direction", direction)
    at = places_of((-span, span), resolution)
    return _along(objective, Flat(origin, (axis,)), at, file, progress=progress)


def interpolation(
    objective: Objective,
    start: Point,
    end: Point,
    *,
    beyond: float = 0.0,
    resolution: int = 51,
    file: str | Path | None = None,
    progress: bool = False,
) -> Line:
    r"""The loss on the straight way between two sets of weights.

    .. math:: \alpha \mapsto L\big((1 - \alpha)\, \theta_0 + \alpha\, \theta_1\big)

    Args:
        objective: The loss as a function of a point.  A model with batch norm wants
            ``batch_norm="recomputed"``: running statistics belong to one end at most.
        start: A ``state_dict`` or a point.
        end: Another one.
        beyond: How much further to go at both ends, as a share of the way, at least 0.
        resolution: How many places, both ends among them; at least 2.
        file: An ``.npz`` file for finished evaluations, from which an interrupted run goes on.
        progress: Whether to show a bar in a terminal.

    Raises:
        ValueError: If the ends are of other models, or have other running statistics than the
            objective has frozen; an argument is out of range; or ``file`` is of another run.

    References:
        Goodfellow, Vinyals, Saxe: Qualitatively characterizing neural network optimization
        problems. ICLR 2015.
    """
    check_number("beyond", beyond, low=0.0, high=np.finfo(float).max)
    check_count("resolution", resolution)
    if resolution < 2:
        raise ValueError(f"resolution must be at least 2, for both ends, but is {resolution}.")
    if objective.batch_norm == "frozen":
        check_statistics("start", start, objective.buffers)
        check_statistics("end", end, objective.buffers)
    ends = as_point(objective, "start", start), as_point(objective, "end", end)
    at = np.linspace(0.0, 1.0, resolution)
    if beyond:
        outside = beyond * np.linspace(1, 0, max(resolution // 4, 1), endpoint=False)
        at = np.concatenate([-outside, at, 1 + outside[::-1]])
    return _along(objective, Segment(*ends), at, file, progress=progress)


def _along(
    objective: Objective, chart: Chart, at: Array, file: str | Path | None, *, progress: bool
) -> Line:
    with survey(objective, chart, file=file, progress=progress, total=len(at)) as losses:
        found = losses([(place,) for place in at.tolist()])
        return Line(at, found, losses.evaluations)
