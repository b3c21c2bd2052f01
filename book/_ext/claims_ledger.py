"""The directive ``{claims-ledger}``: every claim of the book in one table, gathered by itself.

A chapter shows a claim as the output of a cell, an ``<article class="claim">`` that carries its own
data.  This extension finds these in every page as it is read; when all are known it fills the
ledger.
"""

import html
import json
import re
from collections import Counter
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)

_DATA = re.compile(r'<article class="claim[^>]*\bdata-claim="([^"]*)"')


class ledger(nodes.General, nodes.Element):  # noqa: N801  docutils nodes are lower case
    """Where the table goes."""


class ClaimsLedger(SphinxDirective):
    """``{claims-ledger}`` without arguments."""

    def run(self) -> list[nodes.Node]:
        """Leave a mark, and remember which page to write again when a claim changes."""
        _ledger_pages(self.env).add(self.env.docname)
        return [ledger()]


def _claims(env: BuildEnvironment) -> dict[str, list[dict[str, str]]]:
    if not hasattr(env, "lossedu_claims"):
        env.lossedu_claims = {}  # type: ignore[attr-defined]
    return env.lossedu_claims  # type: ignore[attr-defined,no-any-return]


def _ledger_pages(env: BuildEnvironment) -> set[str]:
    if not hasattr(env, "lossedu_ledger_pages"):
        env.lossedu_ledger_pages = set()  # type: ignore[attr-defined]
    return env.lossedu_ledger_pages  # type: ignore[attr-defined,no-any-return]


def collect(app: Sphinx, doctree: nodes.document) -> None:
    """Note the claims of a page that has just been read."""
    found = [
        json.loads(html.unescape(data))
        for raw in doctree.findall(nodes.raw)
        for data in _DATA.findall(raw.astext())
    ]
    if found:
        _claims(app.env)[app.env.docname] = found


def purge(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Forget a page that is about to be read again."""
    _claims(env).pop(docname, None)
    _ledger_pages(env).discard(docname)


def merge(app: Sphinx, env: BuildEnvironment, docnames: set[str], other: BuildEnvironment) -> None:
    """Take over what a parallel reader found."""
    _claims(env).update({d: c for d, c in _claims(other).items() if d in docnames})
    _ledger_pages(env).update(_ledger_pages(other) & docnames)


def check_and_refresh(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Refuse two claims of one name; write the ledger again whenever pages were read."""
    count = Counter(row["slug"] for rows in _claims(env).values() for row in rows)
    for slug, times in count.items():
        if times > 1:
            logger.warning("claim %r must be stated once in the book, but is %d times", slug, times)
    return sorted(_ledger_pages(env))


def fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the table in the place of the mark."""
    for mark in list(doctree.findall(ledger)):
        mark.replace_self(nodes.raw("", _table(app, docname), format="html"))


def _in_reading_order(env: BuildEnvironment) -> list[str]:
    order = {name: k for k, name in enumerate(_walk(env, env.config.root_doc))}
    return sorted(_claims(env), key=lambda name: order.get(name, len(order)))


def _walk(env: BuildEnvironment, docname: str) -> list[str]:
    children = env.toctree_includes.get(docname, [])
    return [docname, *(page for child in children for page in _walk(env, child))]


def _table(app: Sphinx, docname: str) -> str:
    env = app.env
    claims = _claims(env)
    counts = Counter(row["verdict"] for rows in claims.values() for row in rows)
    tally = ", ".join(f"{number} {verdict}" for verdict, number in counts.most_common())
    parts = [f'<p class="claims-tally">{sum(counts.values())} claims: {tally}.</p>']
    for page in _in_reading_order(env):
        link = app.builder.get_relative_uri(docname, page)
        title = html.escape(env.titles[page].astext())
        rows = "".join(_row(row, link) for row in claims[page])
        parts.append(
            f'<h2 id="{page.rpartition("/")[2]}">{title}</h2>'
            '<div class="wide-table" role="region" tabindex="0" aria-label="claims">'
            '<table class="table claims-ledger"><thead><tr><th scope="col">claim</th>'
            '<th scope="col">verdict</th><th scope="col">computation</th></tr></thead>'
            f"<tbody>{rows}</tbody></table></div>"
        )
    return "\n".join(parts)


def _row(row: dict[str, str], link: str) -> str:
    cells = {key: html.escape(text) for key, text in row.items()}
    return (
        f'<tr><td><a href="{link}#claim-{cells["slug"]}">{cells["says"]}</a></td>'
        f'<td><span class="claim-verdict claim-{cells["verdict"]}">{cells["verdict"]}</span></td>'
        f"<td>{cells['because']}</td></tr>"
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_node(ledger)
    app.add_directive("claims-ledger", ClaimsLedger)
    app.connect("doctree-read", collect)
    app.connect("env-purge-doc", purge)
    app.connect("env-merge-info", merge)
    app.connect("env-updated", check_and_refresh)
    app.connect("doctree-resolved", fill)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
