"""The book on paper: one document, contents with page numbers, nothing clipped, no network."""

import importlib.util
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pypdf import PdfReader

ROOT = Path(__file__).parent.parent.parent
PROGRAM = ROOT / "book" / "_pdf"
TOC = {"root": "start/a", "parts": [{"caption": "One & two", "chapters": [{"file": "one/b"}]}]}
PAGE = """<html><head>
<link href="../_static/styles/theme.css?digest=1" rel="stylesheet" />
<link rel="stylesheet" href="../_static/custom.css?v=2" />
<link rel="preload" as="script" href="../_static/b.js" />
<script>window.MathJax = {{"a": 1}}</script><script src="../_static/other.js"></script>
<script defer="defer" src="../_static/mathjax/tex-chtml.js"></script></head><body>
<article class="bd-article"><h1>{title}<a class="headerlink" href="#x">#</a></h1>{body}</article>
<footer>foot</footer></body></html>"""


def load(name):
    spec = importlib.util.spec_from_file_location(f"pdf_{name}", PROGRAM / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


assemble, printing = load("assemble"), load("printing")


@pytest.fixture
def site(tmp_path):
    """A site of two pages, given their bodies."""

    def make(first="", second=""):
        for name, title, body in (("start/a", "A", first), ("one/b", "B &lt; C", second)):
            path = tmp_path / f"{name}.html"
            path.parent.mkdir(exist_ok=True)
            path.write_text(PAGE.format(title=title, body=body))
        return tmp_path

    return make


def written(site):
    return assemble.document(site, TOC, title="T & U", by="us")


def test_pages_follow_the_table_of_contents_under_their_captions(site):
    text = written(site("first", "second"))

    contents = re.search(r"<nav.*?</nav>", text)[0]
    assert re.findall(r'<a href="#([\w-]+)">(.*?)</a>', contents) == [
        ("start-a--top", "A"),
        ("one-b--top", "B &lt; C"),
    ]
    assert '<p class="part">One &amp; two</p>' in contents
    assert text.index("first") < text.index("second")
    assert "T &amp; U" in text
    assert "foot" not in text


def test_only_style_sheets_and_the_setter_of_formulas_come_along(site):
    text = written(site())

    assert 'href="_static/styles/theme.css?digest=1"' in text
    assert 'href="_static/custom.css?v=2"' in text
    assert 'src="_static/mathjax/tex-chtml.js"' in text
    assert "window.MathJax" in text
    assert "other.js" not in text
    assert "b.js" not in text


def test_anchors_are_unique_and_links_stay_inside_where_they_can(site):
    first = (
        '<p id="x">1</p><a href="#x">own</a><a class="r" href="../one/b.html#x">other</a>'
        '<a href="../one/b.html">page</a><a href="../reference/api.html">out</a>'
        '<a href="https://example.org/">far</a>'
    )
    text = written(site(first, '<p id="x">2</p><label for="x">l</label>'))

    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    links = {words: address for address, words in re.findall(r'href="([^"]+)">(\w+)</a>', text)}
    assert links == {
        "A": "#start-a--top",
        "own": "#start-a--x",
        "other": "#one-b--x",
        "page": "#one-b--top",
        "far": "https://example.org/",
    }
    assert "out</a>" in text
    assert 'for="one-b--x"' in text


def test_pictures_keep_their_parts_and_interactive_figures_their_elements(site):
    body = (
        '<svg><clipPath id="p"></clipPath><g clip-path="url(#p)"><use xlink:href="#m"/></g></svg>'
        '<div id="focal"></div>'
        """<script>(f)({"name": "focal", "sliders": [], "say": '<g id="' + cut})</script>"""
        '<img src="../_images/x.png">'
    )
    text = written(site(body))

    assert 'id="start-a--p"' in text
    assert "url(#start-a--p)" in text
    assert 'xlink:href="#start-a--m"' in text
    assert """"name": "start-a--focal", "sliders": [], "say": '<g id="' + cut}""" in text
    assert 'src="_images/x.png"' in text


def test_without_a_browser_one_line_says_what_to_install(site, tmp_path):
    (site() / "index.html").write_text("")
    command = [sys.executable, str(PROGRAM), str(tmp_path), str(tmp_path / "out.pdf")]

    done = subprocess.run(command, capture_output=True, text=True, env={"PATH": str(tmp_path)})

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "Hint: sudo apt-get install chromium libatomic1" in done.stderr
    assert not (tmp_path / "out.pdf").exists()


def test_without_a_site_one_line_says_how_to_make_it(tmp_path):
    command = [sys.executable, str(PROGRAM), str(tmp_path), str(tmp_path / "out.pdf")]

    done = subprocess.run(command, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (
        1,
        f"There is no site in {tmp_path}. Hint: make book\n",
    )


@pytest.mark.browser
def test_the_contents_name_the_pages_of_paper(browser, site):
    long = "".join(f"<p>line {k}</p>" for k in range(120))
    folder = site(long, "the end")
    for name in ("_static/styles/theme.css", "_static/custom.css", "_static/logo.svg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    (folder / "_static" / "mathjax").mkdir()
    (folder / "_static" / "mathjax" / "tex-chtml.js").write_text("")

    data, numbers = printing.print_book(browser, folder, written(folder))

    pages = [page.extract_text() for page in PdfReader(io.BytesIO(data)).pages]
    (end,) = [k for k, text in enumerate(pages, start=1) if "the end" in text]
    assert numbers["one-b--top"] == end
    contents = next(text for text in pages if "Contents" in text)
    assert re.search(rf"B < C\s*{end}\b", contents)


@pytest.mark.browser
def test_what_the_site_does_not_have_stops_the_printing(browser, site):
    folder = site('<img src="../_images/gone.png">')

    with pytest.raises(FileNotFoundError, match=r"_images/gone\.png"):
        printing.print_book(browser, folder, written(folder))


@pytest.mark.browser
@pytest.mark.book
@pytest.mark.slow
def test_the_whole_course_is_printed_with_its_contents_and_nothing_clipped(browser, built):
    toc = assemble.table_of_contents(ROOT / "book")

    text = assemble.document(built, toc, title="lossedu", by="us")
    data, numbers = printing.print_book(browser, built, text)

    reader = PdfReader(io.BytesIO(data))
    pages = [page.name for part in assemble.parts(built, toc) for page in part.pages]
    beginnings = [numbers[assemble.anchor(page)] for page in pages]
    assert beginnings == sorted(set(beginnings))
    assert len(pages) >= 12
    assert len(reader.outline) > 10
    assert "/StructTreeRoot" in reader.trailer["/Root"], "tagged, for those who listen to it"
    # The interactive figure of the focal chapter drew itself.
    begin = numbers[assemble.anchor("classification/focal")]
    chapter = "".join(page.extract_text() for page in reader.pages[begin - 1 : begin + 25])
    assert "ratio to cross-entropy" in chapter
