"""Whatever a submission shows, a page that a teacher opens does nothing in her name."""

import re
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from nbconvert.exporters import HTMLExporter
from nbgrader.server_extensions.formgrader import handlers
from traitlets.config import Config

from autograder.bridge.configuration import configure
from autograder.bridge.pages import clean_html

EVIL = [
    "<script>steal()</script>",
    "<img src=x onerror=steal()>",
    "<svg onload=steal()><script>steal()</script></svg>",
    "<svg/onload=steal()>",
    '<a href="javascript:steal()">here</a>',
    '<a href="data:text/html,<script>steal()</script>">here</a>',
    '<iframe src="https://example.org"></iframe>',
    '<form action="/formgrader"><input name="score" class="score"></form>',
    '<p style="position:fixed;background:url(javascript:steal())">over all</p>',
    "<math><mtext><script>steal()</script></mtext></math>",
    '<object data="x"></object><embed src="x"><base href="https://example.org">',
    '"><script>steal()</script>',
    "<style>@import 'https://example.org'</style>",
    '<meta http-equiv="refresh" content="0;url=https://example.org">',
    '<img src="https://example.org/seen.png">',
]
# What the sandbox lets through as text; its pictures are vetted there, byte by byte.
KINDS = ["text/html", "text/plain", "image/svg+xml"]


def outputs(evil):
    shown = [nbformat.v4.new_output("display_data", data={kind: evil}) for kind in KINDS]
    return [
        *shown,
        nbformat.v4.new_output("stream", name="stderr", text=evil),
        nbformat.v4.new_output("error", ename=evil, evalue=evil, traceback=[evil]),
    ]


def notebook(texts):
    cells = []
    for text in texts:
        cells.append(nbformat.v4.new_markdown_cell(text))
        cells.append(nbformat.v4.new_raw_cell(text))
        cells.append(nbformat.v4.new_code_cell(text, outputs=outputs(text) if text else []))
    return nbformat.v4.new_notebook(cells=cells)


def page(texts, template, root):
    config = Config()
    configure(config, root)
    config.HTMLExporter.template_name = template
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    css = Path(handlers.static_path, "node_modules", "bootstrap", "dist", "css")
    config.HTMLExporter.extra_template_paths = [str(css)]
    names = {"notebook": "n", "score": 1, "max_score": 2, "late_penalty": 0}
    nowhere = dict.fromkeys(("base_url", "submission_id", "notebook_id", "assignment_id"), "")
    resources = {"nbgrader": names, **nowhere, "mathjax_url": "", "index": 0, "total": 1}
    html, _ = HTMLExporter(config=config).from_notebook_node(notebook(texts), resources)
    return BeautifulSoup(html, "html.parser")


def acting(soup):
    """All in a page that does, sends or hides something."""
    tags = soup.select("script, iframe, form, input, object, embed, base, meta, style, svg, link")
    handlers = [
        f"{name}={value}"
        for tag in soup.find_all(True)
        for name, value in tag.attrs.items()
        if name.startswith("on") or re.match(r"\s*(javascript|data:text)", str(value), re.I)
    ]
    outside = [
        tag["src"] for tag in soup.select("img[src]") if not tag["src"].startswith("data:image/")
    ]
    moving = [tag["style"] for tag in soup.select("[style]") if "position" in tag["style"]]
    return sorted(map(str, [*tags, *handlers, *outside, *moving]))


@pytest.mark.parametrize("template", ["feedback", "formgrade"])
def test_a_page_with_hostile_cells_acts_no_more_than_one_without(template, tmp_path):
    innocent = acting(page([""], template, tmp_path))

    assert acting(page(EVIL, template, tmp_path)) == innocent
    assert innocent, "the page has scripts of its own, so that the comparison means something"


@given(st.lists(st.sampled_from([*EVIL, "text", "<b>", "</b>", "<!--", "-->", "<svg>", "'"])))
def test_no_mixture_of_hostile_pieces_acts(pieces):
    assert acting(BeautifulSoup(clean_html("".join(pieces)), "html.parser")) == []


def test_what_is_harmless_stays():
    table = "<table><tr><td>1</td></tr></table>"
    said = '<p style="margin: 0;"><strong style="color: #b42318;">✗ a.b</strong></p>'
    picture = '<img alt="a plot" src="data:image/png;base64,iVBORw0KGgo=">'

    for harmless in (said, picture, "<details><summary>Hint</summary>More</details>"):
        assert clean_html(harmless) == harmless
    assert "<td>1</td>" in clean_html(table)


def test_a_drawing_becomes_a_picture_that_says_what_it_shows():
    drawn = clean_html('<svg aria-label="two curves"><path d="M0 0"/></svg>')

    assert drawn.startswith('<img alt="two curves" src="data:image/svg+xml;base64,')


@pytest.mark.parametrize("template", ["feedback", "formgrade"])
def test_formulas_and_pasted_pictures_survive(template, tmp_path):
    soup = page(["$a < b$ and **bold** and `x < y`"], template, tmp_path)

    assert "$a < b$" in soup.text
    assert soup.find("strong").text == "bold"
    assert "x < y" in [code.text for code in soup.find_all("code")]
