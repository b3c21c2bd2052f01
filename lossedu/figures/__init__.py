"""Plots of the book, usable by anyone: one style, one way to put a figure on a page."""

from lossedu.figures.explorable import (
    Explorable,
    Line,
    Panel,
    Reading,
    Shares,
    Slider,
    explorable,
)
from lossedu.figures.page import FigureOnPage, show
from lossedu.figures.style import COLOURS, direct_label, use_style
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
    "direct_label",
    "explorable",
    "show",
    "triptych",
    "use_style",
]
