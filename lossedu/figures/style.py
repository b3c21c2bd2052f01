"""The house style: few colours, and the same loss in the same colour throughout the book."""

from importlib.resources import as_file, files
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt

BLUE, ORANGE, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"

COLOURS = {
    "mse_loss": GREEN,
    "binary_cross_entropy_with_logits": ORANGE,
    "cross_entropy": ORANGE,
    "sigmoid_focal_loss": BLUE,
    "softmax_focal_loss": BLUE,
    "other": PINK,
}
"""The colour of each loss, by function name; "other" for what is not a loss."""


def use_style() -> None:
    """Draw everything that follows in the house style, without a display.

    Example:
        >>> with plt.rc_context():
        ...     use_style()
        ...     plt.rcParams["svg.fonttype"]
        'none'
    """
    mpl.use("agg")
    with as_file(files("lossedu.figures") / "lossedu.mplstyle") as path:
        plt.style.use(path)


def direct_label(
    axes: Any, line: Any, text: str, at: float, *, dx: float = 0, dy: float = 6
) -> None:
    """Write a line's name beside it, in its colour, at the given place on the x-axis.

    Args:
        axes: Where the line is drawn.
        line: The line.
        text: Its name.
        at: x in data units.
        dx: Shift to the right, in points.
        dy: Shift upwards, in points.
    """
    x, y = line.get_data()
    nearest = min(range(len(x)), key=lambda k: abs(x[k] - at))
    axes.annotate(
        text,
        (x[nearest], y[nearest]),
        xytext=(dx, dy),
        textcoords="offset points",
        color=line.get_color(),
        fontsize=9,
    )
