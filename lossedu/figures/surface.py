"""A plane as a surface that turns: one HTML file that needs no network."""

import html
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossedu.extras import explained
from lossedu.figures.landscape import lowest_positive, use_log
from lossedu.figures.style import COLOURS
from lossedu.whole_files import write_whole

if TYPE_CHECKING:
    from lossedu.landscape.slices.plane import Plane

Array = NDArray[np.float64]

# The text takes the reader's colours; plotly itself knows one colour only.
_COLOURS = """
const ink = matchMedia("(prefers-color-scheme: dark)");
const plot = document.getElementById("{plot_id}");
const paint = () => Plotly.relayout(plot, {"font.color": ink.matches ? "#eeeeee" : "#222222"});
ink.addEventListener("change", paint);
paint();
"""
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
html, body {{ height: 100%; margin: 0; font-family: sans-serif; }}
body {{ display: flex; flex-direction: column; background: Canvas; color: CanvasText; }}
h1 {{ font-size: 1.1rem; margin: 1rem 1rem 0; }}
p {{ margin: 0.3rem 1rem; }}
main {{ flex: 1; min-height: 20rem; }}
</style></head>
<body><h1>{title}</h1><p>{words}</p><main>{plot}</main></body></html>
"""


def surface_page(
    plane: "Plane",
    trajectory: ArrayLike | None = None,
    *,
    log: bool | None = None,
    title: str = "The loss around the centre",
    labels: tuple[str, str] = ("first direction", "second direction"),
) -> str:
    """A page with the plane as a surface to turn, plotly.js included.

    Args:
        plane: The losses; where they are not finite, a grey sheet lies above.
        trajectory: Places in the plane, shape ``(n, 2)``, drawn on the surface.
        log: Whether height is the logarithm of the loss; by default where the range is wide and
            the losses are above 0.
        title: Its message.
        labels: What the axes are.
    """
    with explained("surface_page", "landscape"):
        import plotly.graph_objects as go

    in_logs = use_log(plane, log)
    height = _height(plane, plane.losses, in_logs)
    parts = [_sheet(go, plane, height)]
    if not plane.finite.all():
        parts.append(_lost(go, plane, height))
    parts += _marks(go, plane, trajectory, height, in_logs)
    figure = go.Figure(parts)
    axis = {
        "backgroundcolor": "rgba(0,0,0,0)",
        "gridcolor": COLOURS["muted"],
        "zerolinecolor": COLOURS["muted"],
    }
    name = "log10 of the loss" if in_logs else "loss"
    figure.update_layout(
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        paper_bgcolor="rgba(0,0,0,0)",
        showlegend=False,
        scene={
            "xaxis": {"title": {"text": labels[0]}, **axis},
            "yaxis": {"title": {"text": labels[1]}, **axis},
            "zaxis": {"title": {"text": name}, **axis},
            "aspectratio": {"x": 1, "y": 1, "z": 0.7},
            "camera": {"eye": {"x": 1.4, "y": 1.4, "z": 1.1}},
        },
    )
    plot = figure.to_html(
        include_plotlyjs=True,
        full_html=False,
        div_id="surface",
        post_script=_COLOURS,
        config={"displaylogo": False, "responsive": True},
        default_height="100%",
    )
    words = html.escape(_in_words(plane))
    return _PAGE.format(title=html.escape(title), words=words, plot=plot)


def write_surface(file: str | Path, plane: "Plane", *arguments: Any, **options: Any) -> None:
    """Write `surface_page` to a file, as a whole or not at all."""
    write_whole(file, surface_page(plane, *arguments, **options))


def _height(plane: "Plane", losses: Array, in_logs: bool) -> Array:
    shown = np.where(np.isfinite(losses), losses, np.nan)
    return np.log10(np.maximum(shown, lowest_positive(plane))) if in_logs else shown


def _sheet(go: Any, plane: "Plane", height: Array) -> Any:
    return go.Surface(
        x=plane.x,
        y=plane.y,
        z=height,
        customdata=plane.losses,
        colorscale="Viridis",
        showscale=False,
        hovertemplate="%{x:.3g}, %{y:.3g}<br>loss %{customdata:.4g}<extra></extra>",
        contours={"z": {"show": True, "usecolormap": True, "project": {"z": True}}},
    )


def _lost(go: Any, plane: "Plane", height: Array) -> Any:
    """A grey sheet over the places without a finite loss."""
    top = np.nanmax(height) if plane.finite.any() else 0.0
    return go.Surface(
        x=plane.x,
        y=plane.y,
        z=np.where(plane.finite, np.nan, top),
        colorscale=[[0, COLOURS["muted"]], [1, COLOURS["muted"]]],
        showscale=False,
        opacity=0.6,
        hovertemplate="%{x:.3g}, %{y:.3g}<br>not finite<extra></extra>",
    )


def _marks(
    go: Any, plane: "Plane", trajectory: ArrayLike | None, height: Array, in_logs: bool
) -> list[Any]:
    """The trajectory on the surface, or the centre; a little above it, to be seen."""
    if trajectory is None:
        places, losses = np.zeros((1, 2)), np.array([plane.centre])
    else:
        with explained("surface_page", "landscape"):
            from scipy.interpolate import RegularGridInterpolator

        places = np.asarray(trajectory, dtype=np.float64)
        on = RegularGridInterpolator((plane.y, plane.x), plane.losses, bounds_error=False)
        losses = on(places[:, ::-1])
    if not (np.isfinite(losses).any() and plane.finite.any()):
        return []
    return [
        go.Scatter3d(
            x=places[:, 0],
            y=places[:, 1],
            z=_height(plane, losses, in_logs) + 0.01 * (np.nanmax(height) - np.nanmin(height)),
            mode="lines+markers",
            line={"color": COLOURS["baseline"], "width": 6},
            marker={"color": COLOURS["baseline"], "size": [2] * (len(places) - 1) + [5]},
            hovertemplate="%{x:.3g}, %{y:.3g}<extra></extra>",
        )
    ]


def _in_words(plane: "Plane") -> str:
    low, high = plane.range
    found = f"Loss {low:.4g} to {high:.4g}, {plane.centre:.4g} at the centre."
    if plane.fill == "chebyshev":
        across, down = plane.nodes
        found += f" Interpolated from {across} x {down} nodes, error about {plane.error:.2%}."
        found += "" if plane.reached else " The tolerance was not reached."
    if not plane.finite.all():
        found += " Grey: not finite."
    return found
