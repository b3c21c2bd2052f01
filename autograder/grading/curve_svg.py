"""A student's curve beside the right one, as SVG written by hand: there is one for each mistake.

It needs no plotting library, no settings of one, and takes the colours of the page it stands on.
"""

import html
import math
from collections.abc import Iterator, Sequence

from torch import Tensor

from autograder.checks.check import Curve

_WIDTH, _HEIGHT = 460, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 12, 28, 44
_RIGHT_COLOUR, _THEIR_COLOUR = "#1a7f37", "#b42318"
_REACH = 2.0  # a wrong curve may leave the right one so many times its height before it is cut
_FAR = 1e4  # pixels: beyond the frame in any case, and short to write


def drawn(curve: Curve) -> str:
    """A student's curve and the right one, as SVG that says in words what it shows."""
    x, right, theirs = (_numbers(values) for values in (curve.x, curve.right, curve.theirs))
    across, up = _span(x), _visible(right, theirs)
    inner = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    lines = "".join(
        f'<polyline fill="none" stroke="{colour}" stroke-width="{width}"{dash} points="{piece}"/>'
        for values, colour, width, dash in (
            (right, _RIGHT_COLOUR, 2.5, ""),
            (theirs, _THEIR_COLOUR, 1.5, ' stroke-dasharray="6 3"'),
        )
        for piece in _pieces(x, values, across, up, inner)
    )
    said = html.escape(f"Your function and the right one over {curve.x_label}", quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{said}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" style="max-width:100%;height:auto" '
        'font-family="sans-serif" font-size="11" fill="currentColor">'
        f"{_legend(theirs)}{_frame(across, up, inner, html.escape(curve.x_label))}"
        # The frame cuts what leaves it.  It is the same in all pictures, and so is its name.
        f'<clipPath id="curve-frame"><rect width="{inner[0]}" height="{inner[1]}"/></clipPath>'
        f'<g transform="translate({_LEFT} {_TOP})" clip-path="url(#curve-frame)">{lines}</g></svg>'
    )


def _legend(theirs: Sequence[float]) -> str:
    words = "yours (dashed)" if any(map(math.isfinite, theirs)) else "yours is not finite here"
    return (
        f'<text x="{_LEFT}" y="16" font-size="12"><tspan fill="{_RIGHT_COLOUR}">right</tspan>, '
        f'<tspan fill="{_THEIR_COLOUR}">{words}</tspan></text>'
    )


def _frame(
    across: tuple[float, float], up: tuple[float, float], inner: tuple[int, int], label: str
) -> str:
    """Axes and numbers."""
    bottom, right = _TOP + inner[1], _LEFT + inner[0]
    parts = [
        f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" fill="none" stroke="currentColor"/>',
        f'<text x="{(_LEFT + right) / 2:g}" y="{_HEIGHT - 8}" text-anchor="middle">{label}</text>',
    ]
    for value in _ticks(*across):
        at = _LEFT + _place(value, across) * inner[0]
        parts.append(f'<path d="M{at:.1f} {bottom}v4" stroke="currentColor"/>')
        parts.append(f'<text x="{at:.1f}" y="{bottom + 16}" text-anchor="middle">{value:g}</text>')
    for value in _ticks(*up):
        at = bottom - _place(value, up) * inner[1]
        parts.append(f'<path d="M{_LEFT} {at:.1f}h-4" stroke="currentColor"/>')
        parts.append(f'<text x="{_LEFT - 7}" y="{at + 4:.1f}" text-anchor="end">{value:g}</text>')
    return "".join(parts)


def _pieces(
    x: Sequence[float],
    y: Sequence[float],
    across: tuple[float, float],
    up: tuple[float, float],
    inner: tuple[int, int],
) -> Iterator[str]:
    """The points of a line; it is broken where it has no value."""
    piece: list[str] = []
    for a, b in zip(x, y, strict=True):
        if math.isfinite(a) and math.isfinite(b):
            high = (1 - _place(b, up)) * inner[1]
            high = min(max(high, -_FAR), _FAR)
            piece.append(f"{_place(a, across) * inner[0]:.1f},{high:.1f}")
        elif piece:
            yield " ".join(piece)
            piece = []
    if piece:
        yield " ".join(piece)


def _visible(right: Sequence[float], theirs: Sequence[float]) -> tuple[float, float]:
    """What to show of the values: the right curve whole, and of theirs what is not far away."""
    low, high = _span(right)
    room = _REACH * (high - low)
    near = [min(max(value, low - room), high + room) for value in theirs if math.isfinite(value)]
    low, high = min([low, *near]), max([high, *near])
    return low - 0.05 * (high - low), high + 0.05 * (high - low)


def _span(values: Sequence[float]) -> tuple[float, float]:
    """The least and the greatest finite value; never the same."""
    finite = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(finite), max(finite)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _place(value: float, span: tuple[float, float]) -> float:
    return (value - span[0]) / (span[1] - span[0])


def _ticks(low: float, high: float) -> list[float]:
    """From three to seven round numbers."""
    power = 10.0 ** math.floor(math.log10((high - low) / 6))
    step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= (high - low) / 6)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [float(f"{k * step:.12g}") for k in range(first, last + 1)]


def _numbers(values: Tensor) -> list[float]:
    numbers: list[float] = values.double().tolist()
    return numbers
