"""Formulas are drawn as textbooks print them."""

import pytest

from lossedu.practice.formulas import latex_of, parse_formula

NAMES = ["p", "q", "gamma", "p_t", "y_hat", "x1", "w_i_j", "x_max", "abc", "z"]
DRAWN = {
    "1/2": r"\frac{1}{2}",
    "p/(1-p)": r"\frac{p}{1 - p}",
    "(1-p)^gamma": r"\left(1 - p\right)^{\gamma}",
    "2p(1-p)": r"2 p \left(1 - p\right)",
    "2*3": r"2 \cdot 3",
    "p*2": r"p \cdot 2",
    "2(1/2)": r"2 \cdot \frac{1}{2}",
    "-p^2": "-p^{2}",
    "(-p)^2": r"\left(-p\right)^{2}",
    "-(p+q)": r"-\left(p + q\right)",
    "p-(q-z)": r"p - \left(q - z\right)",
    "p+(q-z)": "p + q - z",
    "p-(q*z)": "p - q z",
    "p+(-q)": r"p + \left(-q\right)",
    "p*-q": r"p \left(-q\right)",
    "(p/q)^2": r"\left(\frac{p}{q}\right)^{2}",
    "e^(-z)": "e^{-z}",
    "exp(-z)": r"\exp\left(-z\right)",
    "log(p)^2": r"\log^{2}\left(p\right)",
    "log2(p)^2": r"\log_{2}\left(p\right)^{2}",
    "softplus(z)": r"\operatorname{softplus}\left(z\right)",
    "sigmoid(z)": r"\sigma\left(z\right)",
    "sqrt(p)": r"\sqrt{p}",
    "|p|": r"\left|p\right|",
    "max(0, p)": r"\max\left(0, p\right)",
    "p_t": "p_{t}",
    "ŷ": r"\hat{y}",
    "ŷ^2": r"{\hat{y}}^{2}",
    "x1": "x_{1}",
    "w_i_j": "w_{i, j}",
    "x_max": r"x_{\mathrm{max}}",
    "abc": r"\mathrm{abc}",
    "1e-3": "10^{-3}",
    "2e-3 p": r"2 \cdot 10^{-3} p",
    "1e-3^2": r"\left(10^{-3}\right)^{2}",
    "pi": r"\pi",
    "ln(p)": r"\log\left(p\right)",
}


@pytest.mark.parametrize("typed", DRAWN)
def test_a_formula_is_drawn_as_it_is_printed(typed):
    assert latex_of(parse_formula(typed, NAMES)) == DRAWN[typed]
