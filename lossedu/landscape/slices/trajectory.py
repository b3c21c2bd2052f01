"""The points that training passes through, and the plane in which they lie best."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lossedu.arguments.checks import check_count, check_number
from lossedu.landscape.objective.digest import digest_of
from lossedu.landscape.objective.layout import Layout, Selection, chosen_parameters
from lossedu.landscape.results.result import Result
from lossedu.landscape.slices.directions import coordinates, distances
from lossedu.landscape.slices.point_file import append, keep_before, rows_of
from lossedu.landscape.slices.survey import is_main
from lossedu.tables import Table
from lossedu.training import Run
from lossedu.training.module_states import unwrapped

Array = NDArray[np.float64]
_BLOCK = 2**16  # parameters at once, in float64
_BESIDE = 1e-6  # of the width of a trajectory: what points in float32 do not tell from 0


class Trajectory:
    """Records points, as a callback of `lossedu.training.fit` or by hand.

    Args:
        every: Steps between two points that `fit` records; the start is recorded besides.
        file: Where points go, written by the main process; None keeps them in memory.  An existing
            file is continued: when a run goes on from a checkpoint, what was recorded after it is
            dropped; when one begins, all is.
        parameters: What varies; the same as of the objective.

    Raises:
        ValueError: If the file is no recorded trajectory.

    Example:
        >>> model = nn.Linear(2, 1)
        >>> trajectory = Trajectory()
        >>> for step in range(3):
        ...     trajectory.record(model, step)
        >>> len(trajectory), trajectory.steps, trajectory.points().shape
        (3, [0, 1, 2], torch.Size([3, 3]))
    """

    def __init__(
        self, every: int = 1, *, file: str | Path | None = None, parameters: Selection = None
    ) -> None:
        check_count("every", every)
        self.every = every
        self._parameters = parameters
        self._file = None if file is None else Path(file)
        self._kept: list[tuple[int, Tensor]] = []
        self._start: Tensor | None = None
        if self._file is not None and self._file.exists():
            rows_of(self._file)

    def record(self, model: nn.Module, step: int | None = None) -> None:
        """Keep the parameters that the model has now, in float32.

        Args:
            model: The model, also a wrapped one.
            step: What the point is called; by default one more than the last.

        Raises:
            ValueError: If the file holds points of another size.
        """
        if step is None:
            last = self._last()
            step = 0 if last is None else last[0] + 1
        self._keep(step, self._point_of(model))

    def on_start(self, run: Run) -> None:
        """Training begins: remember where, since it may go on from a checkpoint instead."""
        self._start = self._point_of(run.model)

    def after_step(self, run: Run) -> None:
        """A step is done: keep where it led to, if it is its turn."""
        if self._start is not None:
            begun = run.step == 1
            self._forget_from(0 if begun else run.step)
            if begun:
                self._keep(0, self._start)
            self._start = None
        if run.step % self.every == 0:
            self.record(run.model, run.step)

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps: the last point's step and fingerprint."""
        last = self._last()
        return {} if last is None else {"step": last[0], "digest": digest_of((), [last[1]])}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See that the points recorded so far are of the run that goes on.

        Raises:
            ValueError: If the point of the checkpoint's step is another.
        """
        if "digest" not in state or state["step"] not in self.steps:
            return
        point = self.points()[self.steps.index(state["step"])]
        if digest_of((), [point]) != state["digest"]:
            raise ValueError(
                f"file must be of the run that goes on, but {self._file or 'the trajectory'} has "
                f"another point of step {state['step']}. Hint: one file a run."
            )

    @property
    def steps(self) -> list[int]:
        """The step of each point."""
        if self._file is None:
            return [step for step, _ in self._kept]
        rows: list[int] = self._rows()["step"].tolist()
        return rows

    def __len__(self) -> int:
        return len(self._kept if self._file is None else self._rows())

    def points(self) -> Tensor:
        """All points, shape ``(n, size)``, float32 on the CPU; a file is mapped, not read.

        Raises:
            ValueError: If there are none.
        """
        if not len(self):
            raise ValueError("trajectory must hold points, but none is recorded.")
        if self._file is None:
            return torch.stack([point for _, point in self._kept])
        return torch.from_numpy(self._rows()["theta"])

    def _rows(self) -> NDArray[np.void]:
        none = np.zeros(0, [("step", "<i8")])
        return rows_of(self._file) if self._file is not None and self._file.exists() else none

    def _last(self) -> tuple[int, Tensor] | None:
        if not len(self):
            return None
        if self._file is None:
            return self._kept[-1]
        row = self._rows()[-1]
        return int(row["step"]), torch.from_numpy(row["theta"].copy())

    def _point_of(self, model: nn.Module) -> Tensor:
        chosen = chosen_parameters(unwrapped(model), self._parameters)
        shapes, names = tuple(p.shape for p in chosen.values()), tuple(chosen)
        return Layout(names, shapes, (torch.float32,) * len(names)).flatten(chosen).cpu()

    def _keep(self, step: int, point: Tensor) -> None:
        if self._file is None:
            self._kept.append((step, point))
        elif is_main():
            append(self._file, step, point)

    def _forget_from(self, step: int) -> None:
        self._kept = [pair for pair in self._kept if pair[0] < step]
        if self._file is not None and self._file.exists() and is_main():
            keep_before(self._file, step)


@dataclass(frozen=True, eq=False)
class PrincipalPlane(Result):
    """The plane that holds most of a trajectory.

    Attributes:
        origin: The last point, shape ``(size,)``, float32.
        first: Unit vector along which the points vary most.
        second: Unit vector, orthogonal to the first, along which they vary most besides.
        explained: The shares of their variance that the two hold; together at most 1.
        coordinates: Where the points lie, shape ``(n, 2)``; the last one at (0, 0).
        distances: How far each point is from the plane, shape ``(n,)``, in units of the weights:
            what a picture of the plane does not show.
    """

    origin: Tensor = field(repr=False)
    first: Tensor = field(repr=False)
    second: Tensor = field(repr=False)
    explained: tuple[float, float]
    coordinates: Array = field(repr=False)
    distances: Array

    def span(self, margin: float = 0.2) -> tuple[tuple[float, float], tuple[float, float]]:
        """Ranges along both directions that hold all points, for `plane`.

        Args:
            margin: Room on each side, as a share of the longer of the two, at least 0.
        """
        check_number("margin", margin, low=0.0)
        low, high = self.coordinates.min(0), self.coordinates.max(0)
        room = margin * float((high - low).max())
        (a, b), (c, d) = (low - room).tolist(), (high + room).tolist()
        return (a, c), (b, d)

    def table(self) -> Table:
        """What each direction holds, and how far beside the plane the points lie."""
        first, second = self.explained
        worst = int(self.distances.argmax())
        extent = float(np.ptp(self.coordinates, axis=0).max())
        rows = [
            ("share of the variance along the first direction", first),
            ("along the second", second),
            ("along both", first + second),
            (f"largest distance from the plane, of point {worst}", float(self.distances[worst])),
            ("mean distance from the plane", float(self.distances.mean())),
            ("longer side of what the points span in it", extent),
        ]
        return Table(["trajectory", f"{len(self.distances)} points"], rows, "a trajectory's plane")


def principal_plane(points: Tensor | Trajectory) -> PrincipalPlane:
    """The plane through the last point along the two principal components.

    A high share of the variance says little by itself: a random walk in many dimensions has most
    of its variance in its first two components too.

    Args:
        points: A trajectory, or its points, shape ``(n, size)``; at least three.

    Raises:
        ValueError: If there are fewer than three points, one is not finite, or all lie on one line.

    References:
        Li, Xu, Taylor, Studer, Goldstein: Visualizing the loss landscape of neural nets. NeurIPS
        2018, section 7.
        Antognini, Sohl-Dickstein: PCA of high dimensional random walks with comparison to neural
        network training. NeurIPS 2018.
    """
    found = points.points() if isinstance(points, Trajectory) else points.detach().cpu()
    if found.ndim != 2 or len(found) < 3:
        raise ValueError(
            "points must be at least three, of shape (n, size), but have shape "
            f"{tuple(found.shape)}."
        )
    gram = torch.zeros(len(found), len(found), dtype=torch.float64)
    for block in _blocks(found):
        gram += block @ block.T
    if not gram.isfinite().all():
        lost = [k for k, point in enumerate(found) if not point.isfinite().all()]
        raise ValueError(f"points must be finite, but those at {lost} are not.")
    variances, vectors = torch.linalg.eigh(gram)
    total, largest = float(variances.sum()), variances[-2:].flip(0)
    if not float(largest[1]) > 1e-12 * total:
        raise ValueError("points must not all lie on one line, but do.")
    weights = vectors[:, -2:].flip(1)
    parts = [weights.T @ block for block in _blocks(found)]
    axes = torch.nn.functional.normalize(torch.cat(parts, 1), dim=1)
    origin = found[-1].float().clone()
    places = coordinates(found, origin, tuple(axes))
    # Either sign is right; with this one a trajectory comes from the right and from above.  Where
    # it begins beside its end, but for rounding, its first point that does not lie there decides.
    clear = np.abs(places) > _BESIDE * np.abs(places).max(0)
    signs = np.where(np.take_along_axis(places, clear.argmax(0)[None], 0)[0] < 0, -1.0, 1.0)
    first, second = (axes * torch.from_numpy(signs)[:, None]).float()
    shares = (float(largest[0]) / total, float(largest[1]) / total)
    beside = distances(found, origin, tuple(axes))
    return PrincipalPlane(origin, first, second, shares, places * signs, beside)


def _blocks(points: Tensor) -> Iterator[Tensor]:
    """Columns less their means, in float64, some at a time."""
    for block in torch.split(points, _BLOCK, dim=1):
        exact = block.double()
        yield exact - exact.mean(0)
