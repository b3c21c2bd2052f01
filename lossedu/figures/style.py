"""The house style: one look, and colours by the role of a curve in its figure."""

from importlib.resources import as_file, files

import matplotlib as mpl
import matplotlib.pyplot as plt

from lossedu.figures.palette import ROLES

_LIGHT = {role: shades.light for role, shades in ROLES.items()}

COLOURS = _LIGHT | {
    "mse_loss": _LIGHT["third"],
    "binary_cross_entropy_with_logits": _LIGHT["baseline"],
    "cross_entropy": _LIGHT["baseline"],
    "sigmoid_focal_loss": _LIGHT["subject"],
    "softmax_focal_loss": _LIGHT["subject"],
    "other": _LIGHT["fourth"],
}
"""By role: "subject", "baseline", "third", "fourth", "muted"; also by loss, for older chapters."""


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
