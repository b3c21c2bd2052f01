"""The directive ``{claims-ledger}``: every claim of the book, part by part, gathered by itself.

A page shows a claim as the output of a cell, an ``<article class="claim">`` that carries its own
data.  This extension finds these in every page as it is read; when all are known it fills the
ledger, and turns the keys of works into links to the bibliography.  A part's claims stand in its
chapters and on ``reference/claims-<part>``.
"""

import html
import json
import re
from collections import Counter
from collections.abc import Callable
from itertools import groupby
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from lossedu.claims import GUIDES

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


Row = dict[str, Any]
_CITED = re.compile(r'<cite data-key="([^"]*)">[^<]*</cite>')
_OWN_PAGE = "reference/claims-"


def _claims(env: BuildEnvironment) -> dict[str, list[Row]]:
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
    """Refuse two claims of one name and sources that are not listed; write again what is stale."""
    rows = [row for page in _claims(env).values() for row in page]
    count = Counter(row["slug"] for row in rows)
    for slug, times in count.items():
        if times > 1:
            logger.warning("claim %r must be stated once in the book, but is %d times", slug, times)
    works = _works(env)
    for row in rows:
        for key in set(row["source"]) - works.keys() - set(GUIDES):
            message = "claim %r must have a source in the bibliography, but %r is not there"
            logger.warning(message, row["slug"], key)
    return _stale(env, works)


def _works(env: BuildEnvironment) -> dict[str, list[str]]:
    """Of each work in the bibliography, all that a page with a claim shows of it."""
    return {
        citation.key: [
            citation.citation_id,
            citation.bibliography_key.docname,
            *map(str, citation.entry.persons["author"]),
            citation.entry.fields.get("year", ""),
        ]
        for citation in env.get_domain("cite").citations
    }


def _stale(env: BuildEnvironment, works: dict[str, list[str]]) -> list[str]:
    """The pages to write again since the last time.

    The ledger if a claim, a title or a work has changed; the pages with claims if a work has.
    """
    claims = {page: _claims(env)[page] for page in _in_reading_order(env)}
    titles = [env.titles[page].astext() for page in claims]
    shown = (list(claims.items()), titles, works)
    before = getattr(env, "lossedu_claims_shown", None)
    env.lossedu_claims_shown = shown  # type: ignore[attr-defined]
    if shown == before:
        return []
    again = set(claims) if before is None or before[2] != works else set()
    return sorted(_ledger_pages(env) | again)


def fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the table in the place of the mark, and links in the place of keys."""
    for mark in list(doctree.findall(ledger)):
        mark.replace_self(nodes.raw("", _ledger(app, docname), format="html"))
    for raw in doctree.findall(nodes.raw):
        if "data-claim=" in raw.astext():
            linked = _CITED.sub(lambda key: _work(app, docname, key.group(1)), raw.astext())
            raw.children = [nodes.Text(linked)]
            raw.rawsource = linked


def _work(app: Sphinx, docname: str, key: str) -> str:
    """Who wrote a work, and when, as a link to the bibliography."""
    for citation in app.env.get_domain("cite").citations:
        if citation.key == key:
            page = citation.bibliography_key.docname
            names = [str(person.last_names[-1]) for person in citation.entry.persons["author"]]
            who = " and ".join(names) if len(names) < 3 else f"{names[0]} et al."
            text = html.escape(f"{who}, {citation.entry.fields['year']}".translate(_NO_BRACES))
            link = app.builder.get_relative_uri(docname, page)
            return f'<a href="{link}#{citation.citation_id}">{text}</a>'
    return html.escape(key)


_NO_BRACES = str.maketrans("", "", "{}")


def _part(page: str) -> str:
    """The part of the book that a page belongs to: its folder, or what a page of rows says."""
    own = page.removeprefix(_OWN_PAGE)
    return own if own != page else page.partition("/")[0]


def _in_reading_order(env: BuildEnvironment) -> list[str]:
    """Pages with claims, part by part; rows that no chapter shows come last in their part."""
    order = list(_walk(env, env.config.root_doc))
    parts = list(dict.fromkeys(map(_part, order)))
    pages = [name for name in order if name in _claims(env)]
    return sorted(
        pages, key=lambda n: (parts.index(_part(n)), n.startswith(_OWN_PAGE), order.index(n))
    )


def _walk(env: BuildEnvironment, docname: str) -> list[str]:
    children = env.toctree_includes.get(docname, [])
    return [docname, *(page for child in children for page in _walk(env, child))]


def _ledger(app: Sphinx, docname: str) -> str:
    pages = _in_reading_order(app.env)
    parts = [(part, list(names)) for part, names in groupby(pages, key=_part)]
    sections = [_tally(app.env, parts)]
    for part, names in parts:
        sections.append(f'<h2 id="{part}">{part.capitalize()}</h2>')
        sections += [_section(app, docname, page) for page in names]
    return "\n".join(sections)


def _tally(env: BuildEnvironment, parts: list[tuple[str, list[str]]]) -> str:
    """How many claims of each verdict a part has."""
    counts = {
        part: Counter(row["verdict"] for name in names for row in _claims(env)[name])
        for part, names in parts
    }
    total: Counter[str] = sum(counts.values(), Counter())
    verdicts = [verdict for verdict, _ in total.most_common()]
    head = "".join(f'<th scope="col">{v}</th>' for v in (*verdicts, "all"))
    body = "".join(
        f'<tr><th scope="row"><a href="#{part}">{part.capitalize()}</a></th>'
        + "".join(f"<td>{n or ''}</td>" for n in (*(count[v] for v in verdicts), count.total()))
        + "</tr>"
        for part, count in counts.items()
    )
    return (
        f'<p class="claims-tally">{total.total()} claims.</p>'
        '<div class="wide-table" role="region" tabindex="0" aria-label="claims by part">'
        f'<table class="table"><thead><tr><th scope="col">part</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _section(app: Sphinx, docname: str, page: str) -> str:
    link = app.builder.get_relative_uri(docname, page)
    title = html.escape(app.env.titles[page].astext())
    rows = "".join(
        _row(row, link, lambda key: _work(app, docname, key)) for row in _claims(app.env)[page]
    )
    heads = "".join(
        f'<th scope="col">{head}</th>' for head in ("claim", "verdict", "computation", "source")
    )
    return (
        f'<h3 id="{page.replace("/", "-")}"><a href="{link}">{title}</a></h3>'
        f'<div class="wide-table" role="region" tabindex="0" aria-label="claims: {title}">'
        f'<table class="table claims-ledger"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(row: Row, link: str, work: Callable[[str], str]) -> str:
    cells = {key: html.escape(row[key]) for key in ("slug", "says", "verdict", "because")}
    sources = ", ".join(name if name in GUIDES else work(name) for name in row["source"])
    verdict = f'<span class="claim-verdict claim-{cells["verdict"]}">{cells["verdict"]}</span>'
    if row.get("formerly"):
        verdict += f" (at first: {row['formerly']})"
    return (
        f'<tr><td><a href="{link}#claim-{cells["slug"]}">{cells["says"]}</a></td>'
        f"<td>{verdict}</td><td>{cells['because']}</td><td>{sources}</td></tr>"
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
    return {"version": "2", "parallel_read_safe": True, "parallel_write_safe": True}
