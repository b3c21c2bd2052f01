"""The loss on a plane through parameter space: from few evaluations where that is enough."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lossedu.arguments.checks import check_choice, check_count, check_positive
from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.results.result import Result
from lossedu.landscape.slices.directions import (
    Normalise,
    Point,
    as_point,
    centre_of,
    coordinates,
    distances,
    random_directions,
)
from lossedu.landscape.slices.filling import Fill, Range, filled, places_of
from lossedu.landscape.slices.survey import Flat, survey
from lossedu.tables import Table

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Plane(Result):
    """Losses on a grid in a plane: at ``origin + x first + y second``.

    Attributes:
        x: Places along the first direction, shape ``(n,)``, float64.
        y: Places along the second, the same shape.
        losses: Shape ``(len(y), len(x))``, float64; NaN or infinite where the loss is.
        centre: The loss at the origin.
        fill: "grid": every place was evaluated.  "chebyshev": places between the nodes are
            interpolated.
        nodes: How many nodes along x and y were interpolated from; of a grid, its shape.
        log: Whether the logarithm of the loss was interpolated.
        error: The estimated largest error on the grid as a share of the range; 0 for a grid.
        reached: Whether that is within the tolerance, or losses differ by their rounding only.
        evaluations: How many evaluations it took; what a file knew already does not count.
        seconds: How long it took.
        origin: The point at (0, 0), shape ``(size,)``.
        first: The first direction.
        second: The second direction.
    """

    x: Array
    y: Array
    losses: Array
    centre: float
    fill: Literal["chebyshev", "grid"]
    nodes: tuple[int, int]
    log: bool
    error: float
    reached: bool
    evaluations: int
    seconds: float
    origin: Tensor
    first: Tensor
    second: Tensor

    @property
    def finite(self) -> NDArray[np.bool_]:
        """Where the loss is a finite number, shape ``(len(y), len(x))``."""
        return np.isfinite(self.losses)

    @property
    def range(self) -> Range:
        """The lowest and the highest finite loss; NaN if there is none."""
        known = self.losses[self.finite]
        return (float(known.min()), float(known.max())) if known.size else (np.nan, np.nan)

    def coordinates(self, points: Any) -> Array:
        """Where points lie in the plane, shape ``(n, 2)``; see `coordinates`."""
        return coordinates(points, self.origin, (self.first, self.second))

    def distances(self, points: Any) -> Array:
        """How far points lie from the plane, shape ``(n,)``; see `distances`."""
        return distances(points, self.origin, (self.first, self.second))

    def table(self) -> Table:
        """What a person wants to know of it."""
        low, high = self.range
        lost = int((~self.finite).sum())
        rows: list[list[str | float]] = [
            ["loss at the centre", self.centre],
            ["lowest", low],
            ["highest", high],
            ["filled by", self.fill + (" of the logarithm" if self.log else "")],
            ["error estimate, of the range", self.error],
            ["tolerance reached", "yes" if self.reached else "no"],
            ["places not finite", lost],
            ["evaluations", self.evaluations],
            ["seconds", self.seconds],
        ]
        return Table(["plane", f"{len(self.x)} x {len(self.y)}"], rows, label="the loss on a plane")

    def __repr__(self) -> str:
        low, high = self.range
        return (
            f"Plane({len(self.x)} x {len(self.y)}, loss {low:.4g} to {high:.4g}, centre "
            f"{self.centre:.4g}, {self.fill}, error {self.error:.2g} of the range)"
        )


def plane(
    objective: Objective,
    first: Point | None = None,
    second: Point | None = None,
    *,
    centre: Point | None = None,
    span: float | tuple[Range, Range] = 1.0,
    resolution: int = 51,
    fill: Fill = "adaptive",
    tolerance: float = 0.01,
    normalise: Normalise = "filter",
    biases: bool = False,
    orthogonal: bool = False,
    seed: int = 0,
    file: str | Path | None = None,
    progress: bool = False,
) -> Plane:
    """The loss on a grid in a plane.

    Args:
        objective: The loss as a function of a point.
        first: A direction; by default random, see `random_directions`.
        second: Another one; by default random.
        centre: The point in the middle; by default the model's own.
        span: How far to go each way, in units of the directions; or ``((low, high), (low, high))``
            along the first and along the second.
        resolution: Places along each axis; with an odd number the centre is one of them.
        fill: "grid" evaluates every place.  "chebyshev" interpolates from nodes, and says so if
            the tolerance is not reached with half as many evaluations as the grid has places.
            "adaptive" evaluates the grid then.  Where a node's loss is not finite there is no
            interpolant, and the grid is evaluated.
        tolerance: The largest error on the grid, as a share of the range of losses on it, above 0.
        normalise: Of random directions.
        biases: Of random directions.
        orthogonal: Of random directions.
        seed: Of random directions.
        file: An ``.npz`` file for finished evaluations.  A run that is interrupted goes on from it,
            and one with more places or another fill takes from it what it can use.
        progress: Whether to show a bar in a terminal.

    Returns:
        The losses, what is known of their error, and where the plane lies.

    Raises:
        ValueError: If a direction is 0, not finite or of another size, ``centre`` has other
            running statistics than the objective has frozen, an argument is out of range, or
            ``file`` is of another run.

    References:
        Li, Xu, Taylor, Studer, Goldstein: Visualizing the loss landscape of neural nets. NeurIPS
        2018.
    """
    check_choice("fill", fill, get_args(Fill))
    check_positive("tolerance", tolerance)
    check_count("resolution", resolution)
    began = time.monotonic()
    origin = centre_of(objective, centre)
    drawn: tuple[Tensor, ...] = (origin, origin)
    if first is None or second is None:
        options: dict[str, Any] = {"normalise": normalise, "biases": biases, "centre": origin}
        drawn = random_directions(objective, seed=seed, orthogonal=orthogonal, **options)
    axes = (
        drawn[0] if first is None else direction_of(objective, "first", first),
        drawn[1] if second is None else direction_of(objective, "second", second),
    )
    x, y = (places_of(r, resolution) for r in _ranges(span))
    chart = Flat(origin, axes)
    total = len(x) * len(y)
    with survey(objective, chart, file=file, progress=progress, total=total) as losses:
        found = filled(losses, x, y, fill=fill, tolerance=tolerance)
        middle = float(losses([(0.0, 0.0)])[0])
        spent = losses.evaluations
    return Plane(
        x,
        y,
        centre=middle,
        evaluations=spent,
        seconds=time.monotonic() - began,
        origin=origin,
        first=axes[0],
        second=axes[1],
        **vars(found),
    )


def direction_of(objective: Objective, name: str, given: Point) -> Tensor:
    """A direction as a vector.

    Raises:
        ValueError: If it is 0, not finite or of another size.
    """
    direction = as_point(objective, name, given)
    if not direction.any():
        raise ValueError(f"{name} must point somewhere, but is 0.")
    return direction


def _ranges(span: float | tuple[Range, Range]) -> tuple[Range, Range]:
    if np.ndim(span) == 0:
        reach = float(span)  # type: ignore[arg-type]
        check_positive("span", reach)
        return (-reach, reach), (-reach, reach)
    if np.shape(span) != (2, 2):
        raise ValueError(f"span must be a number or ((low, high), (low, high)), but is {span}.")
    for low, high in span:  # type: ignore[union-attr]
        if not (-np.inf < low < high < np.inf):
            raise ValueError(
                f"span must go from a lower to a higher number, but goes from {low} to {high}."
            )
    return span  # type: ignore[return-value]
