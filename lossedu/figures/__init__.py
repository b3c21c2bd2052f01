"""Plots of the book, usable by anyone: one style, one way to put a figure on a page."""

from typing import TYPE_CHECKING

from lossedu._lazy import load_on_use

if TYPE_CHECKING:
    from lossedu.figures.explorable import (
        Explorable,
        Line,
        Panel,
        Reading,
        Shares,
        Slider,
        explorable,
    )
    from lossedu.figures.labels import direct_label
    from lossedu.figures.landscape import contour_figure, line_figure, path_figure, spectrum_figure
    from lossedu.figures.landscape_reports import (
        compression_figure,
        ensemble_figure,
        forgetting_figure,
        spread_figure,
    )
    from lossedu.figures.landscape_results import (
        barrier_figure,
        diagonal_figure,
        eigenvalue_figure,
        plot,
        trajectory_figure,
    )
    from lossedu.figures.motion import show_moving
    from lossedu.figures.page import FigureOnPage, show
    from lossedu.figures.style import COLOURS, use_style
    from lossedu.figures.surface import surface_page, write_surface
    from lossedu.figures.triptych import triptych

__all__ = [
    "COLOURS",
    "Explorable",
    "FigureOnPage",
    "Line",
    "Panel",
    "Reading",
    "Shares",
    "Slider",
    "barrier_figure",
    "compression_figure",
    "contour_figure",
    "diagonal_figure",
    "direct_label",
    "eigenvalue_figure",
    "ensemble_figure",
    "explorable",
    "forgetting_figure",
    "line_figure",
    "path_figure",
    "plot",
    "show",
    "show_moving",
    "spectrum_figure",
    "spread_figure",
    "surface_page",
    "trajectory_figure",
    "triptych",
    "use_style",
    "write_surface",
]

load_on_use(__name__)
