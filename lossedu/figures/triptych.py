"""Value, gradient and curvature of a loss above one another, on one x-axis."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import torch

from lossedu.figures.style import COLOURS
from lossedu.losses import LossSpec

_AXES = {
    "real": "prediction minus target",
    "amount": "logarithm of the mean over the target",
    "event": "logit of the true class",
    "sign": "margin",
}
_CONSTANT = 1e-9
_POLE = 20  # times as high as what all points but a fiftieth stay below
_ALL_BUT_A_POLE = 0.98
_TITLES = ("loss", "gradient", "curvature")


def _derivatives(spec: LossSpec, x: torch.Tensor, options: Mapping[str, Any]) -> list[torch.Tensor]:
    """The loss of one example and its two derivatives at each x, by autograd."""
    point = x.clone().requires_grad_()
    truth = torch.full_like(point, 0.0 if spec.targets == "real" else 1.0)
    values = spec.function(point, truth, reduction="none", **options)
    (slope,) = torch.autograd.grad(values.sum(), point, create_graph=True)
    (bend,) = torch.autograd.grad(slope.sum(), point) if slope.requires_grad else (0 * point,)
    # The second derivative of |x| is a tensor without memory until something is added to it.
    return [torch.zeros_like(x) + t.detach() for t in (values, slope, bend)]


def _frame(axes: Any) -> None:
    """Give a constant some room, and cut a pole where it would flatten everything else."""
    drawn = torch.cat([torch.as_tensor(line.get_ydata()) for line in axes.get_lines()])
    low, high = drawn.min().item(), drawn.max().item()
    most = drawn.abs().quantile(_ALL_BUT_A_POLE).item()
    if high - low < _CONSTANT:
        axes.set_ylim(low - 1, high + 1)
    elif most > 0 and max(-low, high) > _POLE * most:
        axes.set_ylim(max(low, -most) - 0.05 * most, 1.2 * min(high, most))


def triptych(
    curves: Sequence[tuple[str, LossSpec, Mapping[str, Any], str]],
    *,
    low: float = -6.0,
    high: float = 6.0,
    xlabel: str | None = None,
) -> Any:
    """Draw value, gradient and curvature on one x-axis.

    Args:
        curves: For each: its label, a pointwise loss, its options, its colour.
        low: Left end of the axis.
        high: Right end of the axis.
        xlabel: What the axis is; by default what the first loss's kind of target makes it.

    Returns:
        The matplotlib figure, not shown.

    Raises:
        ValueError: If a loss is not pointwise, for it has no single axis.
    """
    for _, spec, _, _ in curves:
        if spec.unit != "entry":
            raise ValueError(
                f"curves must hold pointwise losses, but {spec.name} is of a {spec.unit}."
            )
    x = torch.linspace(low, high, 241, dtype=torch.float64)
    figure, panels = plt.subplots(3, 1, sharex=True, figsize=(6, 6.6))
    for k, (label, spec, options, colour) in enumerate(curves):
        style = "-" if k < 4 else "--"
        for axes, y in zip(panels, _derivatives(spec, x, options), strict=True):
            axes.plot(x, y, style, color=colour, label=label)
    nats = all(spec.targets == "event" for _, spec, _, _ in curves)
    for axes, title in zip(panels, _TITLES, strict=True):
        axes.axhline(0, color=COLOURS["muted"], linewidth=0.8)
        _frame(axes)
        axes.set_ylabel(f"{title} (nats)" if nats and title == "loss" else title)
    figure.align_ylabels(panels)
    panels[0].legend()
    panels[-1].set_xlabel(xlabel or _AXES[curves[0][1].targets])
    return figure
