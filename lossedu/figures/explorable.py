"""Interactive figures that need no kernel: sliders move curves compiled from a loss's formula.

The page's script evaluates JavaScript that SymPy printed from the same expressions that the proofs
and the tests use; nobody types a formula twice.  The script draws by itself, in SVG: a plotting
library took ten times as long for a key press, and was 4.8 MB to load on each page.
"""

import html
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Literal

import sympy as sp

from lossedu.figures.palette import adaptive

Build = Callable[..., sp.Expr]


@dataclass(frozen=True)
class Slider:
    """An option of the loss that a reader drags.

    Attributes:
        name: The option.
        label: What stands beside the slider.
        low: Its smallest value.
        high: Its largest value.
        step: How far one key press goes.
        start: Where it stands at first.
        optional: Whether a box switches the option off (it is off at first).
    """

    name: str
    label: str
    low: float
    high: float
    step: float
    start: float
    optional: bool = False


@dataclass(frozen=True)
class Line:
    """A curve: an expression in the panel's x and the sliders' options.

    Attributes:
        label: Its name.
        build: Called with options (None for one that is off), returns the expression.
        colour: Its colour.
        dash: "solid", "dash", "dot" or "dashdot".
        solve_for: If set, the curve is where the expression crosses 0 in this symbol, in (0, 1).
    """

    label: str
    build: Build
    colour: str
    dash: str = "solid"
    solve_for: str = ""


@dataclass(frozen=True)
class Shares:
    """Bars: how a total divides over bins, each bin weighted by an expression at its centre.

    Attributes:
        label: Its name.
        parts: Pairs of an expression builder and the number of examples in each bin.
        colour: Its colour.
    """

    label: str
    parts: Sequence[tuple[Build, Sequence[float]]]
    colour: str


@dataclass(frozen=True)
class Panel:
    """One plot.

    Attributes:
        title: Its message.
        x: The symbol on the x-axis.
        xlabel: What that is.
        ylabel: What the y-axis is.
        at: Where curves are evaluated; for shares, the centres of the bins.
        curves: What is drawn.
        high: The top of the y-axis, if it is fixed.
        legend: The side on which the names of the curves stand, above the plot.
    """

    title: str
    x: str
    xlabel: str
    ylabel: str
    at: Sequence[float]
    curves: Sequence[Line | Shares]
    high: float | None = None
    legend: Literal["left", "right"] = "right"


@dataclass(frozen=True)
class Reading:
    """A sentence with the value of a curve in it, kept up to date below the plots.

    Attributes:
        text: The sentence, with ``{}`` where the value goes.
        panel: Which panel, counted from 0.
        curve: Which of its curves, counted from 0.
        at: The x at which it is read; for shares, everything below this x is added up.
        percent: Whether the value is said in per cent.
    """

    text: str
    panel: int
    curve: int
    at: float
    percent: bool = False


@dataclass(frozen=True)
class Explorable:
    """A finished interactive figure that a notebook renders as HTML."""

    name: str
    html: str = field(repr=False)

    def _repr_html_(self) -> str:
        return self.html


def explorable(
    name: str,
    *,
    sliders: Sequence[Slider],
    panels: Sequence[Panel],
    readings: Sequence[Reading],
    caption: str,
) -> Explorable:
    """Make an interactive figure.

    Args:
        name: Its anchor, lower-case words joined by hyphens, unique on the page.
        sliders: What a reader moves; at most one of them optional.
        panels: The plots.
        readings: Sentences that say what the plots show now.
        caption: What to try, and what it shows; HTML is allowed.

    Returns:
        An object that a notebook renders.

    Raises:
        ValueError: If more than one slider is optional.
    """
    optional = [slider.name for slider in sliders if slider.optional]
    if len(optional) > 1:
        raise ValueError(f"sliders must hold at most one optional one, but {optional} are.")
    functions, plots = _compiled(panels, [slider.name for slider in sliders], optional)
    config = json.dumps(
        {
            "name": name,
            "sliders": [slider.name for slider in sliders],
            "panels": plots,
            "readings": [vars(reading) for reading in readings],
        }
    )
    script, style = (
        (files("lossedu.figures") / f"explorable.{kind}").read_text(encoding="utf-8").strip()
        for kind in ("js", "css")
    )
    body = (
        f"<style>{style}</style>"
        f'<div class="explorable" id="{name}" role="group" aria-label="interactive figure">'
        f'<div class="controls">{"".join(_control(name, s) for s in sliders)}</div>'
        f'<div class="panels">{"".join(_canvas(name, k, p) for k, p in enumerate(panels))}</div>'
        f'<p class="finding" aria-live="polite"></p>'
        "<noscript><p>This figure needs JavaScript; the static figure above shows one setting."
        f"</p></noscript><p>{caption}</p></div>"
        f"<script>({script})({config}, [{', '.join(functions)}]);</script>"
    )
    return Explorable(name, body)


def _control(name: str, slider: Slider) -> str:
    anchor = f"{name}-{slider.name}"
    off = ""
    if slider.optional:
        off = (
            f'<label class="switch"><input type="checkbox" id="{anchor}-on"> '
            f"use {html.escape(slider.label)}</label>"
        )
    return (
        f'<div><label for="{anchor}">{html.escape(slider.label)} = '
        f'<output id="{anchor}-value" for="{anchor}"></output></label>'
        f'<input type="range" id="{anchor}" min="{slider.low}" max="{slider.high}" '
        f'step="{slider.step}" value="{slider.start}">{off}</div>'
    )


def _canvas(name: str, k: int, panel: Panel) -> str:
    label = html.escape(f"{panel.title}: {panel.ylabel} against {panel.xlabel}", quote=True)
    keys = "".join(map(_key, panel.curves)) if len(panel.curves) > 1 else ""
    return (
        f'<div class="panel"><p class="panel-title">{html.escape(panel.title)}</p>'
        + (f'<ul class="keys {panel.legend}">{keys}</ul>' if keys else "")
        + f'<div class="canvas" id="{name}-panel-{k}" role="img" aria-label="{label}">'
        "<svg></svg></div></div>"
    )


def _key(curve: Line | Shares) -> str:
    """A curve's name beside a piece of it."""
    colour = adaptive(curve.colour)
    if isinstance(curve, Line):
        piece = f'<path class="curve {curve.dash}" style="stroke:{colour}" d="M0 5H24"/>'
    else:
        piece = f'<rect style="fill:{colour}" width="24" height="10"/>'
    drawn = f'<svg viewBox="0 0 24 10" aria-hidden="true">{piece}</svg>'
    return f"<li>{drawn}{html.escape(curve.label)}</li>"


def _javascript(build: Build, names: Sequence[str], optional: Sequence[str]) -> str:
    """A pair of JavaScript functions of the symbols: with the optional option, and without."""
    variants = [build(), build(**dict.fromkeys(optional)) if optional else build()]
    arguments = ", ".join(names)
    printed = (sp.jscode(sp.sympify(variant)) for variant in variants)
    return "[" + ", ".join(f"({arguments}) => {code}" for code in printed) + "]"


def _compiled(
    panels: Sequence[Panel], options: Sequence[str], optional: Sequence[str]
) -> tuple[list[str], list[dict[str, Any]]]:
    """The panels as data, and their functions as JavaScript source, referred to by number."""
    functions: list[str] = []

    def number(build: Build, *symbols: str) -> int:
        functions.append(_javascript(build, [*symbols, *options], optional))
        return len(functions) - 1

    plots = []
    for panel in panels:
        curves: list[dict[str, Any]] = []
        for curve in panel.curves:
            if isinstance(curve, Line):
                symbols = [panel.x, curve.solve_for] if curve.solve_for else [panel.x]
                curves.append(
                    {
                        "kind": "root" if curve.solve_for else "line",
                        "colour": adaptive(curve.colour),
                        "dash": curve.dash,
                        "f": number(curve.build, *symbols),
                    }
                )
            else:
                parts = [[number(build, panel.x), list(n)] for build, n in curve.parts]
                colour = adaptive(curve.colour)
                curves.append({"kind": "shares", "colour": colour, "parts": parts})
        axes = {"xlabel": html.escape(panel.xlabel), "ylabel": html.escape(panel.ylabel)}
        plots.append({**axes, "at": list(panel.at), "high": panel.high, "curves": curves})
    return functions, plots
