"""Which scripts a page loads, and where they come from.

Jupyter Book would load every script and style sheet below ``_static`` on every page; those of
practice go to pages with drills alone.  They are classic scripts that share one name, ``lossedu``,
for a page that was saved to a folder may load no modules.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

FOLDER = "practice"
STYLE = f"{FOLDER}/practice.css"
DRILLS = (
    *("dom", "records", "state", "schedule", "formulas", "grade", "kinds", "aloud", "ask"),
    "page",
)
"""In the order in which they need each other."""

APPS = {
    "today": ("choosing", "today"),
    "self-assessment": ("choosing", "assessment"),
    "readiness": ("choosing", "report", "readiness"),
}
"""What a page needs beside the scripts for drills."""

VENDORED = ("ts-fsrs/index.umd.js", "ts-fsrs/LICENSE")


def leave_to_pages(app: Sphinx, config: Config) -> None:
    """Take practice from the lists of what every page loads."""
    for name in ("html_js_files", "html_css_files"):
        kept = [file for file in config[name] if not str(file).startswith(f"{FOLDER}/")]
        config[name] = kept


def add_scripts(
    app: Sphinx,
    docname: str,
    template: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Put the scripts on a page that has a drill of the bank, or is one of the practice pages."""
    needs = app.env.metadata.get(docname, {})
    app_name = needs.get("practice-app")
    if doctree is None or not (app_name or needs.get("drills")):
        return
    static = context["pathto"]("_static/", 1)
    # A page without formulas has no MathJax until a question brings one.
    settings = {"static": static, "mathjax": json.dumps(app.config.mathjax3_config or {})}
    begin = f"window.lossedu = {{practice: {{settings: {json.dumps(settings)}}}}};"
    app.add_js_file("", body=begin)
    app.add_css_file(STYLE)
    for name in (*DRILLS, *APPS.get(app_name, ())):
        app.add_js_file(f"{FOLDER}/{name}.js", loading_method="defer", priority=800)
    if app_name:
        app.add_js_file(f"{FOLDER}/index.js", loading_method="defer", priority=810)


def copy_scripts(app: Sphinx) -> None:
    """Put the vendored scripts beside the site's static files."""
    static = Path(app.outdir) / "_static"
    for file in VENDORED:
        target = static / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(app.srcdir) / "_vendor" / file, target)
