"""What a drill of the bank is without scripts: a box, a link, cells of a notebook."""

import re
import shutil
from pathlib import Path

import nbformat
import pytest
import yaml

from lossedu.practice.families import bank

ROOT = Path(__file__).parent.parent.parent.parent
FAMILIES = Path(__file__).parent / "families"
EXTENSIONS = ["myst_nb", "folds", "drills", "practice"]
START = """---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

# Chapter

```{code-cell} ipython3
start = 4
```

"""


def ask(name, *options):
    return "\n".join([f"```{{drill}} {name}", *options, "```", ""])


@pytest.fixture
def book(own_extensions, small_book, monkeypatch, tmp_path):
    """A small book with a bank of its own, which a test may change."""
    folder = tmp_path / "bank"
    shutil.copytree(FAMILIES, folder)
    monkeypatch.setattr(bank, "bank_folder", lambda: folder)
    monkeypatch.setattr(bank, "made_families", dict)
    bank.families.cache_clear()
    known = yaml.safe_load((ROOT / "_config.yml").read_text())["sphinx"]["config"]
    settings = {
        "extensions": EXTENSIONS,
        "chapter_packages": known["chapter_packages"],
        "chapter_lookups": known["chapter_lookups"],
    }
    (small_book.source / "_vendor").symlink_to(ROOT / "book" / "_vendor")
    settings["exclude_patterns"] = ["_vendor"]
    small_book.bank = folder
    small_book.ask = lambda text, **more: small_book.build({"page": text}, **settings, **more)
    yield small_book
    bank.families.cache_clear()


def page_of(book):
    return (book.site / "page.html").read_text()


def text_of(html):
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", "", html))


def test_a_family_is_a_drill_with_number_title_effort_and_a_link(book):
    text = START + ask("a-number") + ask("a-formula", ":label: other") + "\n{ref}`other`\n"
    assert book.ask(text) == ""

    page = page_of(book)

    assert 'id="a-number"' in page
    assert 'data-family="a-number" data-kind="number"' in page
    assert "Drill 1. What one outlier weighs (easy, 1 minute)" in text_of(page)
    assert "Drill 2. The gradient of focal loss (hard, 3 minutes)" in text_of(page)
    assert 'href="#other"' in page


def test_the_answer_is_folded_and_hints_and_misconceptions_are_not_on_the_page(book):
    assert book.ask(START + ask("a-number")) == ""

    seen, folded = page_of(book).split("<summary>Solution</summary>")

    assert "Which share of the sum of squares" in text_of(seen)
    assert "The share is" in text_of(folded)
    assert "Compare what one large residual adds" not in page_of(book)
    assert "share of the absolute error" not in page_of(book)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ask("a-numbre"), "Hint"),
        (ask("a-number") * 2, "a drill must stand once on a page, but a-number does twice."),
    ],
    ids=["unknown", "twice"],
)
def test_a_name_that_is_no_family_or_stands_twice_is_an_error_at_its_line(book, text, says):
    complaints = book.ask(START + text)

    assert says in complaints
    assert "page.md:" in complaints


def test_every_family_has_a_script_and_a_change_draws_that_family_alone(book):
    scripts = book.site / "_static" / "practice" / "bank"
    cache = book.site.parent / ".practice"
    text = START + ask("a-number")
    book.ask(text)
    names = {path.stem for path in FAMILIES.glob("*.yaml")}
    assert {path.stem for path in scripts.glob("*.js")} == names
    first = {path.name: path.stat().st_mtime_ns for path in cache.glob("*.js")}

    book.ask(text)
    again = {path.name: path.stat().st_mtime_ns for path in cache.glob("*.js")}
    family = book.bank / "a-number.yaml"
    family.write_text(family.read_text().replace("one of size", "a single one of size"))
    (book.bank / "a-match.yaml").unlink()
    bank.families.cache_clear()
    (cache / "stamp").unlink()  # the bank of this test lies outside of the package
    book.ask(text)

    assert again == first
    changed = {path.name: path.stat().st_mtime_ns for path in cache.glob("*.js")}
    assert {name for name in first if changed.get(name) != first[name]} == {
        "a-number.js",
        "a-match.js",
    }
    assert "a single one of size" in (scripts / "a-number.js").read_text()
    assert "a single one of size" in page_of(book)
    assert not (scripts / "a-match.js").exists()


def test_the_notebook_has_code_as_cells_and_the_rest_as_text(book):
    names = [path.stem for path in sorted(FAMILIES.glob("*.yaml"))]
    text = START + "\n".join(map(ask, names))
    extensions = [*EXTENSIONS, "notebooks"]
    known = {"extensions": extensions}

    complaints = book.build(
        {"page": text},
        **known,
        exclude_patterns=["_vendor"],
        chapter_packages=["lossedu"],
        chapter_lookups={},
    )

    assert complaints == ""
    notebook = nbformat.read(book.site / "page.ipynb", as_version=4)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert "import math" in code
    assert "def softplus(z):\n    return ..." in code
    assert 'with drill_check("softplus"):\n    assert softplus(1000) == 1000' in code
    words = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert "Which share of the sum of squares is the one residual?" in words
    assert "<summary>Solution</summary>" in words
    assert '<img alt="A parabola and a V' in words
    assert "<svg" not in words
