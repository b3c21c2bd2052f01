"""A true step is shown; a false one stops, names the step and says where it fails."""

import pytest
import sympy as sp

from lossedu import catalog
from lossedu.proofs import ProofError, prove
from lossedu.symbolic import formula, sigmoid
from lossedu.symbolic.expressions import symbol

z, p, y, gamma = map(symbol, ("z", "p", "y", "gamma"))
SIGMOID = {p: sigmoid(z)}
LOSS = formula(catalog.spec("binary_cross_entropy_with_logits"))


def test_a_true_step_is_displayed_as_it_was_stated():
    step = prove("gradient", sp.Derivative(LOSS, z), p - y, where=SIGMOID, because="chain rule")

    assert step.latex.endswith(r"= p - y \qquad \text{chain rule}")
    assert r"\frac{\partial}{\partial z}" in step.latex
    assert step._repr_latex_().startswith("$$")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (sigmoid(-z), 1 - sigmoid(z)),
        (sp.log(1 + sp.exp(z)), z + sp.log(1 + sp.exp(-z))),
        (-sp.log(sigmoid(z)), sp.log(1 + sp.exp(-z))),
        (sp.Derivative(sigmoid(z), z), sigmoid(z) * (1 - sigmoid(z))),
        (sp.Integral(sp.exp(-(z**2)), (z, -sp.oo, sp.oo)), sp.sqrt(sp.pi)),
        (sp.Sum(z, (symbol("i"), 1, 3)), 3 * z),
    ],
    ids=str,
)
def test_steps_that_chapters_need_are_shown(left, right):
    assert prove("step", left, right)


def test_a_wrong_sign_stops_with_the_step_and_a_counterexample():
    with pytest.raises(
        ProofError, match=r"derivation step 'gradient' must hold, but .* is false: at "
    ):
        prove("gradient", sp.Derivative(LOSS, z), p + y, where=SIGMOID)


def test_a_wrong_factor_that_vanishes_at_zero_is_found():
    with pytest.raises(ProofError, match="step 'factor'"):
        prove("factor", z**2, z**3)


def test_abbreviations_may_use_one_another():
    a = sp.Symbol("a", real=True)

    assert prove("chain", sp.log(p), -sp.log(1 + sp.exp(-a)), where={p: sigmoid(z), z: a})
