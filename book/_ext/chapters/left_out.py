"""Pages that are not executed in this build: another page was asked for, or their code failed.

A page that was read before stays as it was.  One that was never read is read without outputs, so
that links and the table of contents lead somewhere; what the reader has to say of it is not
heard, and the next build reads it again.
"""

import logging
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.logging import NAMESPACE, WarningStreamHandler


class LeftOut(logging.Filter):
    """The pages of a build that have no outputs; as a filter it drops warnings about them."""

    def __init__(self, app: Sphinx) -> None:
        super().__init__()
        self._app = app
        self._names: set[str] = set()
        for handler in logging.getLogger(NAMESPACE).handlers:
            if isinstance(handler, WarningStreamHandler):
                handler.filters.insert(0, self)  # before warnings are counted

    def leave(self, names: Collection[str], docnames: list[str]) -> None:
        """Leave pages out.

        Args:
            names: The pages.
            docnames: What will be read; those that were read before are taken from it.
        """
        env = self._app.env
        docnames[:] = [d for d in docnames if d not in names or d not in env.all_docs]
        self._names = set(names) & set(docnames)
        patterns = [f"{name}{Path(env.doc2path(name)).suffix}" for name in sorted(self._names)]
        excluded = [*env.mystnb_config.execution_excludepatterns, *patterns]
        env.mystnb_config = replace(env.mystnb_config, execution_excludepatterns=excluded)

    def read_again_next_time(self, env: BuildEnvironment) -> None:
        """Let the next build find these pages changed."""
        for name in self._names:
            env.all_docs[name] = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a warning is about another page."""
        return not self._names or self._page(getattr(record, "location", None)) not in self._names

    def _page(self, location: Any) -> str | None:
        """The page that a warning is about."""
        if isinstance(location, tuple):
            location = location[0]
        if isinstance(location, nodes.Node):
            location = location.source or getattr(location.document, "current_source", None)
        if not location or location in self._names:
            return location or None
        path = str(location).rpartition(":")[0] or str(location)
        return self._app.env.path2doc(path) if Path(path).is_absolute() else path
