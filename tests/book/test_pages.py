"""Facts about the sources of the book: the template, short cells, no formula typed by hand."""

import ast
import re
from pathlib import Path

import jupytext
import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
BOOK = ROOT / "book"
HEADINGS = [
    "The question",
    "By hand",
    "Definition",
    "Where it comes from",
    "Value, gradient, curvature",
    "In code",
    "On data",
    "Where it fails",
    "What people say that is not so",
    "In production",
    "In an interview",
    "Drills",
    "In short",
    "Sources",
]
PARTS = ("foundations", "classification")


def pages() -> list[str]:
    toc = yaml.safe_load((BOOK / "_toc.yml").read_text())
    return [toc["root"], *(c["file"] for part in toc["parts"] for c in part["chapters"])]


PAGES = pages()
CHAPTERS = [page for page in PAGES if page.startswith(PARTS)]


def source(page: str) -> str:
    return (BOOK / f"{page}.md").read_text()


def cells(page: str, kind: str) -> list[str]:
    notebook = jupytext.reads(source(page), fmt="md:myst")
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


def test_every_page_that_exists_is_in_the_table_of_contents():
    written = {p.relative_to(BOOK).with_suffix("").as_posix() for p in BOOK.glob("[a-z]*/*.md")}

    assert written == set(PAGES)


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_has_the_headings_of_the_template_in_order(page):
    assert re.findall(r"^## (.+)$", source(page), re.MULTILINE) == HEADINGS


@pytest.mark.parametrize("page", [*CHAPTERS, "reference/loss-atlas"])
def test_no_display_equation_is_typed_by_hand(page):
    for text in cells(page, "markdown"):
        assert "$$" not in text, "state it with prove() or show it from the spec"
        assert "{math}" not in text
        assert r"\begin{" not in text


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_proves_its_derivation(page):
    between = source(page).split("## Where it comes from")[1].split("\n## ")[0]

    assert between.count("prove(") >= 7


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_is_at_most_2500_words(page):
    prose = " ".join(cells(page, "markdown"))
    prose = re.sub(r"\{[a-z:]+\}`[^`]*`|\$[^$]*\$|[|*`#:]", " ", prose)

    assert len(prose.split()) <= 2500


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_has_six_to_ten_drills_three_of_which_check_themselves(page):
    text = source(page).split("## Drills")[1].split("## In short")[0]

    assert 6 <= len(re.findall(r"```\{exercise(-start)?\}", text)) <= 10
    assert len(re.findall(r"```\{exercise-start\}", text)) >= 3


@pytest.mark.parametrize("page", PAGES)
def test_cells_parse_are_short_and_import_public_names_in_the_first_one_only(page):
    for number, code in enumerate(cells(page, "code")):
        tree = ast.parse(code)
        long_imports = page in CHAPTERS and number == 0
        assert long_imports or code.count("\n") < 25, f"cell {number} is longer than 25 lines"
        imports = [n for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom))]
        if page in CHAPTERS and number:
            assert not imports, f"cell {number} imports; the first cell is the place"
        for statement in imports:
            module = getattr(statement, "module", None) or ""
            names = [alias.name for alias in statement.names]
            assert not any(part.startswith("_") for part in [*module.split("."), *names])


@pytest.mark.parametrize("page", PAGES)
def test_sources_hold_no_outputs(page):
    assert "<svg" not in source(page)
    assert "data:image" not in source(page)


@pytest.mark.parametrize("page", CHAPTERS)
def test_every_figure_has_a_name_a_caption_and_a_text_for_those_who_do_not_see_it(page):
    for code in cells(page, "code"):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "show":
                given = {keyword.arg for keyword in node.keywords}
                assert {"name", "caption", "alt"} <= given


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_has_three_to_five_figures(page):
    calls = [code for code in cells(page, "code") if re.search(r"^(show|explorable)\(", code, re.M)]

    assert 3 <= len(calls) <= 5


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_includes_the_packages_own_function(page):
    included = re.findall(r"literalinclude\} (\S+)\n:pyobject: (\w+)", source(page))

    assert included
    for path, name in included:
        assert f"def {name}(" in (BOOK / page).parent.joinpath(path).resolve().read_text()
