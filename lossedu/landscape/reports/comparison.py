"""The incident report: two checkpoints of one model, and everything that lies between them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from lossedu.landscape.connectivity.barrier import Barrier, linear_barrier
from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.reports.movement import Drift, check_same_elsewhere, drift
from lossedu.landscape.reports.vital_signs import Measured, VitalSigns, vital_signs
from lossedu.landscape.results.result import Result
from lossedu.tables import Table
from lossedu.training.batches import Data
from lossedu.training.forward import Forward, Loss
from lossedu.whole_files import write_whole


@dataclass(frozen=True, eq=False)
class Comparison(Result):
    """Two checkpoints beside each other.

    Attributes:
        names: What they are called.
        signs: What each is like where it stands.
        interpolation: The loss on the straight line from the first to the second; with batch norm,
            statistics are recomputed at every point.
        drift: How far each parameter has moved, and all together under the name "all".
    """

    names: tuple[str, str]
    signs: tuple[VitalSigns, VitalSigns]
    interpolation: Barrier
    drift: dict[str, Drift]

    def table(self) -> Table:
        """One row for each figure of both."""
        headings = ["", *self.names, "difference"]
        rows = []
        first, second = (signs.figures() for signs in self.signs)
        for name, measured in first.items():
            one, other = measured.value, second.get(name, Measured(math.nan)).value
            rows.append((name.replace("_", " "), one, other, other - one))
        return Table(headings, rows, label=f"{self.names[0]} and {self.names[1]}")

    def html(self) -> str:
        """One page that needs nothing else, for light and dark and for phones."""
        from lossedu.landscape.reports.comparison_page import page

        return page(self)

    def write(self, folder: str | Path) -> tuple[Path, Path]:
        """Write ``comparison.html`` and ``comparison.json``, each whole or not at all."""
        page, data = (Path(folder) / f"comparison.{kind}" for kind in ("html", "json"))
        write_whole(page, self.html())
        write_whole(data, self.to_json(indent=1) + "\n")
        return page, data


def compare_checkpoints(
    first: nn.Module,
    second: nn.Module,
    loss: Loss | None,
    data: Data,
    held_out: Data | None = None,
    *,
    forward: Forward | None = None,
    names: Sequence[str] = ("first", "second"),
    batch_size: int | None = None,
    tolerance: float = 0.05,
    seed: int = 0,
    progress: bool = False,
) -> Comparison:
    """Set two checkpoints of one model beside each other.

    Curvature and gradients are those of the parameters that require a gradient; the line and the
    drift are those of all.

    Args:
        first: A model with its weights and buffers.
        second: Another of the same structure.
        loss: As for `Objective`.
        data: The landscape's, usually what both were trained on.
        held_out: What calibration and losses of classes are measured on; by default ``data``.
        forward: As for `Objective`.
        names: What the two are called.
        batch_size: As for `Objective`.
        tolerance: Of curvature and barrier, relative.
        seed: Of random vectors.
        progress: Whether to show bars in a terminal.

    Returns:
        Figures of each, the line between them, drift of each parameter.

    Raises:
        ValueError: If there are not two names, or the models differ in more than the values of
            parameters and batch norm's statistics.
    """
    called, models = _checked_names(names), (first, second)
    settings: dict[str, Any] = {"forward": forward, "batch_size": batch_size}
    ends = [between(model, loss, data, **settings) for model in models]
    check_same_elsewhere(*ends)
    landscapes = [Objective(model, loss, data, **settings) for model in models]
    others = landscapes
    if held_out is not None:
        others = [Objective(model, loss, held_out, **settings) for model in models]
    signs = _signs(landscapes, others, tolerance, seed, progress)
    return _compared(ends, signs, called, tolerance, progress)


def compare_objectives(
    first: Objective,
    second: Objective,
    *,
    names: Sequence[str] = ("first", "second"),
    tolerance: float = 0.05,
    seed: int = 0,
    progress: bool = False,
) -> Comparison:
    """As `compare_checkpoints`, of models that are objectives already; see there.

    Raises:
        ValueError: If there are not two names, or the objectives differ in more than what varies
            and batch norm's statistics.
    """
    called = _checked_names(names)
    check_same_elsewhere(first, second)
    pair = [first, second]
    signs = _signs(pair, pair, tolerance, seed, progress)
    return _compared(pair, signs, called, tolerance, progress)


def _checked_names(names: Sequence[str]) -> tuple[str, str]:
    if isinstance(names, str) or len(names) != 2:
        raise ValueError(f"names must be two, one for each checkpoint, but are {names!r}.")
    return names[0], names[1]


def _signs(
    landscapes: Sequence[Objective],
    held_out: Sequence[Objective],
    tolerance: float,
    seed: int,
    progress: bool,
) -> tuple[VitalSigns, VitalSigns]:
    settings: dict[str, Any] = {"tolerance": tolerance, "seed": seed, "progress": progress}
    pairs = zip(landscapes, held_out, strict=True)
    one, other = (vital_signs(o, h, **settings) for o, h in pairs)
    return one, other


def _compared(
    ends: Sequence[Objective],
    signs: tuple[VitalSigns, VitalSigns],
    names: tuple[str, str],
    tolerance: float,
    progress: bool,
) -> Comparison:
    start, end = (objective.point for objective in ends)
    objective = ends[0].with_batch_norm("recomputed")
    line = linear_barrier(objective, start, end, tolerance=tolerance, progress=progress)
    return Comparison(names, signs, line, drift(objective, start, end))


def between(
    model: nn.Module,
    loss: Loss | None,
    data: Data,
    *,
    forward: Forward | None = None,
    batch_size: int | None = None,
) -> Objective:
    """The loss where two models differ: everything varies, and statistics are made anew."""
    return Objective(
        model,
        loss,
        data,
        forward=forward,
        parameters=lambda _: True,
        batch_norm="recomputed",
        batch_size=batch_size,
    )
