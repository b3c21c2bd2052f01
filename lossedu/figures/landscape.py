"""Pictures of a loss over parameters: a plane, a line, a spectrum, a path."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm, Normalize
from numpy.typing import ArrayLike, NDArray

from lossedu.figures.labels import direct_label
from lossedu.figures.style import COLOURS

if TYPE_CHECKING:
    from lossedu.landscape.slices.line import Line
    from lossedu.landscape.slices.plane import Plane

Array = NDArray[np.float64]
_LEVELS = 24
_WIDE = 30.0  # a range of this factor is told apart in logarithms only


def contour_figure(
    plane: "Plane",
    trajectory: ArrayLike | None = None,
    *,
    distances: ArrayLike | None = None,
    log: bool | None = None,
    title: str = "The loss around the centre",
    labels: tuple[str, str] = ("first direction", "second direction"),
) -> Any:
    """Draw a plane as filled contours.

    Args:
        plane: The losses; where they are not finite, the picture is hatched.
        trajectory: Places in the plane, shape ``(n, 2)``, drawn as a line that ends in a dot.
        distances: Of the trajectory's points from the plane, shape ``(n,)``: the farther, the
            larger their rings, and the largest is named.
        log: Whether levels are equally spaced in the logarithm; by default where the range is wide
            and the losses are above 0.
        title: Its message.
        labels: What the axes are.

    Returns:
        The matplotlib figure, not shown.

    Raises:
        ValueError: If the plane has fewer than two places along an axis.
    """
    if min(len(plane.x), len(plane.y)) < 2:
        raise ValueError(
            f"plane must have 2 x 2 places or more, but has {len(plane.x)} x {len(plane.y)}."
        )
    figure, axes = plt.subplots(figsize=(6, 5))
    shown, norm, levels = _levels(plane, log)
    if levels is not None:
        filled = axes.contourf(
            plane.x, plane.y, shown, levels, cmap="viridis", norm=norm, extend="neither"
        )
        axes.contour(
            plane.x, plane.y, shown, levels[::3], colors="white", linewidths=0.5, alpha=0.5
        )
        ticks = levels[:: _LEVELS // 6]
        bar = figure.colorbar(filled, ax=axes, label="loss", ticks=ticks)
        bar.ax.set_yticklabels([f"{tick:.3g}" for tick in ticks])
        bar.ax.minorticks_off()
    _hatch(axes, plane)
    if trajectory is not None:
        x, y = np.asarray(trajectory, dtype=np.float64).T
        # White under the line: it is seen on the dark and on the bright end of the colours.
        axes.plot(x, y, color="white", linewidth=3.5)
        axes.plot(x, y, color=COLOURS["baseline"], linewidth=1.6)
        axes.plot(x[-1], y[-1], "o", color=COLOURS["baseline"], markeredgecolor="white")
        if distances is not None:
            _rings(axes, x, y, np.asarray(distances, dtype=np.float64))
    else:
        axes.plot(0, 0, "o", color=COLOURS["baseline"], markeredgecolor="white")
    axes.set(title=title, xlabel=labels[0], ylabel=labels[1])
    return figure


def _rings(axes: Any, x: Array, y: Array, distances: Array) -> None:
    """Rings around points beside the plane, and words on the farthest."""
    worst = int(distances.argmax())
    if distances[worst] > 0:
        sizes = 200 * distances / distances[worst]
        axes.scatter(x, y, sizes, facecolor="none", edgecolor="white", linewidth=0.8)
    axes.annotate(
        f"rings: distance from the plane, at most {distances[worst]:.3g} (point {worst})",
        (1, -0.16),
        xycoords="axes fraction",
        ha="right",
        color=COLOURS["muted"],
        fontsize=9,
    )


def _levels(
    plane: "Plane", log: bool | None
) -> tuple[Array, Normalize | None, NDArray[np.float64] | None]:
    """What to draw, its colours and its levels; no levels where nothing is finite."""
    losses = np.where(plane.finite, plane.losses, np.nan)
    if not plane.finite.any():
        return losses, None, None
    low, high = plane.range
    if use_log(plane, log):
        low = lowest_positive(plane)
        losses = np.maximum(losses, low)
        return losses, LogNorm(low, high), np.geomspace(low, _above(low, high), _LEVELS + 1)
    return losses, Normalize(low, high), np.linspace(low, _above(low, high), _LEVELS + 1)


def use_log(plane: "Plane", log: bool | None) -> bool:
    """Whether to draw in logarithms: as asked, or where the range is wide and above 0."""
    low, high = plane.range
    if log is None:
        return bool(low > 0 and high > _WIDE * low)
    return log and bool(high > 0)


def lowest_positive(plane: "Plane") -> float:
    """The lowest finite loss above 0: where a logarithmic scale begins."""
    known = plane.losses[plane.finite]
    return float(known[known > 0].min())


def _above(low: float, high: float) -> float:
    """A top above the bottom, also where the loss is the same everywhere."""
    return high if high > low else low + max(abs(low), 1.0) * 1e-6


def _hatch(axes: Any, plane: "Plane") -> None:
    if plane.finite.all():
        return
    lost = (~plane.finite).astype(float)
    axes.contourf(
        plane.x, plane.y, lost, [0.5, 1.5], colors=[COLOURS["muted"]], alpha=0.5, hatches=["///"]
    )
    axes.annotate(
        "hatched: not finite", (0, -0.16), xycoords="axes fraction", color=COLOURS["muted"]
    )


def line_figure(
    lines: Sequence["Line"],
    *,
    log: bool = False,
    title: str = "The loss along a line",
    xlabel: str = "step along the direction",
) -> Any:
    """Draw the loss along a line; several lines as their median and a band of all.

    Args:
        lines: At least one, all at the same places: several directions, or several seeds.
        log: Whether the axis of losses is logarithmic, if any is above 0.
        title: Its message.
        xlabel: What the axis of places is.

    Raises:
        ValueError: If there is no line, or they are at different places.
    """
    if not lines:
        raise ValueError("lines must hold at least one line, but is empty.")
    at = lines[0].at
    if any(not np.array_equal(line.at, at) for line in lines):
        raise ValueError("lines must all be at the same places, but are not.")
    losses = np.stack([np.where(line.finite, line.losses, np.nan) for line in lines])
    middle = np.median(losses, axis=0)  # NaN where one line has no finite loss
    figure, axes = plt.subplots()
    axes.plot(at, middle, color=COLOURS["subject"])
    if len(lines) > 1:
        axes.fill_between(
            at, losses.min(0), losses.max(0), color=COLOURS["subject"], alpha=0.2, linewidth=0
        )
        words = f"median and range of {len(lines)} lines"
        axes.annotate(
            words, (0.02, 0.94), xycoords="axes fraction", color=COLOURS["subject"], fontsize=9
        )
    for low, high in _gaps(at, np.isfinite(middle)):
        axes.axvspan(low, high, color=COLOURS["muted"], alpha=0.3, hatch="///", linewidth=0)
    axes.set(title=title, xlabel=xlabel, ylabel="loss")
    if log and (losses > 0).any():
        axes.set_yscale("log")
    return figure


def _gaps(at: Array, finite: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """Stretches around the places without a finite loss, half of the way to the next place."""
    if len(at) < 2:
        return [(float(a), float(a)) for a in at[~finite]]
    halves = np.diff(at) / 2
    low, high = at - np.r_[halves[:1], halves], at + np.r_[halves, halves[-1:]]
    return [(float(low[k]), float(high[k])) for k in np.flatnonzero(~finite)]


def spectrum_figure(
    grid: ArrayLike,
    density: ArrayLike,
    *,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    eigenvalues: Sequence[float] = (),
    floor: float = 1e-5,
    title: str = "The spectrum of the Hessian",
) -> Any:
    """Draw a spectral density, on a logarithmic axis: outliers weigh little.

    Args:
        grid: Eigenvalues, shape ``(n,)``.
        density: Density at each, the same shape.
        lower: Lower end of a band.
        upper: Upper end of the band.
        eigenvalues: Those that are known by themselves, marked below the curve.
        floor: The lowest density shown, above 0.
        title: Its message.
    """
    x, y = np.asarray(grid), np.maximum(np.asarray(density), floor)
    figure, axes = plt.subplots()
    axes.semilogy(x, y, color=COLOURS["subject"])
    if lower is not None and upper is not None:
        band = (np.maximum(np.asarray(end), floor) for end in (lower, upper))
        axes.fill_between(x, *band, color=COLOURS["subject"], alpha=0.2, linewidth=0)
    if len(eigenvalues):
        axes.plot(
            eigenvalues,
            [floor * 1.5] * len(eigenvalues),
            "^",
            color=COLOURS["baseline"],
            markersize=6,
        )
        axes.annotate(
            "▲ known eigenvalues",
            (1, 1),  # outliers are few and low: the corner above them is free
            xycoords="axes fraction",
            ha="right",
            va="top",
            color=COLOURS["baseline"],
            fontsize=9,
        )
    axes.set(title=title, xlabel="eigenvalue", ylabel="density", ylim=(floor, None))
    return figure


def path_figure(
    at: ArrayLike,
    losses: ArrayLike,
    *,
    straight: ArrayLike | None = None,
    title: str = "The loss between two minima",
    labels: tuple[str, str] = ("path", "straight line"),
) -> Any:
    """Draw the loss along a path, beside that on the straight line between its ends.

    Args:
        at: Shares of the way, shape ``(n,)``.
        losses: On the path, the same shape.
        straight: On the straight line, the same shape.
        title: Its message.
        labels: What the two are called.
    """
    figure, axes = plt.subplots()
    x = np.asarray(at)
    for y, colour, name in (
        (losses, COLOURS["third"], labels[0]),
        (straight, COLOURS["fourth"], labels[1]),
    ):
        if y is not None:
            (drawn,) = axes.plot(x, np.asarray(y), color=colour)
            direct_label(axes, drawn, name, float(x[len(x) // 2]))
    axes.set(title=title, xlabel="share of the way", ylabel="loss")
    return figure
