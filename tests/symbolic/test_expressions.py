"""What SymPy derives from a spec is what a reader would derive by hand."""

import pytest
import sympy as sp

from lossedu import catalog
from lossedu.symbolic import curvature, formula, gradient, in_inputs, show
from lossedu.symbolic.display import latex
from lossedu.symbolic.expressions import symbol

BINARY = catalog.spec("binary_cross_entropy_with_logits")
CATEGORICAL = catalog.spec("cross_entropy")
FOCAL = catalog.spec("sigmoid_focal_loss")

p, y, gamma, alpha = map(symbol, ("p", "y", "gamma", "alpha"))


def test_gradient_of_binary_cross_entropy_is_probability_minus_target():
    assert gradient(BINARY) == p - y


def test_curvature_of_binary_cross_entropy_is_the_bernoulli_variance():
    assert sp.expand(curvature(BINARY) - p * (1 - p)) == 0


def test_gradient_of_cross_entropy_is_p_minus_one_for_the_true_class_and_p_for_another():
    assert gradient(CATEGORICAL) == symbol("p_1") - 1
    assert gradient(CATEGORICAL, wrt=2) == symbol("p_2")


def test_gradient_of_focal_loss_is_that_of_its_docstring():
    expected = alpha * (1 - p) ** gamma * (gamma * p * sp.log(p) + p - 1)

    assert sp.simplify(gradient(FOCAL, y=1) - expected) == 0


def test_gamma_zero_turns_the_focal_formula_into_cross_entropy():
    assert sp.simplify(formula(FOCAL, gamma=0, alpha=None) - formula(BINARY)) == 0


def test_pos_weight_and_smoothing_enter_the_formula_when_asked_for():
    smoothed = formula(BINARY, pos_weight=10, label_smoothing=sp.Rational(1, 5))

    assert smoothed.subs(y, 1) == -9 * sp.log(p) - sp.log(1 - p) / 10


def test_label_smoothing_over_classes_spreads_the_target():
    row = {symbol(f"y_{c}"): int(c == 1) for c in (1, 2)} | {symbol("z_1"): 0, symbol("z_2"): 0}

    half = in_inputs(CATEGORICAL, classes=2, label_smoothing=sp.Rational(1, 2)).subs(row)

    assert sp.simplify(half - sp.log(2)) == 0


@pytest.mark.parametrize("spec", catalog.specs().values(), ids=lambda spec: spec.name)
def test_every_loss_shows_its_formula_and_where_it_is_of_one_number_its_derivatives(spec):
    derivatives = ("gradient", "curvature") if spec.unit in ("entry", "row") else ()
    for what in ("loss", *derivatives):
        latex = show(spec, what).latex

        assert latex.count("=") >= 1
        assert "Derivative" not in latex


def test_gradient_of_the_kl_divergence_is_probability_less_share():
    p_1, y_1 = symbol("p_1"), symbol("y_1")

    assert gradient(catalog.spec("kl_divergence")) == p_1 - y_1


def test_a_sign_may_be_settled_in_a_hinge():
    hinge = show(catalog.spec("hinge_loss"), "gradient", y=1).latex

    assert hinge.endswith(r"- \left[m - s > 0\right]")


def test_an_unknown_option_is_refused_with_the_known_ones():
    with pytest.raises(
        ValueError, match=r"name must be an option of .* \(gamma, alpha\), but is 'g'"
    ):
        formula(FOCAL, g=1)


def test_an_unknown_part_is_refused():
    with pytest.raises(
        ValueError, match="what must be one of 'loss', 'gradient', 'curvature', 'link'"
    ):
        show(FOCAL, "hessian")


def test_latex_keeps_brackets_where_something_follows_the_logarithm():
    p, q = sp.symbols("p q")

    assert latex(sp.log(p) * sp.log(q) * (1 - q)).count(r"\log{\left(") == 1
    assert latex(-sp.log(p)) == r"- \log p"
    assert show(BINARY, y=1).latex == r"\ell = -\log p"
