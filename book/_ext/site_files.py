"""Puts what pages need into the site's own folder (MathJax, plotly.js) and calms their kernels.

They are copied after the build, not kept in ``_static``: Jupyter Book would load every script that
lies there on every page.
"""

import os
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

PLOTLY = "plotly.min.js"


def copy_site_files(app: Sphinx, exception: Exception | None) -> None:
    """Copy what is not there yet, or has changed."""
    if exception is not None or app.builder.name != "html":
        return
    static = Path(app.outdir) / "_static"
    vendored = Path(app.srcdir) / "_vendor" / "mathjax"
    shutil.copytree(vendored, static / "mathjax", dirs_exist_ok=True)
    source = files("plotly") / "package_data" / PLOTLY
    target = static / PLOTLY
    data = source.read_bytes()
    if not target.exists() or target.stat().st_size != len(data):
        target.write_bytes(data)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    # Chapters train small models.  A second thread gains them nothing, and where processes share
    # cores, threads that wait for each other make a cell of seconds one of minutes.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    app.connect("build-finished", copy_site_files)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
