"""The same figure once more, drawn for a phone.

A picture made for a desk and shrunk to a phone has letters of seven pixels.  So a figure is laid
out again at a phone's width: panels that stood side by side stand above one another, long titles
and names of axes break, names of curves find new places.  Where the outcome is not clean the
reader scrolls the wide one instead.
"""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

from matplotlib.gridspec import GridSpec
from matplotlib.transforms import Bbox

from lossedu.figures.labels import crossed

WIDTH = 3.75  # inches: 360 pixels, what a phone of 390 leaves between its margins
_LOWER = 0.85  # how much lower one panel is than on a desk
_SPARE = 0.05  # of the width: the reader's letters may be wider than the ones measured here


def narrowed(figure: Any) -> bool:
    """Lay a figure out at a phone's width; the figure is changed.

    Args:
        figure: A matplotlib figure with a layout engine.

    Returns:
        Whether it is clean: all of it inside, no text upon another or upon a curve.
    """
    if figure.get_figwidth() <= WIDTH or not _stacked(figure):
        return False
    for axes in figure.axes:
        _break_lines(figure, axes)
    figure.draw_without_rendering()
    page = figure.bbox.padded(1)
    boxes = [text.get_window_extent() for text in _texts(figure)]
    return (
        all(_contains(page, box) for box in boxes)
        and not any(a.overlaps(b) for a, b in combinations(map(_tight, boxes), 2))
        and not crossed(figure)
    )


def _stacked(figure: Any) -> bool:
    """Put panels of one row above one another; whether the figure is of a kind that can be."""
    specs = [axes.get_subplotspec() for axes in figure.axes]
    grids = {id(spec.get_gridspec()): spec.get_gridspec() for spec in specs if spec is not None}
    if len(grids) != 1 or None in specs:
        return False
    (grid,) = grids.values()
    rows, columns = grid.nrows, grid.ncols
    height = figure.get_figheight()
    if columns > 1:
        if rows > 1 or len(figure.axes) != columns:
            return False
        stack = GridSpec(columns, 1, figure=figure)
        for k, axes in enumerate(figure.axes):
            axes.set_subplotspec(stack[k])
            axes.tick_params(labelleft=True)
        height *= columns * _LOWER
    elif rows == 1:
        height *= _LOWER
    figure.set_size_inches(WIDTH, height)
    return True


def _break_lines(figure: Any, axes: Any) -> None:
    """Break titles and names of axes that are wider than the page, or higher, at blanks."""
    figure.draw_without_rendering()
    across = (1 - _SPARE) * figure.bbox.width
    for title in (axes._left_title, axes.title, axes._right_title):
        _break(title, lambda box: box.x1 <= across)
    beside = 2 * (across - (axes.bbox.x0 + axes.bbox.x1) / 2)  # a name is centred on its axis
    _break(axes.xaxis.label, lambda box: box.width <= beside)
    _break(axes.yaxis.label, lambda box: box.height <= axes.bbox.height)


def _break(text: Any, fits: Callable[[Bbox], bool]) -> None:
    """Break a text at blanks into lines of which each fits."""
    lines: list[str] = []
    for word in text.get_text().split():
        tried = f"{lines[-1]} {word}" if lines else word
        text.set_text(tried)
        one = fits(text.get_window_extent()) or not lines
        lines = [*lines[:-1], tried] if one else [*lines, word]
    text.set_text("\n".join(lines))


def _texts(figure: Any) -> Iterator[Any]:
    """Everything that is written, tick labels in sight included."""
    for axes in figure.axes:
        view = [(axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())]
        yield from (t for t in (axes.title, axes._left_title, axes._right_title) if _says(t))
        yield from (t for t in axes.texts if _says(t))
        for axis, (low, high) in view:
            yield from (t for t in (axis.label,) if _says(t))
            for tick in axis.get_major_ticks():
                if min(low, high) <= tick.get_loc() <= max(low, high) and _says(tick.label1):
                    yield tick.label1
    yield from (t for t in figure.texts if _says(t))


def _says(text: Any) -> bool:
    return text.get_visible() and bool(text.get_text().strip())


def _contains(page: Bbox, box: Bbox) -> bool:
    return bool(page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1)


def _tight(box: Bbox) -> Bbox:
    """Extents are generous: neighbours that merely touch do not collide."""
    return box.padded(-1)
