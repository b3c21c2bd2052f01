"""Puts MathJax into the site's own folder, and calms the kernels of chapters.

It is copied after the build, not kept in ``_static``: Jupyter Book would load every script that
lies there on every page.
"""

import os
import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx


def copy_site_files(app: Sphinx, exception: Exception | None) -> None:
    """Copy what is not there yet, or has changed."""
    if exception is not None or app.builder.name != "html":
        return
    vendored = Path(app.srcdir) / "_vendor" / "mathjax"
    shutil.copytree(vendored, Path(app.outdir) / "_static" / "mathjax", dirs_exist_ok=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    # Chapters train small models.  A second thread gains them nothing, and where processes share
    # cores, threads that wait for each other make a cell of seconds one of minutes.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    app.connect("build-finished", copy_site_files)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
