"""The cheat sheet is what the specifications say, with gradients that are right."""

import re

import pytest

from lossedu import catalog
from lossedu.choosing import Sheet, advice, sheet_row

SPECS = list(catalog.specs().values())
LONGEST = 140


@pytest.fixture(scope="module")
def rows():
    return {spec.name: sheet_row(spec) for spec in SPECS}


@pytest.mark.slow
def test_every_loss_has_a_row_with_a_formula_and_a_gradient_that_fit(rows):
    for spec in SPECS:
        row = rows[spec.name]
        assert row.formula == spec.stated != ""
        assert 0 < len(row.gradient) <= LONGEST
        assert row.lines == advice(spec.name)


@pytest.mark.parametrize(
    ("name", "gradient", "along"),
    [
        ("mse_loss", r"2 \left(x - y\right)", ""),
        ("binary_cross_entropy_with_logits", "p - y", ""),
        ("cross_entropy", "p_{1} - 1", "class 1 is true"),
        (
            "sigmoid_focal_loss",
            r"\left(1 - p\right)^{\gamma} \left(\gamma p \log p + p - 1\right)",
            "y = 1, alpha off",
        ),
        ("triplet_loss", r"- \left[m - a > 0\right]", None),
        ("pairwise_logistic_loss", r"- \frac{\sigma}{e^{a \sigma} + 1}", None),
    ],
)
def test_gradients_are_those_that_people_derive(name, gradient, along):
    row = sheet_row(catalog.spec(name))

    assert row.gradient == gradient
    assert row.along == along or (along is None and row.along.startswith("a: "))


@pytest.mark.parametrize(
    ("name", "convex", "smooth", "bounded"),
    [
        ("mse_loss", True, True, False),
        ("l1_loss", True, False, True),
        ("huber_loss", True, True, True),
        ("hinge_loss", True, False, True),
        ("sigmoid_focal_loss", False, True, True),
    ],
)
def test_shapes_are_computed(name, convex, smooth, bounded):
    row = sheet_row(catalog.spec(name))

    assert (row.facts.convex, row.smooth, row.bounded_gradient) == (convex, smooth, bounded)


def test_what_a_notebook_shows_has_a_cell_for_each_heading_and_escapes_what_it_is_given():
    shown = Sheet([sheet_row(catalog.spec(name)) for name in ("l1_loss", "quantile_loss")])

    text = shown._repr_html_()

    lines = re.findall(r'<tr[^>]*><th scope="row">.*?</tr>', text)
    assert len(lines) == 2
    assert {line.count("<td") for line in lines} == {len(re.findall('scope="col"', text)) - 1}
    assert "&gt; 0" in text
    assert not re.search(r"\\\([^)]*[<>]", text)


def test_a_formula_breaks_between_its_pieces_and_says_no_words():
    shown = Sheet([sheet_row(catalog.spec(name)) for name in ("cross_entropy", "td_loss")])

    text = shown._repr_html_()

    assert r"p_i\)</span> <span" in text
    assert r"\(p = \mathrm{softmax}(z)\)" in text
    assert "huber" not in text.lower()


def test_what_is_not_for_paper_is_marked():
    on_paper = Sheet([sheet_row(catalog.spec("hinge_loss"))])._repr_html_()
    off_paper = Sheet([sheet_row(catalog.spec("perceptron_loss"))])._repr_html_()

    assert "off-paper" not in on_paper
    assert "off-paper" in off_paper
