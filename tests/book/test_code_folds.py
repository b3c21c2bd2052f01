"""Folded code is a word at the edge of what it made, and preparations stand in the first box."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from lossedu.proofs import prove

PYTHON = {
    "kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"},
    "language_info": {"name": "python", "pygments_lexer": "python"},
}
EQUATION = {"text/latex": "$$\na = b\n$$"}
FIGURE = {"text/html": '<figure class="plot"></figure>'}


@pytest.fixture
def page_of(small_book):
    """The HTML of a notebook with cells that have run."""

    def build(*cells):
        book = new_notebook(cells=[new_markdown_cell("# Chapter"), *cells], metadata=PYTHON)
        nbformat.write(book, small_book.source / "page.ipynb")
        index = {"index": "# Book\n\n```{toctree}\npage\n```\n"}
        assert small_book.build(index, extensions=["myst_nb", "code_folds"]) == ""
        return (small_book.site / "page.html").read_text()

    return build


def cell(code, *outputs, tags=("hide-input",)):
    shown = [new_output("display_data", data=data) for data in outputs]
    return new_code_cell(code, outputs=shown, metadata={"tags": list(tags)})


def kind_of_cell(page):
    return re.findall(r'class="cell [^"]*\b(fold-[a-z-]+)', page)


def test_the_fold_of_a_proof_says_proved_and_stands_before_its_equation(page_of):
    page = page_of(cell('prove("slope", left, right)', EQUATION))

    assert kind_of_cell(page) == ["fold-at-edge"]
    assert '<details class="code-fold proved">' in page
    assert '<summary aria-label="proved: the code behind it">proved</summary>' in page
    assert page.index("code-fold") < page.index("a = b")


@pytest.mark.parametrize(
    "code", ['x = 1\nprove("a", b, c)', "shown = [prove(n, a, b) for n in names]"]
)
def test_a_proof_anywhere_in_the_cell_counts(page_of, code):
    assert "code-fold proved" in page_of(cell(code, EQUATION, EQUATION))


def test_the_fold_of_an_inequality_that_was_tested_on_a_grid_does_not_say_proved(page_of):
    step = prove("top", "x*exp(-x)*(2 + x) <= 1.3", domain="x >= 0", grid={"x": [0, 1, 5]})

    page = page_of(cell('prove("top", statement)', {"text/latex": step._repr_latex_()}))

    assert step.basis == "tested"
    assert '<details class="code-fold tested">' in page
    assert "proved" not in page


@pytest.mark.parametrize("code", ["equation(MSE)", "improve(1)", "book.prove(1)"])
def test_an_equation_without_a_proof_does_not_claim_one(page_of, code):
    page = page_of(cell(code, EQUATION))

    assert kind_of_cell(page) == ["fold-at-edge"]
    assert "proved" not in page


@pytest.mark.parametrize("outputs", [[FIGURE], [EQUATION, FIGURE]])
def test_the_fold_of_anything_else_stands_at_its_foot(page_of, outputs):
    page = page_of(cell('prove("x", a, b)', *outputs))

    assert kind_of_cell(page) == ["fold-at-foot"]
    assert page.index("<figure") < page.index('class="code-fold code"')


def test_code_in_sight_and_cells_out_of_sight_are_left_alone(page_of):
    page = page_of(cell("seen = 1", tags=()), cell("gone = 1", tags=("remove-cell",)))

    assert "seen" in page
    assert "gone" not in page
    assert "code-fold" not in page


def test_preparations_behind_the_first_box_go_to_its_end(page_of):
    box = new_markdown_cell("```{admonition} Before you start\nKnow this.\n```")
    text = new_markdown_cell("## The question\n\nWhy?")

    page = page_of(box, cell("import torch"), cell("use_style()"), text, cell("later = 1"))

    foot = page[page.index("before-you-start-code") : page.index("Why?")]
    assert page.index("Know this.") < page.index("before-you-start-code") < page.index("torch")
    assert "use_style" in foot
    assert "later" not in foot


def test_cells_that_only_prepare_and_follow_one_another_share_a_fold(page_of):
    text = new_markdown_cell("Why?")

    page = page_of(cell("one = 1"), cell("two = 2"), cell("three = 3"), text, cell("four = 4"))

    folds = re.findall(r"<details class=\"code-fold setup\">.*?</details>", page, re.DOTALL)
    assert [re.findall("one|two|three|four", fold) for fold in folds] == [
        ["one", "two", "three"],
        ["four"],
    ]


def test_what_shows_something_or_follows_a_sentence_stays_in_its_place(page_of):
    box = new_markdown_cell("```{admonition} Before you start\nKnow this.\n```")

    page = page_of(box, cell("draw()", FIGURE), cell("import torch"))

    assert "before-you-start-code" not in page
