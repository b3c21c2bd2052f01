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
from autograder.bridge.pages import EscapedNames, feedback_html, student_html

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
    '<p class="full-credit modal-backdrop fade" id="focal-conclusion" role="button">over all</p>',
    '<a href="https://example.org">here</a>',
    "[here](https://example.org)",
    "![seen](https://example.org/seen.png)",
    "https://example.org",
    "# A heading",
    "```python\nx = 1\n```",
    "```mermaid\ngraph TD\n```",
    "![gone](attachment:nothing.png)",
    r"$\class{full-credit}{\style{position:fixed}{\href{https://example.org}{x}}}$",
    r"<p>$\cl<!-- -->ass{full-credit}{x}$ $&#92;cssId{score}{x}$ $&#x5c;&#104;ref{x}{y}$</p>",
    r"$\mmlToken{mi}[class='full-credit']{x} \require{html} \bbox[border:9px solid]{x}$",
]
AREAS = ".text_cell_render, .output_html"
ACTING_MATHS = [f"\\{name}" for name in ("class", "cssId", "style", "href", "mmlToken", "bbox")]
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
    return rendered(notebook(texts), template, root)


def rendered(shown, template, root):
    config = Config()
    configure(config, root)
    config.HTMLExporter.template_name = template
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    css = Path(handlers.static_path, "node_modules", "bootstrap", "dist", "css")
    config.HTMLExporter.extra_template_paths = [str(css)]
    names = {"notebook": "n", "score": 1, "max_score": 2, "late_penalty": 0}
    nowhere = dict.fromkeys(("base_url", "submission_id", "notebook_id", "assignment_id"), "")
    resources = {"nbgrader": names, **nowhere, "mathjax_url": "", "index": 0, "total": 1}
    html, _ = HTMLExporter(config=config).from_notebook_node(shown, resources)
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


def posing(soup):
    """All in what a student wrote or showed that looks like a part of the page, or leads away."""
    kept = ("class", "id", "name", "style", "role", "href", "data-toggle")
    inside = [part for area in soup.select(AREAS) for part in area.find_all(True)]
    marked = [str(tag) for tag in inside if set(kept) & set(tag.attrs)]
    maths = [word for word in ACTING_MATHS if word in "".join(texts_outside_code(soup))]
    return marked + maths


def texts_outside_code(soup):
    """What MathJax reads: it leaves code alone."""
    skipped = {"pre", "code", "script", "style", "textarea"}
    return [
        text
        for text in soup.find_all(string=True)
        if not skipped & {parent.name for parent in text.parents}
    ]


@pytest.mark.parametrize("template", ["feedback", "formgrade"])
def test_a_page_with_hostile_cells_acts_no_more_than_one_without(template, tmp_path):
    innocent = acting(page([""], template, tmp_path))

    assert acting(page(EVIL, template, tmp_path)) == innocent
    assert innocent, "the page has scripts of its own, so that the comparison means something"


@pytest.mark.parametrize("template", ["feedback", "formgrade"])
def test_what_a_student_shows_keeps_no_class_id_style_or_address(template, tmp_path):
    soup = page(EVIL, template, tmp_path)

    assert posing(soup) == []
    assert len(soup.select(AREAS)) >= len(EVIL), "the answers are on the page"
    assert "here (https://example.org)" in soup.text, "an address can be read, not followed"


def test_what_a_student_shows_would_pose_without_the_filter():
    written = "".join(f'<div class="output_html">{text}</div>' for text in EVIL)

    assert len(posing(BeautifulSoup(written, "html.parser"))) > len(ACTING_MATHS)


@given(st.lists(st.sampled_from([*EVIL, "text", "<b>", "</b>", "<!--", "-->", "<svg>", "'"])))
def test_no_mixture_of_hostile_pieces_acts(pieces):
    html = f'<div class="output_html">{student_html("".join(pieces))}</div>'
    shown = BeautifulSoup(html, "html.parser")

    assert acting(shown) == []
    assert posing(shown) == []


def test_what_is_harmless_stays():
    table = "<table><tr><td>1</td></tr></table>"
    picture = '<img alt="a plot" src="data:image/png;base64,iVBORw0KGgo=">'

    for harmless in (picture, "<details><summary>Hint</summary>More</details>", r"$\sigma(z)$"):
        assert student_html(harmless) == harmless
    assert "<td>1</td>" in student_html(table)


def test_what_a_check_says_keeps_its_looks_and_its_link_on_the_page_of_its_cell(tmp_path):
    said = '<p style="margin: 0;"><strong style="color: #b42318;">✗ a.b</strong></p>'
    link = '<a href="https://example.org/focal.html">Read on in the book</a>'
    made = notebook([""])
    made.cells[2].outputs = [
        nbformat.v4.new_output("display_data", data={"text/html": said + link})
    ]
    mark = {"grade": True, "solution": False, "grade_id": "a", "points": 1, "score": 1}
    looks = {}
    for name, of_check in (("check", mark), ("student", {**mark, "solution": True})):
        made.cells[2].metadata["nbgrader"] = of_check
        looks[name] = str(rendered(made, "feedback", tmp_path).select_one(".output_html"))

    assert feedback_html(said + link) == said + link
    assert said + link in looks["check"]
    assert "style" not in looks["student"]
    assert "href" not in looks["student"]


def test_names_of_people_and_files_are_text_on_every_page():
    resources = {"student": '<b class="full-credit">', "last_name": '"><b>', "first_name": None}

    _, shown = EscapedNames().preprocess(notebook([]), resources)

    assert shown["student"] == "&lt;b class=&quot;full-credit&quot;&gt;"
    assert shown["last_name"] == "&quot;&gt;&lt;b&gt;"
    assert shown["first_name"] is None


def test_a_drawing_becomes_a_picture_that_says_what_it_shows():
    drawn = student_html('<svg aria-label="two curves"><path d="M0 0"/></svg>')

    assert drawn.startswith('<img alt="two curves" src="data:image/svg+xml;base64,')


@pytest.mark.parametrize("template", ["feedback", "formgrade"])
def test_formulas_and_pasted_pictures_survive(template, tmp_path):
    soup = page(["$a < b$ and **bold** and `x < y`"], template, tmp_path)

    assert "$a < b$" in soup.text
    assert soup.find("strong").text == "bold"
    assert "x < y" in [code.text for code in soup.find_all("code")]
