"""A figure whose points move, without a kernel and without a script that draws.

The picture is an ordinary one, with each point where its path ends: so it prints, and so it stays
for readers who asked for less motion.  A style sheet leads the points along their paths.
"""

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossedu.figures.narrow import WIDTH
from lossedu.figures.page import FigureOnPage, show

_MOVING = 0.8  # of the time; for the rest the points stay where they arrived
_PAUSE = """(button => {
  const figure = button.closest("figure");
  button.addEventListener("click", () => {
    const still = figure.classList.toggle("still");
    button.textContent = still ? "Play" : "Pause";
  });
})"""


def show_moving(
    figure: Any,
    paths: Mapping[Any, ArrayLike],
    *,
    name: str,
    caption: str,
    alt: str,
    seconds: float = 6.0,
) -> FigureOnPage:
    """Put a figure on the page in which points follow their paths, again and again.

    A button stops them.  They stand still, where their paths end, on paper and for readers whose
    system asks for reduced motion.

    Args:
        figure: The figure, at most as wide as a phone: one drawing serves all; it is closed.
        paths: For each point, a line of one marker: the places it visits, shape ``(n, 2)``, in
            data units, one after another at the same pace; at least two.
        name: Its anchor, as for `show`.
        caption: What it shows.
        alt: What a reader who cannot see it should know.
        seconds: How long a round takes.

    Raises:
        ValueError: If the figure is wider, a path has fewer than two places, or is not of pairs.
    """
    if figure.get_figwidth() > WIDTH:
        raise ValueError(
            f"figure must be at most {WIDTH} inches wide, but is {figure.get_figwidth():g}."
        )
    offsets = _offsets(figure, paths)
    rules = [
        f"@keyframes {name}-moving-{k} {{ {_keyframes(way)} }}\n"
        f"#{name}-moving-{k} {{ animation: {name}-moving-{k} {seconds:g}s linear infinite; }}"
        for k, way in enumerate(offsets)
    ]
    still = f"#fig-{name}.still [id^={name}-moving] {{ animation-play-state: paused; }}"
    style = (
        "<style>@media screen and (prefers-reduced-motion: no-preference) {\n"
        + "\n".join([*rules, still])
        + f"\n}}\n@media print, (prefers-reduced-motion: reduce) "
        f"{{ #fig-{name} .pause {{ display: none; }} }}</style>"
    )
    button = '<button type="button" class="pause">Pause</button>'
    find = f"document.querySelector({json.dumps(f'#fig-{name} .pause')})"
    shown = show(figure, name=name, caption=caption, alt=alt).html
    inside = shown.replace("<figcaption>", f"{button}<figcaption>", 1)
    return FigureOnPage(name, f"{style}{inside}<script>{_PAUSE}({find});</script>")


def _offsets(figure: Any, paths: Mapping[Any, ArrayLike]) -> list[NDArray[np.float64]]:
    """Where each point stands at each step, seen from where it ends, in the picture's units."""
    ways = []
    for k, (marker, path) in enumerate(paths.items()):
        places = np.asarray(path, dtype=np.float64)
        if places.ndim != 2 or places.shape[1] != 2 or len(places) < 2:
            raise ValueError(
                f"paths must hold two places or more, as pairs, but one has shape {places.shape}."
            )
        marker.set_gid(f"moving-{k}")
        marker.set_data(places[-1:, 0], places[-1:, 1])
        ways.append((marker, places))
    figure.savefig(io.BytesIO(), format="svg")  # the layout is known once it has been drawn
    points = 72 / figure.dpi
    pixels = [marker.axes.transData.transform(places) for marker, places in ways]
    return [(way - way[-1]) * (points, -points) for way in pixels]


def _keyframes(way: NDArray[np.float64]) -> str:
    shares = np.linspace(0, 100 * _MOVING, len(way))
    frames = [
        f"{share:.4g}% {{ transform: translate({x:.2f}px, {y:.2f}px); }}"
        for share, (x, y) in zip(shares, way, strict=True)
    ]
    return " ".join([*frames, "100% { transform: none; }"])
