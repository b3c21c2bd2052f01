"""Names of curves beside the curves, where no curve runs through them."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox, IdentityTransform

_GAP = 4.0  # points between a curve and its name
_OWN, _OTHER = 1.5, 9.0  # pixels that a name's own curve, and any other, keeps away from it
_PLACES = 48  # along a curve
# How the name stands to its point on the curve: horizontally, vertically.
_STANDS = (("center", 1), ("center", -1), ("left", 1), ("right", 1), ("left", -1), ("right", -1))
_SHIFT = {"center": 0.0, "left": _GAP, "right": -_GAP}


class DirectLabel(Annotation):
    """A name that moves along its curve, when it is drawn, to the nearest place that is free.

    Free is what no curve of the same axes and no other text covers, inside the axes.  Where no
    place is free it stays where it was asked to be.
    """

    axes: Any  # None only until it is added to its axes

    def __init__(self, line: Any, text: str, at: float, offset: tuple[float, float]) -> None:
        points = np.asarray(line.get_xydata(), dtype=float)
        nearest = int(np.nanargmin(np.abs(points[:, 0] - at)))
        super().__init__(
            text,
            tuple(points[nearest]),
            xytext=offset,
            textcoords="offset points",
            color=line.get_color(),
            fontsize=9,
        )
        self._line = line
        self._asked = (self.xy, offset)

    def draw(self, renderer: Any) -> None:
        """Settle, then draw."""
        self.settle(renderer)
        super().draw(renderer)

    def settle(self, renderer: Any) -> None:
        """Move to the nearest free place, seen from where the name was asked to be."""
        self._stand(*self._asked, "left", "baseline")
        asked = self.get_window_extent(renderer)
        if self._free(asked, renderer, _OWN):
            return
        # First where the name can belong to no other curve, then where none runs through it.
        for clear in (_OTHER, _OWN):
            for xy, across, up in self._candidates(asked):
                offset = (_SHIFT[across], up * _GAP)
                self._stand(xy, offset, across, "bottom" if up > 0 else "top")
                if self._free(self.get_window_extent(renderer), renderer, clear):
                    return
        self._stand(*self._asked, "left", "baseline")

    def _stand(self, xy: Any, offset: tuple[float, float], across: str, up: str) -> None:
        self.xy = xy
        self.set_position(offset)
        self.set(ha=across, va=up)

    def _candidates(self, asked: Bbox) -> list[tuple[Any, str, int]]:
        """Places along the curve, nearest to the asked one first."""
        xy = np.asarray(self._line.get_xydata(), dtype=float)
        pixels = self.axes.transData.transform(xy)
        seen = np.flatnonzero(np.isfinite(pixels).all(1) & _inside(pixels, self.axes.bbox))
        some = seen[np.unique(np.linspace(0, len(seen) - 1, _PLACES).astype(int))]
        centre = np.array([(asked.x0 + asked.x1) / 2, (asked.y0 + asked.y1) / 2])
        near = some[np.argsort(np.hypot(*(pixels[some] - centre).T), kind="stable")]
        return [(tuple(xy[k]), across, up) for k in near for across, up in _STANDS]

    def _free(self, box: Bbox, renderer: Any, clear: float) -> bool:
        texts = (text for text in _words(self.axes) if text is not self)
        return (
            bool(_inside(box.get_points(), self.axes.bbox).all())
            and not any(
                _crosses(line, box, _OWN if line is self._line else clear)
                for line in _lines(self.axes)
            )
            and not any(box.overlaps(text.get_window_extent(renderer)) for text in texts)
        )


def direct_label(
    axes: Any, line: Any, text: str, at: float, *, dx: float = 0, dy: float = 6
) -> DirectLabel:
    """Write a curve's name beside it, in its colour, near the given place on the x-axis.

    The name stands where it is asked to, unless a curve or another text is in its way: then at the
    nearest place along its curve that is free when the figure is drawn.

    Args:
        axes: Where the line is drawn.
        line: The line.
        text: Its name.
        at: x in data units.
        dx: Shift to the right, in points.
        dy: Shift upwards, in points.

    Returns:
        The label.
    """
    label = DirectLabel(line, text, at, (dx, dy))
    label.set_in_layout(False)  # it moves with the layout, so the layout must not wait for it
    label.set_transform(IdentityTransform())
    axes.add_artist(label)
    label.set_clip_path(None)
    return label


def crossed(figure: Any) -> list[str]:
    """The texts inside a figure's axes that a curve runs through or another text covers.

    Args:
        figure: A matplotlib figure that has been drawn.
    """
    found = []
    for axes in figure.axes:
        words = list(_words(axes))
        boxes = [word.get_window_extent() for word in words]
        for k, (word, box) in enumerate(zip(words, boxes, strict=True)):
            hit = any(_crosses(line, box, 0.0) for line in _lines(axes))
            if hit or any(box.overlaps(other) for other in boxes[:k]):
                found.append(word.get_text())
    return found


def _lines(axes: Any) -> Iterator[Any]:
    """The lines of axes that are seen."""
    for line in axes.get_lines():
        if line.get_visible() and line.get_linestyle() not in ("None", "", " "):
            yield line


def _crosses(line: Any, box: Bbox, clear: float) -> bool:
    """Whether a line runs through a box, or nearer to it than so many pixels."""
    path = line.get_transform().transform_path(line.get_path()).cleaned(remove_nans=True)
    return bool(path.intersects_bbox(box.padded(clear), filled=False))


def _words(axes: Any) -> Iterator[Any]:
    """The texts of axes, and those of its legend."""
    legend = axes.get_legend()
    drawn: Sequence[Any] = [*axes.texts, *(legend.get_texts() if legend else ())]
    yield from (text for text in drawn if text.get_visible() and text.get_text().strip())


def _inside(pixels: Any, frame: Bbox) -> Any:
    (x, y), (low, high) = pixels.T, frame.get_points()
    return (x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1])
