"""Plots of questions as small pictures in SVG, whose colours follow the page.

A question has its curves as points; a picture is words and paths, with the colours of the book's
figures, and so the same in light, dark and on paper.
"""

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

from lossedu.figures.palette import ROLES

WIDTH, HEIGHT = 340, 220  # on a phone it is 290 wide, and its letters ten pixels high
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 10, 40
_TICKS = 5
_COLOURS = ("subject", "baseline", "third", "fourth")
_DASHES = ("", "6 3", "2 3", "8 3 2 3")
_MUTED = f"var(--figure-muted, {ROLES['muted'].light})"


def plot(drawn: Mapping[str, Any]) -> str:
    """Curves with axes, a grid to read values off, and the names of the curves below.

    Args:
        drawn: ``curves`` with ``label`` and ``points``; the ends ``x`` and ``y``; ``x_label``,
            ``y_label``, ``title``, ``alt``.
    """
    across, up = _Axis(drawn["x"], _LEFT, WIDTH - _RIGHT), _padded(drawn["y"])
    curves = [
        f'<path d="{_path(curve["points"], across, up)}" fill="none" stroke="{_colour(k)}" '
        f'stroke-width="2.2" stroke-dasharray="{_DASHES[k % len(_DASHES)]}"/>'
        for k, curve in enumerate(drawn["curves"])
    ]
    clip = f'<svg x="{_LEFT}" y="{_TOP}" width="{WIDTH - _LEFT - _RIGHT}" '
    clip += f'height="{HEIGHT - _TOP - _BOTTOM}" viewBox="{_LEFT} {_TOP} '
    clip += f'{WIDTH - _LEFT - _RIGHT} {HEIGHT - _TOP - _BOTTOM}">{"".join(curves)}</svg>'
    body = _grid(across, up) + clip + _names(drawn["x_label"], drawn["y_label"])
    return _picture(WIDTH, HEIGHT, str(drawn["alt"]), body)


def key(drawn: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The stroke of each curve as a picture, and its name."""
    return [
        (
            f'<svg viewBox="0 0 30 8" width="30" height="8" aria-hidden="true"><path d="M0 4H30" '
            f'stroke="{_colour(k)}" stroke-width="2.2" '
            f'stroke-dasharray="{_DASHES[k % len(_DASHES)]}"/></svg>',
            str(curve["label"]),
        )
        for k, curve in enumerate(drawn["curves"])
    ]


def panel(points: Sequence[float], alt: str) -> str:
    """A line over time, as a monitor shows it, with its lowest and highest value."""
    width, height, edge = 300, 90, 44
    across, up = _Axis((0, len(points) - 1), edge, width - 6), _padded((min(points), max(points)))
    up = _Axis((up.low, up.high), height - 8, 8)
    path = _path(list(enumerate(points)), across, up)
    ticks = "".join(
        f'<text x="{edge - 5}" y="{up.place(value) + 4:.1f}" text-anchor="end" fill="{_MUTED}" '
        f'font-size="12">{_short(value)}</text>'
        for value in dict.fromkeys((min(points), max(points)))
    )
    line = f'<path d="{path}" fill="none" stroke="{_colour(0)}" stroke-width="2"/>'
    frame = f'<path d="M{edge} 4V{height - 4}H{width - 4}" fill="none" stroke="{_MUTED}"/>'
    return _picture(width, height, alt, frame + ticks + line)


class _Axis:
    """From values to places."""

    def __init__(self, ends: Sequence[float], start: float, end: float) -> None:
        self.low, self.high = float(ends[0]), float(ends[1])
        self.start, self.end = start, end

    def place(self, value: float) -> float:
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round values, about five of them."""
        step = _round_step((self.high - self.low) / _TICKS)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]


def _padded(ends: Sequence[float]) -> _Axis:
    low, high = float(ends[0]), float(ends[1])
    air = 0.04 * (high - low) or 0.5
    return _Axis((low - air, high + air), HEIGHT - _BOTTOM, _TOP)


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough)) if rough > 0 else 1.0
    return next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= rough * (1 - 1e-9))


def _short(value: float) -> str:
    return f"{round(value, 10):.4g}".replace("-", "−")


def _colour(number: int) -> str:
    role = _COLOURS[number % len(_COLOURS)]
    return f"var(--figure-{role}, {ROLES[role].light})"


def _path(points: Sequence[Sequence[float]], across: _Axis, up: _Axis) -> str:
    places = [(across.place(x), min(max(up.place(y), -HEIGHT), 2 * HEIGHT)) for x, y in points]
    kept = [
        place
        for k, place in enumerate(places)
        if k in (0, len(places) - 1) or not _straight(places[k - 1], place, places[k + 1])
    ]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in kept)


def _straight(before: Sequence[float], here: Sequence[float], after: Sequence[float]) -> bool:
    """Whether a point lies on the line through its neighbours, to a hundredth of a pixel."""
    area = (here[0] - before[0]) * (after[1] - before[1])
    area -= (after[0] - before[0]) * (here[1] - before[1])
    return abs(area) < 0.01 * math.hypot(after[0] - before[0], after[1] - before[1])


def _grid(across: _Axis, up: _Axis) -> str:
    lines = "".join(f"M{across.place(x):.1f} {_TOP}V{HEIGHT - _BOTTOM}" for x in across.ticks())
    lines += "".join(f"M{_LEFT} {up.place(y):.1f}H{WIDTH - _RIGHT}" for y in up.ticks())
    words = "".join(
        f'<text x="{across.place(x):.1f}" y="{HEIGHT - _BOTTOM + 15}" text-anchor="middle">'
        f"{_short(x)}</text>"
        for x in across.ticks()
    )
    words += "".join(
        f'<text x="{_LEFT - 5}" y="{up.place(y) + 4:.1f}" text-anchor="end">{_short(y)}</text>'
        for y in up.ticks()
    )
    return (
        f'<path d="{lines}" fill="none" stroke="{_MUTED}" stroke-opacity="0.35"/>'
        f'<g fill="{_MUTED}" font-size="12">{words}</g>'
    )


def _names(x_label: str, y_label: str) -> str:
    middle, height = (WIDTH + _LEFT - _RIGHT) / 2, (HEIGHT - _BOTTOM + _TOP) / 2
    return (
        f'<g fill="{_MUTED}" font-size="13" text-anchor="middle">'
        f'<text x="{middle:.0f}" y="{HEIGHT - 6}">{html.escape(x_label)}</text>'
        f'<text transform="translate(11 {height:.0f}) rotate(-90)">{html.escape(y_label)}</text>'
        "</g>"
    )


def _picture(width: int, height: int, alt: str, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{html.escape(alt)}" font-family="system-ui, sans-serif">{body}</svg>'
    )
