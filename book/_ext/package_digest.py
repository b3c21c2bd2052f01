"""A chapter's results depend on the package: when it changes, every chapter runs again.

The cache of executed notebooks looks at a notebook's own cells alone.  Here it gets a folder named
after a digest of the package, and Sphinx is told of the digest, so that it reads all pages again.
"""

import hashlib
import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

PACKAGE = Path(__file__).parent.parent.parent / "lossedu"
SUFFIXES = {".py", ".js", ".css", ".mplstyle"}


def digest_of(folder: Path) -> str:
    """A short name for the content of a folder's sources."""
    total = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in SUFFIXES):
        total.update(path.relative_to(folder).as_posix().encode())
        total.update(path.read_bytes())
    return total.hexdigest()[:16]


def name_the_cache(app: Sphinx, config: Config) -> None:
    """Point the cache at this package's folder, and drop those of earlier ones."""
    config.package_digest = digest_of(PACKAGE)
    caches = Path(app.outdir).parent / ".jupyter_cache"
    for stale in caches.glob("*"):
        if stale.name != config.package_digest:
            shutil.rmtree(stale) if stale.is_dir() else stale.unlink()
    config.nb_execution_cache_path = str(caches / config.package_digest)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx, ahead of the notebook reader."""
    app.add_config_value("package_digest", "", "env", [str])
    app.connect("config-inited", name_the_cache, priority=100)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
