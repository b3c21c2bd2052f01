"""The picture of each result of `lossedu.landscape`: ``plot(result)``, or ``result.plot()``."""

from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import ArrayLike

from lossedu.figures.labels import direct_label
from lossedu.figures.landscape import contour_figure, line_figure, path_figure, spectrum_figure
from lossedu.figures.landscape_reports import (
    compression_figure,
    ensemble_figure,
    forgetting_figure,
    spread_figure,
)
from lossedu.figures.style import COLOURS
from lossedu.landscape.connectivity.alignment import AlignedBarrier
from lossedu.landscape.connectivity.barrier import Barrier
from lossedu.landscape.connectivity.ensembles import Ensemble
from lossedu.landscape.connectivity.paths import LowLossPath
from lossedu.landscape.curvature.density import SpectralDensity
from lossedu.landscape.curvature.diagonal import DiagonalEstimate
from lossedu.landscape.curvature.eigenpairs import Eigenpairs
from lossedu.landscape.reports.comparison import Comparison
from lossedu.landscape.reports.compression import CompressionPath
from lossedu.landscape.reports.forgetting import Forgetting
from lossedu.landscape.reports.run_variance import RunVariance
from lossedu.landscape.results.result import Result
from lossedu.landscape.slices.line import Line
from lossedu.landscape.slices.plane import Plane
from lossedu.landscape.slices.trajectory import PrincipalPlane


@singledispatch
def plot(result: Result, **options: Any) -> Any:
    """Draw a result of `lossedu.landscape` in the way of its kind.

    Args:
        result: A plane, a line, a spectrum, eigenvalues, a barrier, a path, a trajectory's plane, a
            comparison or another report.
        **options: Of the figure: ``title``, and for a plane and a line those of `contour_figure`
            and `line_figure`.

    Returns:
        The matplotlib figure, not shown.

    Raises:
        TypeError: If a result of this kind is a few numbers and has no picture.

    Example:
        >>> import torch
        >>> from lossedu.landscape import top_eigenvalues
        >>> figure = plot(top_eigenvalues(torch.diag(torch.tensor([3.0, 1.0])), 2))
        >>> figure.axes[0].get_ylabel()
        'eigenvalue'
        >>> plt.close(figure)
    """
    raise TypeError(
        f"result must be of a kind that has a picture, but is {type(result).__name__}. Hint: "
        "print(result.table())."
    )


@plot.register
def _(result: Plane, **options: Any) -> Any:
    return contour_figure(result, **options)


@plot.register
def _(result: Line, **options: Any) -> Any:
    return line_figure([result], **options)


@plot.register
def _(result: SpectralDensity, **options: Any) -> Any:
    lower, upper = result.band if len(result.nodes) > 1 else (None, None)
    return spectrum_figure(result.grid, result.density, lower=lower, upper=upper, **options)


@plot.register
def _(result: LowLossPath, **options: Any) -> Any:
    labels = (f"{result.kind} path", "straight line")
    settings = {"straight": result.straight, "labels": labels, **options}
    return path_figure(result.positions, result.losses, **settings)


@plot.register
def _(result: Barrier, **options: Any) -> Any:
    return barrier_figure([result], **options)


@plot.register
def _(result: AlignedBarrier, **options: Any) -> Any:
    both = [result.before, result.after]
    return barrier_figure(both, **{"names": ("as trained", "aligned"), **options})


@plot.register
def _(result: Comparison, **options: Any) -> Any:
    one, other = result.names
    words = {"title": f"The loss from {one} to {other}", **options}
    return barrier_figure([result.interpolation], **words)


@plot.register
def _(result: Eigenpairs, **options: Any) -> Any:
    return eigenvalue_figure(result, **options)


@plot.register
def _(result: DiagonalEstimate, **options: Any) -> Any:
    return diagonal_figure(result, **options)


@plot.register
def _(result: PrincipalPlane, **options: Any) -> Any:
    return trajectory_figure(result.coordinates, result.distances, **options)


@plot.register
def _(result: Forgetting, **options: Any) -> Any:
    return forgetting_figure(result, **options)


@plot.register
def _(result: CompressionPath, **options: Any) -> Any:
    return compression_figure(result, **options)


@plot.register
def _(result: RunVariance, **options: Any) -> Any:
    return spread_figure(result, **options)


@plot.register
def _(result: Ensemble, **options: Any) -> Any:
    return ensemble_figure(result, **options)


def barrier_figure(
    barriers: Sequence[Barrier],
    *,
    names: Sequence[str] = (),
    title: str = "The loss on the straight line",
) -> Any:
    """Draw the loss on straight lines, each with the chord above which its barrier rises.

    Args:
        barriers: At least one, at most four.
        names: What they are called, if there are several.
        title: Its message.
    """
    figure, axes = plt.subplots()
    colours = ("subject", "third", "fourth", "baseline")
    for k, (barrier, role) in enumerate(zip(barriers, colours, strict=False)):
        colour = COLOURS[role]
        shown = np.where(np.isfinite(barrier.losses), barrier.losses, np.nan)
        (drawn,) = axes.plot(barrier.positions, shown, ".-", markersize=4, color=colour)
        axes.plot([0, 1], shown[[0, -1]], ":", color=COLOURS["muted"], linewidth=1)
        if np.isfinite(barrier.height) and barrier.height > 0:
            foot = shown[0] + barrier.place * (shown[-1] - shown[0])
            axes.vlines(barrier.place, foot, foot + barrier.height, color=colour, linewidth=1)
        if names:
            direct_label(axes, drawn, f"{names[k]}: {barrier.height:.3g}", 0.5)
    if not names:
        words = f"barrier {barriers[0].height:.3g} at {barriers[0].place:.3g}"
        axes.annotate(words, (0.02, 0.94), xycoords="axes fraction", color=COLOURS["subject"])
    axes.set(title=title, xlabel="share of the way", ylabel="loss")
    return figure


def eigenvalue_figure(pairs: Eigenpairs, *, title: str = "Eigenvalues with their bounds") -> Any:
    """Draw eigenvalues with their bounds; a hollow one has not converged.

    Args:
        pairs: What `top_eigenvalues` gave.
        title: Its message.
    """
    figure, axes = plt.subplots()
    places = np.arange(1, len(pairs.values) + 1)
    axes.axhline(0, color=COLOURS["muted"], linewidth=0.8)
    for converged, fill in ((True, COLOURS["subject"]), (False, "none")):
        chosen = pairs.converged == converged
        if chosen.any():
            axes.errorbar(
                places[chosen],
                pairs.values[chosen],
                pairs.bounds[chosen],
                fmt="o",
                capsize=3,
                color=COLOURS["subject"],
                markerfacecolor=fill,
            )
    if not pairs.converged.all():
        axes.annotate("hollow: not converged", (0.98, 0.94), xycoords="axes fraction", ha="right")
    axes.set(title=title, xlabel="place in the order", ylabel="eigenvalue", xticks=places)
    return figure


def diagonal_figure(
    diagonal: DiagonalEstimate, *, title: str = "The curvature along each parameter, sorted"
) -> Any:
    """Draw the entries of a diagonal from the largest to the smallest, with two standard errors.

    Args:
        diagonal: What `diagonal` or `exact_diagonal` gave.
        title: Its message.
    """
    order = diagonal.values.argsort(descending=True)
    values, errors = (
        part[order].double().numpy(force=True)
        for part in (diagonal.values, diagonal.standard_error)
    )
    figure, axes = plt.subplots()
    places = np.arange(1, len(values) + 1)
    axes.axhline(0, color=COLOURS["muted"], linewidth=0.8)
    axes.plot(places, values, color=COLOURS["subject"])
    axes.fill_between(
        places,
        values - 2 * errors,
        values + 2 * errors,
        color=COLOURS["subject"],
        alpha=0.2,
        linewidth=0,
    )
    axes.set(title=title, xlabel="parameters, sorted", ylabel="curvature")
    return figure


def trajectory_figure(
    coordinates: ArrayLike,
    distances: ArrayLike,
    *,
    title: str = "A trajectory in its plane, and how far beside it",
    labels: tuple[str, str] = ("first direction", "second direction"),
) -> Any:
    """Draw where points lie in a plane, and below how far from the plane each of them is.

    Args:
        coordinates: Places in the plane, shape ``(n, 2)``.
        distances: Of each point from the plane, shape ``(n,)``.
        title: Its message.
        labels: What the axes of the plane are.
    """
    x, y = np.asarray(coordinates, dtype=np.float64).T
    beside = np.asarray(distances, dtype=np.float64)
    figure, (above, below) = plt.subplots(
        2, figsize=(6, 5.5), height_ratios=(3, 1), layout="constrained"
    )
    above.plot(x, y, color=COLOURS["muted"], linewidth=0.8)
    sizes = 12 + 100 * beside / max(float(beside.max()), np.finfo(float).tiny)
    above.scatter(x, y, sizes, color=COLOURS["subject"], alpha=0.6, linewidth=0)
    above.plot(x[-1], y[-1], "o", color=COLOURS["baseline"], markersize=5)
    above.annotate("end", (x[-1], y[-1]), (6, 6), textcoords="offset points", fontsize=9)
    above.set(title=title, xlabel=f"{labels[0]} (larger dots: farther beside)", ylabel=labels[1])
    below.plot(np.arange(len(beside)), beside, ".-", markersize=4, color=COLOURS["subject"])
    below.set(xlabel="point", ylabel="distance", ylim=(0, None))
    below.xaxis.get_major_locator().set_params(integer=True)
    return figure
