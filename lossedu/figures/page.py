"""A matplotlib figure on a web page: inline SVG that takes the page's colours and font.

Black in the figure becomes ``currentColor`` and the palette's colours become variables of the page,
so one picture serves light and dark.  A second one, laid out anew, serves phones.
"""

import html
import io
import re
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt

from lossedu.figures.labels import crossed
from lossedu.figures.narrow import narrowed
from lossedu.figures.palette import adaptive

_SMALLEST = 10  # pixels: letters are never shown smaller
_COLOUR = re.compile(r"(?<=[:\"' ])(#[0-9a-f]{6}|black)(?=[;\"'])", re.IGNORECASE)
_SIZE = re.compile(r'<svg ([^>]*?)width="([\d.]+)pt" height="[\d.]+pt"')
_FONT = re.compile(r"font-family:[^;\"]*")
_FONT_SIZE = re.compile(r"<text style=\"[^\"]*?(?:font-size: |font: [^\"]*?)([\d.]+)px")
_TAG = re.compile(r"<[^>]*>")
# A hundredth of a point is beyond what anyone sees; matplotlib writes millionths.
_DECIMALS = re.compile(r"(\d\.\d\d)\d+")
# Names that matplotlib gives to groups, such as line2d_3: nothing refers to them.
_GROUP = re.compile(r'<g id="[\w.]+_\d+"')


@dataclass(frozen=True)
class FigureOnPage:
    """A finished figure that a notebook renders as HTML.

    Attributes:
        name: The anchor: links go to ``#fig-<name>``.
        html: The ``<figure>`` element.
    """

    name: str
    html: str

    def _repr_html_(self) -> str:
        return self.html


def show(figure: Any, *, name: str, caption: str, alt: str) -> FigureOnPage:
    """Put a matplotlib figure on the page, readable in light and dark and on a phone.

    Args:
        figure: The figure; it is closed.
        name: Its anchor, lower-case words joined by hyphens, unique on the page.
        caption: What it shows, as a finding; HTML is allowed.
        alt: What a reader who cannot see it should know.

    Returns:
        An object that a notebook renders.

    Raises:
        ValueError: If name, caption or alt is empty.
    """
    for label, text in (("name", name), ("caption", caption), ("alt", alt)):
        if not text.strip():
            raise ValueError(f"{label} must say something, but is empty.")
    width = figure.get_figwidth() * 96
    wide = _picture(figure, name, alt)
    # Which labels lie on a curve is left in the page, where whoever builds it can look.
    note = html.escape("; ".join(crossed(figure)), quote=True)
    narrow = _picture(figure, f"{name}-narrow", alt) if narrowed(figure) else ""
    plt.close(figure)
    kind = "plot two-widths" if narrow else "plot"
    body = f'<div class="wide">{wide}</div>'
    body += f'<div class="narrow" style="display:none">{narrow}</div>' if narrow else ""
    return FigureOnPage(
        name,
        f'<figure class="{kind}" id="fig-{name}" data-crossed="{note}" '
        f'style="max-width:{width:.0f}px">{body}<figcaption>{caption}</figcaption></figure>',
    )


def _picture(figure: Any, name: str, alt: str) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    svg = buffer.getvalue()
    return _adapted(svg[svg.index("<svg") :], name, alt)


def _adapted(svg: str, name: str, alt: str) -> str:
    """Fluid width, the page's colours and font, ids that are unique on the page."""
    # A style element inside an inline picture would reach the whole page: its rule moves below.
    svg = re.sub(r"<(metadata|style)\b.*?</\1>", "", svg, flags=re.DOTALL)
    svg = _TAG.sub(lambda tag: _adapted_tag(tag[0], name), svg)
    svg = re.sub(r"\s*\n\s*", " ", svg)
    # Last, for what is said of a picture is no part of it: its numbers keep their decimals.
    label = html.escape(alt, quote=True)
    svg = _SIZE.sub(
        lambda m: f'<svg role="img" aria-label="{label}" style="{_least(svg, m)}" {m[1]}', svg, 1
    )
    # Text without an explicit fill is black: give the whole picture the page's colour.
    return svg.replace("<svg ", '<svg fill="currentColor" stroke-linejoin="round" ', 1)


def _adapted_tag(tag: str, name: str) -> str:
    """What is drawn; what is written between tags stays as it is."""
    tag = _COLOUR.sub(lambda colour: adaptive(colour[0]), tag)
    tag = _FONT.sub("font-family: inherit", tag)
    tag = _DECIMALS.sub(r"\1", tag)
    tag = _GROUP.sub("<g", tag)
    tag = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', tag)
    tag = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", tag)
    return re.sub(r'(xlink:href|href)="#([^"]+)"', rf'\1="#{name}-\2"', tag)


def _least(svg: str, size: re.Match[str]) -> str:
    """The width below which the smallest letters would be too small."""
    letters = min(map(float, _FONT_SIZE.findall(svg)), default=_SMALLEST)
    return f"min-width:{float(size[2]) * _SMALLEST / letters:.0f}px"
