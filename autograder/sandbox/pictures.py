"""Figures as bounded pictures."""

import base64
import io
from typing import Any

_COARSEST = 20.0


def taken_figures(most_bytes: int) -> list[dict[str, Any]]:
    """All open figures as outputs of the notebook format; closes them.

    Args:
        most_bytes: The size of a picture; what would be larger is drawn with fewer dots.
    """
    from matplotlib import pyplot

    outputs = []
    for number in pyplot.get_fignums():
        figure = pyplot.figure(number)
        if figure.get_axes() or figure.texts:
            outputs.append(shown_figure(figure, most_bytes))
    pyplot.close("all")
    return [output for output in outputs if output]


def shown_figure(figure: Any, most_bytes: int) -> dict[str, Any]:
    """A figure as an output; empty if no picture of it is small enough."""
    dots = min(float(figure.dpi), 120.0)
    while dots >= _COARSEST:
        drawn = io.BytesIO()
        figure.savefig(drawn, format="png", dpi=dots, bbox_inches="tight")
        if drawn.tell() <= most_bytes:
            picture = base64.b64encode(drawn.getvalue()).decode()
            text = f"<Figure with {len(figure.get_axes())} axes>"
            return {
                "output_type": "display_data",
                "data": {"image/png": picture, "text/plain": text},
                "metadata": {},
            }
        dots /= 2
    return {}
