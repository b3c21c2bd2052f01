"""The plot of a question, twice from the same points: for a page, and for a terminal.

On a page it is an inline SVG in the house style that follows light and dark.  In a terminal it is
text: Braille dots for one curve, a digit a curve for several, with a labelled row at each tick.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from lossedu.extras import explained

Plot: TypeAlias = Mapping[str, Any]
"""What a question of the kind read-a-plot holds under ``answer["plot"]``."""

_ROWS = 16
_TICKS = 6
_BRAILLE = 0x2800
# The bit of a dot in a Braille cell, by row and column.
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_DOWN, _ACROSS = len(_DOTS), len(_DOTS[0])


def plot_html(plot: Plot, name: str) -> str:
    """A ``<figure>`` for a page.

    Args:
        plot: The plot of a question.
        name: Its anchor, unique on the page, lower-case words joined by hyphens.

    Raises:
        MissingLibraryError: If matplotlib is not installed.
    """
    with explained("plot_html", "practice"):
        import matplotlib.pyplot as plt

        from lossedu.figures import direct_label, show, use_style
    with plt.rc_context():
        use_style()
        figure, axes = plt.subplots(figsize=(6, 3.4))
        for curve in plot["curves"]:
            (line,) = axes.plot(*zip(*curve["points"], strict=True))
            if len(plot["curves"]) > 1:
                direct_label(axes, line, curve["label"], _middle(plot["x"]))
        axes.set(xlim=plot["x"], xlabel=plot["x_label"], ylabel=plot["y_label"])
        low, high = plot["y"]
        room = 0.05 * (high - low or 1)
        axes.set_ylim(low - room, high + room)
        axes.set_yticks(ticks(low, high))
        axes.grid(visible=True, color="#888888", alpha=0.3, linewidth=0.6)
        axes.set_title(plot["title"])
        shown = show(figure, name=name, caption=plot["title"] or plot["y_label"], alt=plot["alt"])
    return shown.html


def _middle(interval: Sequence[float]) -> float:
    return (interval[0] + interval[1]) / 2


def plot_text(plot: Plot, columns: int = 60) -> str:
    """A picture of characters, in lines as wide as the axis labels and so many columns.

    Args:
        plot: The plot of a question.
        columns: Width of the drawing itself.

    Example:
        >>> line = {"label": "loss", "points": [[0, 0], [1, 1]]}
        >>> axes = {"x": [0, 1], "y": [0, 1], "x_label": "p", "y_label": "loss"}
        >>> print(plot_text({"curves": [line], "title": "", **axes}, columns=8).splitlines()[0])
        loss
    """
    curves = plot["curves"]
    paint = _in_braille if len(curves) == 1 else _in_digits
    rows = paint(plot, columns)
    marks = {_row(plot, tick): tick for tick in ticks(*plot["y"])}
    names = {row: _short(tick) for row, tick in marks.items()}
    width = max(map(len, names.values()))
    drawn = [
        f"{names.get(row, ''):>{width}} {'┤' if row in names else '│'}{line}".rstrip()
        for row, line in enumerate(rows)
    ]
    margin = " " * (width + 1)
    foot = [f"{margin}└{'─' * columns}", margin + " " + _scale(plot["x"], columns)]
    foot.append(margin + " " + plot["x_label"].center(columns).rstrip())
    if len(curves) > 1:
        foot += [f"{margin} {k} {curve['label']}" for k, curve in enumerate(curves, 1)]
    head = [line for line in (plot["title"], plot["y_label"]) if line]
    return "\n".join([*head, *drawn, *foot])


def ticks(low: float, high: float) -> list[float]:
    """Round numbers within an interval, about six.

    Example:
        >>> ticks(0.0, 2.3)
        [0.0, 0.5, 1.0, 1.5, 2.0]
    """
    if not low < high:
        return [low]
    raw = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * unit for unit in (1, 2, 5, 10) if power * unit >= raw)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(step * k, 12) for k in range(first, last + 1)]


def _short(number: float) -> str:
    return f"{number:g}".replace("-", "−")


def _scale(interval: Sequence[float], columns: int) -> str:
    """The ends of the axis and its ticks, where they fit."""
    line = [" "] * (columns + 1)
    low, high = interval
    free = 0
    for tick in ticks(low, high):
        text = _short(tick)
        start = max(round((tick - low) / (high - low) * (columns - 1)) - len(text) // 2, 0)
        start = min(start, columns - len(text))
        if start >= free:
            line[start : start + len(text)] = text
            free = start + len(text) + 1
    return "".join(line).rstrip()


def _share(plot: Plot, y: float) -> float:
    """How far up a value lies, from 0 to 1."""
    low, high = plot["y"]
    return (y - low) / (high - low) if high > low else 0.5


def _row(plot: Plot, y: float) -> int:
    return round((1 - _share(plot, y)) * (_ROWS - 1))


def _heights(curve: Mapping[str, Any], plot: Plot, places: int) -> list[float | None]:
    """The curve at so many places across, straight between points; None off the plot."""
    points: Sequence[Sequence[float]] = curve["points"]
    low, high = plot["x"]
    found: list[float | None] = []
    position = 0
    for place in range(places):
        x = low + (high - low) * place / (places - 1)
        while position < len(points) - 2 and points[position + 1][0] < x:
            position += 1
        (x0, y0), (x1, y1) = points[position : position + 2]
        y = y0 + (y1 - y0) * (x - x0) / (x1 - x0)
        found.append(y if -1e-9 <= _share(plot, y) <= 1 + 1e-9 else None)
    return found


def _in_digits(plot: Plot, columns: int) -> list[str]:
    """One digit a curve; where curves meet, the later one stands."""
    rows = [[" "] * columns for _ in range(_ROWS)]
    for digit, curve in enumerate(plot["curves"], 1):
        for column, y in enumerate(_heights(curve, plot, columns)):
            if y is not None:
                rows[_row(plot, y)][column] = str(digit)
    return ["".join(row) for row in rows]


def _in_braille(plot: Plot, columns: int) -> list[str]:
    """Dots, four down and two across in a character, joined where the curve is steep."""
    cells = [[0] * columns for _ in range(_ROWS)]
    before: int | None = None
    for across, y in enumerate(_heights(plot["curves"][0], plot, columns * _ACROSS)):
        if y is None:
            before = None
            continue
        down = round((1 - _share(plot, y)) * (_ROWS * _DOWN - 1))
        first = down if before is None else before + (down > before) - (down < before)
        for dot in range(min(first, down), max(first, down) + 1):
            bit = _DOTS[dot % _DOWN][across % _ACROSS]
            cells[dot // _DOWN][across // _ACROSS] |= bit
        before = down
    return ["".join(chr(_BRAILLE + cell) if cell else " " for cell in row) for row in cells]
