"""A training run in one figure."""

import math
from typing import TYPE_CHECKING, Any

from lossedu.extras import explained

if TYPE_CHECKING:
    from lossedu.training.history import History

_LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")  # the book's colour-blind-safe palette


def plot(history: "History") -> Any:
    """Draw losses, gradient norm, update ratio and learning rate over the steps.

    Nothing is shown or saved: call ``figure.savefig(path)``.
    """
    with explained("History.plot", "train"):
        from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6), layout="constrained")
    losses, gradients, updates, rates = figure.subplots(2, 2, sharex=True).flat
    _losses(losses, history)
    steps = history.steps
    lines = {"before clipping": steps["gradient_norm"]}
    if steps["gradient_norm"] != steps["gradient_norm_clipped"]:
        lines["after clipping"] = steps["gradient_norm_clipped"]
    _curves(gradients, steps["step"], lines, "gradient norm")
    _curves(updates, steps["step"], {"": steps["update_ratio"]}, "update ÷ weight")
    _curves(rates, steps["step"], {"": steps["learning_rate"]}, "learning rate", log=False)
    for axes in (updates, rates):
        axes.set_xlabel("step")
    for event in history.events:
        if event["kind"] in ("nonfinite", "nonfinite_validation", "divergence"):
            losses.axvline(event["step"], color="0.4", linestyle=":")
    return figure


def _losses(axes: Any, history: "History") -> None:
    """Every step in pale, each epoch's mean at its end."""
    steps, epochs = history.steps, history.epochs
    axes.plot(steps["step"], steps["loss"], color=_LINES[0], alpha=0.3, linewidth=0.8)
    ends = {epoch: step for step, epoch in zip(steps["step"], steps["epoch"], strict=True)}
    places = [ends.get(epoch, math.nan) for epoch in epochs["epoch"]]
    lines = {"training": epochs["train_loss"], "validation": epochs["valid_loss"]}
    _curves(axes, places, lines, "loss", log=False, marker=".")


def _curves(
    axes: Any, x: list[float], lines: dict[str, list[float]], label: str, **style: Any
) -> None:
    log = style.pop("log", True)
    drawn = {
        name: values for name, values in lines.items() if any(v == v for v in values)
    }  # NaN alone is no line
    for colour, (name, values) in zip(_LINES, drawn.items(), strict=False):
        axes.plot(x, values, color=colour, label=name, linewidth=1.2, **style)
    if len(drawn) > 1:
        axes.legend(frameon=False)
    if log and any(v > 0 for values in drawn.values() for v in values):
        axes.set_yscale("log")
    axes.set_title(label, loc="left", fontsize=10)
