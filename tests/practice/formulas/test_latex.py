"""Formulas are drawn as textbooks print them."""

import pytest

from lossedu.practice.formulas import latex_of, parse_formula

NAMES = ["p", "q", "gamma", "p_t", "y_hat", "x1", "w_i_j", "x_max", "abc", "z"]
DRAWN = {
    "1/2": r"\frac{1}{2}",
    "p/(1-p)": r"\frac{p}{1 - p}",
    "(1-p)^gamma": r"(1 - p)^{\gamma}",
    "2p(1-p)": r"2 p (1 - p)",
    "2*3": r"2 \cdot 3",
    "p*2": r"p \cdot 2",
    "2(1/2)": r"2 \cdot \frac{1}{2}",
    "-p^2": "-p^{2}",
    "(-p)^2": r"(-p)^{2}",
    "-(p+q)": r"-(p + q)",
    "p-(q-z)": r"p - (q - z)",
    "p+(q-z)": "p + q - z",
    "p-(q*z)": "p - q z",
    "p+(-q)": r"p + (-q)",
    "p*-q": r"p (-q)",
    "(p/q)^2": r"\left(\frac{p}{q}\right)^{2}",
    "e^(-z)": "e^{-z}",
    "exp(-z)": r"\exp(-z)",
    "log(p)^2": r"\log^{2}(p)",
    "log2(p)^2": r"\log_{2}(p)^{2}",
    "softplus(z)": r"\operatorname{softplus}(z)",
    "sigmoid(z)": r"\sigma(z)",
    "log(p/q)": r"\log{\left(\frac{p}{q}\right)}",
    "sqrt(p)": r"\sqrt{p}",
    "|p|": r"\left|p\right|",
    "max(0, p)": r"\max(0, p)",
    "p_t": "p_{t}",
    "ŷ": r"\hat{y}",
    "ŷ^2": r"{\hat{y}}^{2}",
    "x1": "x_{1}",
    "w_i_j": "w_{i, j}",
    "x_max": r"x_{\mathrm{max}}",
    "abc": r"\mathrm{abc}",
    "1e-3": "10^{-3}",
    "2e-3 p": r"2 \cdot 10^{-3} p",
    "1e-3^2": r"(10^{-3})^{2}",
    "pi": r"\pi",
    "ln(p)": r"\log(p)",
}


@pytest.mark.parametrize("typed", DRAWN)
def test_a_formula_is_drawn_as_it_is_printed(typed):
    assert latex_of(parse_formula(typed, NAMES)) == DRAWN[typed]
