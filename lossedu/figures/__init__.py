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
    "contour_figure",
    "direct_label",
    "explorable",
    "line_figure",
    "path_figure",
    "show",
    "show_moving",
    "spectrum_figure",
    "surface_page",
    "triptych",
    "use_style",
    "write_surface",
]

load_on_use(__name__)
