"""The incident report as one HTML page."""

from datetime import UTC, datetime
from importlib.resources import files
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np

from lossedu.tables import as_text

if TYPE_CHECKING:
    from lossedu.landscape.reports.comparison import Comparison

_WIDTH, _HEIGHT, _LEFT, _PAD = 480, 230, 92, 28
_NAME = 20
"""Characters of a name that fit below one half of the picture."""


def page(comparison: "Comparison") -> str:
    """The report, with every picture inside of it."""
    from jinja2 import Environment

    folder = files("lossedu.landscape.reports")
    template = folder.joinpath("comparison.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = lambda value: as_text(float(value))
    return environment.from_string(template).render(
        found=comparison,
        figures=comparison.table().text(),
        line=_line(comparison),
        layers=_layers(comparison),
        classes=list(zip_longest(*(signs.loss_by_class for signs in comparison.signs))),
        doubts=_doubts(comparison),
        made=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    )


def _line(comparison: "Comparison") -> dict[str, Any]:
    """The loss along the line in the coordinates of the picture."""
    along = comparison.interpolation
    known = along.losses[np.isfinite(along.losses)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    tall = (high - low) or 1.0
    marks = sorted({low, high}) if len(known) else []

    def place(t: float, loss: float) -> tuple[float, float]:
        x = _LEFT + t * (_WIDTH - _LEFT - _PAD)
        return round(x, 2), round(_HEIGHT - _PAD - (loss - low) / tall * (_HEIGHT - 2 * _PAD), 2)

    pairs = zip(along.positions.tolist(), along.losses.tolist(), strict=True)
    runs: list[list[tuple[float, float]]] = [[]]
    for t, loss in pairs:
        if np.isfinite(loss):
            runs[-1].append(place(t, loss))
        elif runs[-1]:
            runs.append([])
    return {
        "width": _WIDTH,
        "height": _HEIGHT,
        "runs": [run for run in runs if run],
        "ticks": [(loss, *place(0.0, loss)) for loss in marks],
        "ends": [
            (_short(name), place(t, low)[0])
            for name, t in zip(comparison.names, (0, 1), strict=True)
        ],
        "unknown": len(along.losses) - len(known),
    }


def _short(name: str) -> str:
    """A name with its end, which tells folders apart, at most."""
    return name if len(name) <= _NAME else f"…{name[-_NAME + 1 :]}"


def _layers(comparison: "Comparison") -> list[dict[str, Any]]:
    """Drift and gradients of each parameter; bars are relative to the most drifted one."""
    each = {name: d for name, d in comparison.drift.items() if name != "all"}
    most = max((d.relative for d in each.values() if np.isfinite(d.relative)), default=0.0) or 1.0
    first, second = (signs.gradient_norms for signs in comparison.signs)
    return [
        {
            "name": name,
            "drift": moved,
            "share": 0.0 if np.isnan(moved.relative) else min(moved.relative / most, 1.0),
            "gradients": (first.get(name, float("nan")), second.get(name, float("nan"))),
        }
        for name, moved in each.items()
    ]


def _doubts(comparison: "Comparison") -> list[str]:
    """What a reader must know before the figures are believed."""
    doubts = []
    for name, signs in zip(comparison.names, comparison.signs, strict=True):
        if not np.isfinite([signs.loss, signs.gradient_norm]).all():
            doubts.append(f"{name}: the loss or its gradient is not finite.")
            continue
        for what in ("top_eigenvalue", "trace"):
            measured = getattr(signs, what)
            if not measured.converged:
                known = np.isfinite(measured.value)
                said = f"off by up to {as_text(measured.error)}" if known else "it is not finite"
                doubts.append(f"{name}: {what.replace('_', ' ')} has not converged ({said}).")
        if abs(signs.statistics_gap) > 0.1 * abs(signs.loss):
            doubts.append(
                f"{name}: batch norm's saved statistics are not those of these data; recomputed, "
                f"the loss is {as_text(signs.loss - signs.statistics_gap)}."
            )
    if not np.isfinite(comparison.interpolation.losses).all():
        doubts.append("The loss is not finite everywhere on the line between.")
    elif not comparison.interpolation.converged:
        doubts.append("The line may hide a higher barrier than the one that was seen.")
    return doubts
