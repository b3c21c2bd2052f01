"""The built site stands alone, stays light, and gathers its claims by itself."""

import re
from pathlib import Path

import pytest
from jupyter_book.config import get_final_config

pytestmark = pytest.mark.book

BOOK = Path(__file__).parent.parent.parent / "book"
LOADED = re.compile(
    r"""<(?:script|img|link|iframe|source)\b[^>]*?(?:src|href)=["'](https?:)?//[^"']+"""
)
CANONICAL = re.compile(r"""<link\b[^>]*rel=["'](?:canonical|license)["'][^>]*>""")


def pages(built):
    return [p for p in built.glob("**/*.html") if "_static" not in p.parts]


def test_every_page_is_lighter_than_700_kilobytes(built):
    assert [p.name for p in pages(built) if p.stat().st_size > 700_000] == []


def test_no_page_loads_anything_from_another_host(built):
    for page in pages(built):
        text = CANONICAL.sub("", page.read_text())
        assert LOADED.findall(text) == [], page


def test_no_page_mentions_thebe_or_a_content_network(built):
    for page in pages(built):
        text = page.read_text()
        assert not re.search(r"unpkg\.com|jsdelivr|cdnjs|thebe|fonts\.googleapis", text), page


def test_the_ledger_has_every_claim_of_every_chapter_once(built):
    stated = [
        slug
        for page in BOOK.glob("*/*.md")
        for slug in re.findall(r'\bclaim\("([a-z0-9-]+)"', page.read_text())
    ]
    ledger = (built / "reference" / "claims.html").read_text()

    linked = re.findall(r"#claim-([a-z0-9-]+)", ledger)
    assert sorted(linked) == sorted(stated)
    assert len(stated) >= 35


def test_every_link_of_the_ledger_leads_to_its_claim(built):
    ledger = (built / "reference" / "claims.html").read_text()
    links = re.findall(r'href="\.\./([\w/-]+\.html)#claim-([a-z0-9-]+)"', ledger)
    assert links
    for page, slug in links:
        assert f'id="claim-{slug}"' in (built / page).read_text()


def test_search_index_and_general_index_are_there(built):
    assert "focal" in (built / "searchindex.js").read_text()
    assert "sigmoid_focal_loss" in (built / "genindex.html").read_text()


def test_mathjax_is_in_the_sites_own_folder_with_its_licence(built):
    assert (built / "_static" / "mathjax" / "LICENSE").is_file()
    assert (built / "_static" / "mathjax" / "tex-chtml.js").is_file()


def test_no_output_of_a_page_is_a_warning_or_an_error(built):
    for page in pages(built):
        assert "output stderr" not in page.read_text(), page


def test_no_page_shows_an_object_as_python_writes_it(built):
    """A cell whose last line is an expression shows it, whether somebody meant to or not."""
    shown = re.compile(r"(?:tensor|array|Parameter)\(|grad_fn=|\bat 0x[0-9a-f]+|&lt;[.\w]+ object")
    output = re.compile(r'<div class="output text_plain.*?</pre>', re.DOTALL)
    assert shown.search("tensor(3.1781, grad_fn=&lt;DivBackward0&gt;)")

    for page in pages(built):
        found = [text for text in output.findall(page.read_text()) if shown.search(text)]
        assert found == [], page


def test_no_extension_numbers_figures_since_each_build_would_load_every_page_for_it():
    settings, _ = get_final_config(
        user_yaml=BOOK.parent / "_config.yml",
        sourcedir=BOOK,
        cli_config={"latex_individualpages": False},
    )

    assert settings["numfig"] is False
    # These set it again when Sphinx starts.
    assert {"sphinx_jupyterbook_latex", "sphinx_proof"}.isdisjoint(settings["extensions"])
