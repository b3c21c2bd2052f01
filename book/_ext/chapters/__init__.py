"""Chapters are executed side by side before the book is read, and only those that must be.

A chapter runs again when its own cells, a module that it leads to, a data file that it reads or the
version of a package has changed.  `executing` runs them and fills the cache in which the book's
reader then finds all outputs.  A chapter that fails, takes too long, or loads what nothing in it
leads to is a warning, and so an error with ``-W``; the others' results are kept.
"""

import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import SphinxError
from sphinx.util import logging

from . import chapter, one_page, pool, time_budget
from .closure import Packages
from .dependencies import Dependencies
from .executing import Executing, Outcome
from .kernel import Settings
from .left_out import LeftOut
from .one_page import OnePage
from .shelf import Shelf

logger = logging.getLogger(__name__)


class Build:
    """One build of the book, from its start to its end."""

    def __init__(self) -> None:
        self._left_out: LeftOut
        self._page: OnePage | None = None
        self._failed = False

    def begin(self, app: Sphinx) -> None:
        """Find out whether all pages are asked for."""
        self._left_out = LeftOut(app)
        if name := one_page.asked_for():
            self._page = OnePage(name)
            self._page.narrow(app)

    def execute(self, app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
        """Run the chapters that must run, and have their pages read."""
        if env.mystnb_config.execution_mode != "cache":
            return
        names = sorted(env.found_docs)
        if self._page:
            self._page.check(names)
            self._page.choose(env, docnames)
            names = [self._page.name]
        chapters = [found for name in names if (found := chapter.read(env, name))]
        outcome = self._bring_up_to_date(app, chapters)
        docnames[:] = sorted({*docnames, *outcome.ran})
        others = self._page.only_read if self._page else set()
        self._left_out.leave({*outcome.failed, *others}, docnames)
        self._failed = bool(outcome.failed)
        for fault in outcome.faults:
            logger.warning(fault)

    def finish_reading(self, app: Sphinx, env: BuildEnvironment) -> list[str]:
        """Have pages that are not whole read by the next build, and others written by this one.

        A build that was interrupted while it wrote has left pages that were read later than they
        were written; Sphinx looks at the time of their sources alone.
        """
        self._left_out.read_again_next_time(env)
        if self._page:
            self._page.finish(env)
            return []
        return [name for name, read_us in env.all_docs.items() if _written_us(app, name) < read_us]

    def end(self, app: Sphinx, exception: Exception | None) -> None:
        """A book with a chapter that failed is not built, also if warnings are no errors."""
        if self._failed:
            app.statuscode = 1

    def _bring_up_to_date(self, app: Sphinx, chapters: list[chapter.Chapter]) -> Outcome:
        config = app.env.mystnb_config
        shelf = Shelf(Path(config.execution_cache_path))
        try:
            packages = Packages(app.config.chapter_packages, app.config.chapter_lookups)
            budget_s = time_budget.budget_s()
            settings = Settings(
                tuple(app.config.chapter_packages),
                None if config.execution_timeout < 0 else config.execution_timeout,
                budget_s,
                budget_s * time_budget.STOP_FACTOR,
            )
            at_once = pool.jobs()
        except ValueError as error:
            raise SphinxError(str(error)) from error
        dependencies = Dependencies(packages, Path(app.srcdir))
        executing = Executing(dependencies, shelf, settings, at_once)
        if not self._page:
            shelf.forget_all_but([each.name for each in chapters])
        try:
            return executing.bring_up_to_date(chapters, lambda line: logger.info("%s", line))
        except KeyboardInterrupt:
            logger.info("Interrupted: the chapters that are done are kept.")
            sys.exit(130)


def _written_us(app: Sphinx, name: str) -> float:
    """When a page was written, in microseconds since the epoch; 0 if it was not."""
    if app.builder.format != "html":
        return float("inf")
    page = Path(app.builder.get_outfilename(name))
    return page.stat().st_mtime_ns / 1000 if page.exists() else 0.0


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    build = Build()
    app.add_config_value("chapter_packages", [], "", [list])
    app.add_config_value("chapter_lookups", {}, "", [dict])
    app.connect("builder-inited", build.begin)
    app.connect("env-before-read-docs", build.execute, priority=900)
    app.connect("env-updated", build.finish_reading)
    app.connect("build-finished", build.end)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}
