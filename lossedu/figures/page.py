"""A matplotlib figure on a web page: inline SVG that takes the page's text colour and font.

Black in the figure becomes ``currentColor``, so one picture serves light and dark.
"""

import html
import io
import re
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt

_BLACK = re.compile(r"(?<=[:\"' ])(#000000|black)(?=[;\"'])")
_SIZE = re.compile(r'<svg ([^>]*?)width="[\d.]+pt" height="[\d.]+pt"')
_FONT = re.compile(r"font-family:[^;\"]*")


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
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    width = figure.get_figwidth()
    plt.close(figure)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    body = _adapted(svg, name, alt)
    return FigureOnPage(
        name,
        f'<figure class="plot" id="fig-{name}" style="max-width:{width * 96:.0f}px">{body}'
        f"<figcaption>{caption}</figcaption></figure>",
    )


def _adapted(svg: str, name: str, alt: str) -> str:
    """Fluid width, the page's colours and font, ids that are unique on the page."""
    label = html.escape(alt, quote=True)
    # A style element inside an inline picture would reach the whole page: its rule moves below.
    svg = re.sub(r"<(metadata|style)\b.*?</\1>", "", svg, flags=re.DOTALL)
    svg = _SIZE.sub(rf'<svg role="img" aria-label="{label}" \1', svg, count=1)
    svg = _BLACK.sub("currentColor", svg)
    svg = _FONT.sub("font-family: inherit", svg)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", svg)
    svg = re.sub(r'(xlink:href|href)="#([^"]+)"', rf'\1="#{name}-\2"', svg)
    # Text without an explicit fill is black: give the whole picture the page's colour.
    return svg.replace("<svg ", '<svg fill="currentColor" stroke-linejoin="round" ', 1)
