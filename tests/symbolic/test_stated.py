"""A formula is printed in the order and grouping in which it was typed, and means the same."""

import ast
import random
import re

import pytest
import sympy as sp

from lossedu import catalog
from lossedu.symbolic import formula, show
from lossedu.symbolic.display import latex, stated_formula
from lossedu.symbolic.expressions import parse
from lossedu.symbolic.stated import latex_of, stated

SPECS = list(catalog.specs().values())

PRINTED = {
    "1 - gamma*p": r"1 - \gamma p",
    "(1 - p)**gamma*log(p)": r"(1 - p)^{\gamma} \log p",
    "log(p)*(1 - p)": r"\log (p) \cdot (1 - p)",
    "a - (b - c)": "a - (b - c)",
    "a + (b + c)": "a + (b + c)",
    "-a*b": "-a b",
    "a*(-b)": "a (-b)",
    "a*(b*c)": "a (b c)",
    "2*3*x": r"2 \cdot 3 x",
    "(a/b)**2": r"\left(\frac{a}{b}\right)^{2}",
    "exp(z)**2": "(e^{z})^{2}",
    "2**y[i]": "2^{y_{i}}",
    "Derivative(ell, z)": r"\frac{\partial \ell}{\partial z}",
    "Derivative(E(ell_focal), (x, 2))": r"\frac{d^{2}}{d x^{2}} \mathrm{E}\, \ell_{\text{focal}}",
    "Integral((x - t)*f(t), (t, -oo, x))": r"\int_{-\infty}^{x} (x - t) f(t) \, dt",
    "Sum(q[i], (i, 1, C))*x": r"\left(\sum_{i=1}^{C} q_{i}\right) x",
    "2*cos(b + u)": r"2 \cos(b + u)",
    "Limit(log(p), p, 0)": r"\lim_{p \to 0} \log p",
    "At(Derivative(E(ell), z), q, p)": (
        r"\left. \frac{d}{d z} \mathrm{E}\, \ell \,\right|_{q = p}"
    ),
    "Part(a + b, 'the floor') + c": r"\underbrace{a + b}_{\text{the floor}} + c",
    "Piecewise((0, y*s >= 1), (1 - y*s, True))": (
        r"\begin{cases} 0 & \text{for}\: y s \ge 1 \\ 1 - y s & \text{otherwise} \end{cases}"
    ),
}


@pytest.mark.parametrize("text", PRINTED)
def test_a_formula_is_printed_as_it_was_typed(text):
    assert stated(text) == PRINTED[text]


@pytest.mark.parametrize("text", ["x if y else z", "x @ y", "+x", "'word'", "x <", "[x]", "not x"])
def test_what_is_no_formula_is_refused(text):
    with pytest.raises(ValueError, match="formula must"):
        stated(text)


def drawn(rng: random.Random, depth: int) -> str:
    """A formula with brackets where chance has them."""
    if depth == 0 or rng.random() < 0.15:
        return rng.choice(["a", "b", "c", "2", "3"])
    left, right = (drawn(rng, depth - 1) for _ in range(2))
    return rng.choice(
        [
            f"({left} + {right})",
            f"{left}*-({right})",
            f"({left}) - ({right})",
            f"({left})*({right})",
            f"({left})*{right}",
            f"-({left})",
            f"({left})/({right} + 7)",
            f"({left})**2",
            f"log({left})",
            f"log({left})*({right})",
            f"exp({left})",
        ]
    )


def log(x: float) -> float:
    """Some function: what is printed as a logarithm has to be applied to what it was typed for."""
    return 0.3 + x / (1 + abs(x))


def exp(x: float) -> float:
    """Another one."""
    return 0.7 * x / (2 + abs(x)) - 0.2


class Reader:
    """The value of a printed formula, as a person reads it: products bind before sums."""

    def __init__(self, text: str, values: dict[str, float]) -> None:
        plain = text.replace(r"\left", "").replace(r"\right", "")
        self.tokens, self.values = re.findall(r"\\[a-z]+|\d|[a-z]|[-+^(){}]", plain), values

    def next(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def take(self, expected: str) -> None:
        assert self.tokens.pop(0) == expected

    def sum(self) -> float:
        total = 0 if self.next() == "-" else self.product()
        while self.next() in ("+", "-") and self.next():
            sign = 1 if self.tokens.pop(0) == "+" else -1
            total += sign * self.product()
        return total

    def product(self) -> float:
        total = self.power()
        while self.next() not in ("", "+", "-", ")", "}"):
            if self.next() == r"\cdot":
                self.take(r"\cdot")
            total *= self.power()
        return total

    def power(self) -> float:
        base = self.atom()
        if self.next() == "^":
            self.take("^")
            return base ** self.group("{}")
        return base

    def group(self, ends: str) -> float:
        self.take(ends[0])
        inside = self.sum()
        self.take(ends[1])
        return inside

    def atom(self) -> float:
        if self.next() == "(":
            return self.group("()")
        token = self.tokens.pop(0)
        if token == r"\frac":
            above = self.group("{}")
            return above / self.group("{}")
        if token == r"\log":
            return log(self.atom())
        if token == "e":
            self.take("^")
            return exp(self.group("{}"))
        return self.values.get(token) or float(token)


@pytest.mark.parametrize("seed", range(60))
def test_what_is_printed_reads_as_what_was_typed(seed):
    text, values = drawn(random.Random(seed), 4), {"a": 0.37, "b": 1.91, "c": 0.73}

    reader = Reader(stated(text), values)

    typed = eval(text, {"log": log, "exp": exp, **values})
    assert reader.sum() == pytest.approx(typed, rel=1e-9), (text, stated(text))
    assert reader.tokens == []


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
@pytest.mark.parametrize("off", [False, True], ids=["letters", "off"])
def test_what_show_prints_of_a_loss_is_its_formula(spec, off):
    settings = {parameter.name: None for parameter in spec.parameters} if off else {}

    tree = stated_formula(spec, **settings)

    worth = parse(ast.unparse(tree), over_classes=spec.indexed)
    assert sp.simplify(worth - formula(spec, **settings)) == 0
    assert show(spec, **settings).latex == rf"\ell = {latex_of(tree)}"


@pytest.mark.parametrize("y", [0, 1])
def test_one_case_of_the_target_keeps_the_order_of_the_spec(y):
    spec = catalog.spec("sigmoid_focal_loss")

    assert show(spec, y=y, alpha=None).latex == (
        r"\ell = -(1 - p)^{\gamma} \log p" if y else r"\ell = -p^{\gamma} \log (1 - p)"
    )


def test_what_sympy_derives_is_printed_with_what_is_added_first():
    gamma, p, y = sp.symbols("gamma p y")

    assert latex(1 - gamma * p) == r"1 - \gamma p"
    assert latex(p - y) == "p - y"
    assert latex(-p - y) == "- p - y"
