"""Facts about the sources of the book: the template, short cells, no formula typed by hand."""

import ast
import re
import symtable
from pathlib import Path

import jupytext
import pytest
import yaml

from lossedu.practice.families import family

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
PARTS = ("foundations", "classification", "beyond", "ranking", "similarity", "regression")


def pages() -> list[str]:
    toc = yaml.safe_load((BOOK / "_toc.yml").read_text())
    return [toc["root"], *(c["file"] for part in toc["parts"] for c in part["chapters"])]


PAGES = pages()
CHAPTERS = [page for page in PAGES if page.startswith(PARTS)]


@pytest.fixture
def drills(loaded_extension):
    return loaded_extension("drills")


def source(page: str) -> str:
    return (BOOK / f"{page}.md").read_text()


def notebook(page: str) -> list:
    return jupytext.reads(source(page), fmt="md:myst").cells


def cells(page: str, kind: str) -> list[str]:
    return [cell.source for cell in notebook(page) if cell.cell_type == kind]


def in_view_and_out_of_it(page: str) -> tuple[list[str], list[str]]:
    """The code that readers see, and that of the cells that hand numbers to sentences."""
    code = [cell for cell in notebook(page) if cell.cell_type == "code"]
    hidden = ["remove-cell" in cell.metadata.get("tags", []) for cell in code]
    return (
        [cell.source for cell, out in zip(code, hidden, strict=True) if not out],
        [cell.source for cell, out in zip(code, hidden, strict=True) if out],
    )


def test_every_page_that_exists_is_in_the_table_of_contents():
    written = {p.relative_to(BOOK).with_suffix("").as_posix() for p in BOOK.glob("[a-z]*/*.md")}

    assert written == set(PAGES)


def test_a_claim_stands_once_in_the_book():
    stated = [
        name for page in PAGES for name in re.findall(r'\bclaim\(\s*"([\w-]+)"', source(page))
    ]

    assert len(stated) >= 120
    assert [name for name in set(stated) if stated.count(name) > 1] == []


def test_what_a_claim_measures_is_no_value_beside_itself():
    """A comparison of a value with itself would hold whatever the computation gives."""
    twice = []
    code_cell = re.compile(r"^```\{code-cell\} ipython3\n(?::tags:[^\n]*\n)?(.*?)^```", re.M | re.S)
    stated = [
        code for page in PAGES for code in code_cell.findall(source(page)) if "claim(" in code
    ]
    for call in (node for code in stated for node in ast.walk(ast.parse(code))):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "claim":
            (measured,) = (k.value for k in call.keywords if k.arg == "measured")
            parts = [ast.unparse(part) for part in getattr(measured, "elts", [])]
            if len(parts) > len(set(parts)):
                twice.append(ast.unparse(call.args[0]))

    assert len(stated) >= 120
    assert twice == []


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
    prose = "\n".join(cells(page, "markdown"))
    code = r"^```(\{task\}|\{check\}|\{mistake\}|python)\n.*?^```$"
    markup = r"^:\w+:.*$|\{[a-z:-]+\}(`[^`]*`)?|\$[^$]*\$|[|*`#:]"
    prose = re.sub(markup, " ", re.sub(code, "", prose, flags=re.M | re.S), flags=re.M)

    assert len(prose.split()) <= 2500


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_has_six_to_ten_drills_three_of_which_are_checked_by_code(page, drills):
    asked = drills.families_of(source(page))
    written = drills.drills_of(source(page))

    assert 6 <= len(asked) + len(written) <= 10
    by_code = [name for name in asked if family(name).kind == "code"]
    assert len(by_code) + sum(text.task is not None for _, text in written) >= 3
    assert source(page).count("{drill} ") == len(asked) + len(written), "a drill cannot be read"


def test_no_two_drills_of_the_book_have_one_label(drills):
    labels = [label for page in PAGES for label, _ in drills.drills_of(source(page))]
    labels += [name for page in PAGES for name in drills.families_of(source(page))]

    assert len(labels) == len(set(labels))


@pytest.mark.parametrize("page", CHAPTERS)
def test_drills_become_harder_from_the_first_to_the_last(page, drills):
    levels = [family(name).level for name in drills.families_of(source(page))]

    assert levels == sorted(levels)


@pytest.mark.parametrize("page", PAGES)
def test_cells_parse_are_short_and_import_public_names_in_the_first_one_only(page):
    for number, code in enumerate(cells(page, "code")):
        tree = ast.parse(code)
        long_imports = page in CHAPTERS and number == 0
        assert long_imports or code.count("\n") < 25, f"cell {number} is longer than 25 lines"
        imports = [n for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom))]
        imports = [n for n in imports if ast.unparse(n) != "from myst_nb import glue"]
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


@pytest.mark.parametrize("page", PAGES)
def test_glue_stands_only_in_cells_out_of_view(page):
    seen, _ = in_view_and_out_of_it(page)

    assert [code for code in seen if "glue" in code] == []


# What a laptop shows without scrolling.
COLUMNS = 72


@pytest.mark.parametrize("page", PAGES)
def test_code_in_view_is_at_most_72_columns_wide(page):
    cells_in_view = [
        cell.source
        for cell in notebook(page)
        if cell.cell_type == "code"
        and not {"hide-input", "remove-cell", "remove-input"} & set(cell.metadata.get("tags", []))
    ]

    lines = [line for code in cells_in_view for line in code.splitlines()]
    assert [line for line in lines if len(line) > COLUMNS] == []


def bound_and_read(code: str) -> tuple[set[str], set[str]]:
    """The names that a cell binds, and those that it takes from the cells before it."""
    table = symtable.symtable(code, "cell", "exec")
    bound = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
    tables, read = [table], set()
    while tables:
        inner = tables.pop()
        tables += inner.get_children()
        read |= {s.get_name() for s in inner.get_symbols() if s.is_referenced() and s.is_global()}
    read |= {s.get_name() for s in table.get_symbols() if s.is_referenced()}
    return bound, read - bound


def test_a_name_that_a_function_reads_counts_as_read_and_one_of_a_comprehension_as_not_bound():
    assert bound_and_read("total = sum(v for v in low)\ndef f(x):\n    return x * scale") == (
        {"total", "f"},
        {"sum", "low", "scale"},
    )


@pytest.mark.parametrize("page", PAGES)
def test_no_cell_in_view_reads_what_a_cell_out_of_view_binds(page):
    seen, hidden = in_view_and_out_of_it(page)
    bound = {name for code in hidden for name in bound_and_read(code)[0]}

    for number, code in enumerate(seen):
        taken = bound & bound_and_read(code)[1]
        assert not taken, f"cell {number} needs {taken} of a cell that readers do not see:\n{code}"


@pytest.mark.parametrize("page", PAGES)
def test_a_cell_out_of_view_hands_numbers_to_sentences(page):
    for code in in_view_and_out_of_it(page)[1]:
        assert "glue(" in code, f"readers must see this cell:\n{code}"
