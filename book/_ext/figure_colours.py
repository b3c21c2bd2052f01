"""The palette of figures as a style sheet of the site, made from the palette of the package."""

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from lossedu.figures.palette import style_sheet
from lossedu.whole_files import write_whole

FILE = "figure-colours.css"


def write_style_sheet(app: Sphinx, exception: Exception | None) -> None:
    """Write the sheet beside the others."""
    if exception is None and app.builder.format == "html":
        write_whole(Path(app.outdir) / "_static" / FILE, style_sheet())


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_css_file(FILE)
    app.connect("build-finished", write_style_sheet)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
