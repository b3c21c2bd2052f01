"""``make book CHAPTER=classification/focal`` builds one page of the book."""

import os
from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.environment import CONFIG_NEW, CONFIG_OK, BuildEnvironment
from sphinx.errors import SphinxError

VARIABLE = "LOSSEDU_CHAPTER"


def asked_for() -> str:
    """The page that was asked for, as Sphinx calls it; nothing if all were."""
    return os.environ.get(VARIABLE, "").strip().removeprefix("book/").removesuffix(".md")


class OnePage:
    """A build of one page.

    Args:
        name: The page.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.only_read: set[str] = set()  # neither run nor written: they were never read
        self._unsearched = False

    def check(self, pages: Collection[str]) -> None:
        """See that there is such a page.

        Raises:
            SphinxError: If there is none; the message names similar ones.
        """
        if self.name not in pages:
            close = get_close_matches(self.name, sorted(pages), n=3, cutoff=0.3)
            hint = f" Hint: {' or '.join(close)}?" if close else ""
            raise SphinxError(f"CHAPTER must be a page of the book, but is {self.name!r}.{hint}")

    def narrow(self, app: Sphinx) -> None:
        """Let the builder write this page alone, and judge all others next time."""
        builder = app.builder
        write = builder.write
        builder.get_outdated_docs = lambda: [self.name]
        builder.write_buildinfo = lambda: None
        if not (Path(app.outdir) / "searchindex.js").exists():
            builder.search = False  # Sphinx would complain that the other pages are not in it
            self._unsearched = True

        def write_one(asked: object, updated: Collection[str], method: str = "") -> None:
            # Pages that gather something of all pages, such as the ledger of claims, are updated
            # after reading.
            write([self.name, *sorted(set(updated) - self.only_read)], [], "specific")

        builder.write = write_one

    def choose(self, env: BuildEnvironment, docnames: list[str]) -> None:
        """Read this page, what it names if that has changed, and all that was never read.

        Args:
            env: Where the others are marked as not up to date if the configuration has changed.
            docnames: What would be read.
        """
        never = {name for name in env.found_docs if name not in env.all_docs}
        named = _defining(env) & set(docnames)
        self.only_read = never - {self.name}
        if env.config_status not in (CONFIG_NEW, CONFIG_OK):
            for name in set(env.all_docs) - {self.name}:
                env.all_docs[name] = 0
        docnames[:] = sorted(never | named | {self.name})

    def finish(self, env: BuildEnvironment) -> None:
        """Let the next build write this page again, if the search did not learn of it."""
        if self._unsearched:
            env.all_docs[self.name] = 0


def _defining(env: BuildEnvironment) -> set[str]:
    """The pages that explain terms or list works, without which no page can name a new one."""
    terms = env.domaindata.get("std", {}).get("terms", {})
    lists = env.domaindata.get("cite", {}).get("bibliographies", {})
    return {page for page, _ in terms.values()} | {key.docname for key in lists}
