"""Pictures of reports on models: forgetting, compression, runs beside each other, ensembles."""

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np

from lossedu.figures.labels import direct_label
from lossedu.figures.style import COLOURS

if TYPE_CHECKING:
    from lossedu.landscape.connectivity.ensembles import Ensemble
    from lossedu.landscape.reports.compression import CompressionPath
    from lossedu.landscape.reports.forgetting import Forgetting
    from lossedu.landscape.reports.run_variance import RunVariance


def forgetting_figure(
    forgetting: "Forgetting", *, title: str = "The old task's loss while a new one is learnt"
) -> Any:
    """Draw the loss on the old task, with what its curvature predicts where that was asked for.

    Args:
        forgetting: What `OldTask.result` gave.
        title: Its message.
    """
    figure, axes = plt.subplots()
    middle = float(forgetting.steps[len(forgetting.steps) // 2])
    (drawn,) = axes.plot(forgetting.steps, forgetting.losses, color=COLOURS["subject"])
    if np.isfinite(forgetting.predicted).any():
        (other,) = axes.plot(
            forgetting.steps, forgetting.predicted, "--", color=COLOURS["baseline"]
        )
        direct_label(axes, drawn, "loss", middle)
        direct_label(axes, other, "second order", middle)
    axes.set(title=title, xlabel="step on the new task", ylabel="loss on the old task")
    return figure


def compression_figure(
    path: "CompressionPath", *, title: str = "Compression moves a model uphill"
) -> Any:
    """Draw the loss of each compressed model over how far its weights moved, and its prediction.

    Args:
        path: What `compression_path` gave.
        title: Its message.
    """
    figure, axes = plt.subplots()
    distance = [point.distance for point in path.points]
    axes.axhline(path.loss, color=COLOURS["muted"], linewidth=0.8)
    for k, point in enumerate(path.points):
        axes.annotate(
            point.name,
            (point.distance, point.loss),
            (5, 5 + 9 * (k % 2)),
            textcoords="offset points",
            fontsize=8,
        )
    axes.plot(distance, [p.loss for p in path.points], "o", color=COLOURS["subject"])
    axes.plot(distance, [p.second_order for p in path.points], "x", color=COLOURS["baseline"])
    axes.annotate(
        "x second-order prediction",
        (0.02, 0.94),
        xycoords="axes fraction",
        color=COLOURS["baseline"],
    )
    axes.set(title=title, xlabel="distance, of the weights' norm", ylabel="loss")
    return figure


def spread_figure(
    variance: "RunVariance", *, title: str = "Means over runs, with intervals"
) -> Any:
    """Draw each figure's range over runs and, bold, the interval of its mean.

    Args:
        variance: What `run_variance` gave.
        title: Its message.
    """
    count = len(variance.figures)
    figure, rows = plt.subplots(
        count, figsize=(6, 0.6 + 0.9 * count), squeeze=False, layout="constrained"
    )
    for axes, (name, spread) in zip(rows[:, 0], variance.figures.items(), strict=True):
        axes.plot(spread.range, (0, 0), color=COLOURS["muted"], linewidth=1)
        axes.plot(spread.interval, (0, 0), color=COLOURS["subject"], linewidth=4, alpha=0.6)
        axes.plot(spread.mean, 0, "o", color=COLOURS["baseline"])
        axes.set(yticks=[0], yticklabels=[name.replace("_", " ")], ylim=(-1, 1))
    rows[0, 0].set(title=title)
    rows[-1, 0].set(
        xlabel=f"thin: all runs; bold: {100 * variance.level:.6g} % interval of the mean"
    )
    return figure


def ensemble_figure(
    ensemble: "Ensemble", *, title: str = "Members, and the average of their probabilities"
) -> Any:
    """Draw each member's cross-entropy, and that of the ensemble beside their mean.

    Args:
        ensemble: What `checkpoint_ensemble` gave.
        title: Its message.
    """
    figure, axes = plt.subplots()
    losses = [member["cross_entropy"] for member in ensemble.members]
    together = ensemble.together["cross_entropy"]
    axes.plot(range(1, len(losses) + 1), losses, "o", color=COLOURS["subject"])
    for level, name, role in (
        (float(np.mean(losses)), "members' mean", "muted"),
        (together, "ensemble", "baseline"),
    ):
        line = axes.axhline(level, color=COLOURS[role])
        axes.annotate(
            name,
            (0.99, level),
            (0, 3),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            color=line.get_color(),
            fontsize=9,
        )
    axes.set(title=title, xlabel="member", ylabel="cross-entropy (nats)")
    axes.set_xticks(range(1, len(losses) + 1))
    return figure
