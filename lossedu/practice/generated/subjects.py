"""What of a loss is asked about: one expression in few symbols, and how it is stated.

A loss of single examples or of rows is asked about in the symbols of its spec; one of lists or
tuples along its axis, as the tables of properties are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import sympy as sp

from lossedu.losses import LossSpec
from lossedu.practice.generated.words import along
from lossedu.properties import along_axis
from lossedu.symbolic import formula, gradient, in_inputs, show
from lossedu.symbolic.display import latex
from lossedu.symbolic.expressions import symbol
from lossedu.symbolic.functions import above, derivative, sigmoid

RANGES: Mapping[str, tuple[float, float]] = {
    "x": (-3, 3),
    "y": (-0.3, 0.3),
    "z": (-3, 3),
    "s": (-3, 3),
    "a": (-3, 3),
    "p": (0.05, 0.95),
    "p_1": (0.1, 0.45),
    "p_2": (0.1, 0.45),
    "y_1": (0.05, 0.9),
    "gamma": (0.5, 3),
    "exponent": (1.2, 2.8),
    "power": (1.1, 1.9),
    "quantile": (0.1, 0.9),
    "smoothing": (0.3, 1.2),
}
"""Where a symbol is looked at; classes' scores as z, everything else from a half to two."""

SAYS: Mapping[str, str] = {
    "x": "prediction",
    "y": "target",
    "z": "logit",
    "s": "score",
    "p": "σ(z)",
    "gamma": "focusing parameter",
    "delta": "where the loss becomes linear",
    "quantile": "the quantile that is estimated",
    "margin": "margin",
    "temperature": "temperature",
    "smoothing": "width of the smooth part",
    "exponent": "exponent",
    "power": "power of the mean that the variance is",
    "alpha": "weight of the class",
    "beta": "weight of recall",
    "sigma": "steepness",
    "smooth": "smoothing term",
    "a": "the axis",
    "p_": "probability of class",
    "y_": "target share of class",
    "z_": "score of class",
    "c_": "cost of class",
    "alpha_": "weight of class",
}


@dataclass(frozen=True)
class Subject:
    """An expression to be differentiated, with the words of the question.

    Attributes:
        stated: The loss as the question shows it, in LaTeX, with what its letters stand for.
        loss: The loss.
        slope: Its derivative.
        argument: The symbol with respect to which it is taken.
        case: What is fixed, in words; may be empty.
        fixed: Symbols of which each listed value is a region.
        inner: The derivative with respect to the probability alone, where there is one.
    """

    stated: str
    loss: sp.Expr
    slope: sp.Expr
    argument: sp.Symbol
    case: str = ""
    fixed: tuple[tuple[str, tuple[float, ...]], ...] = ()
    inner: sp.Expr | None = None


@cache
def subject(spec: LossSpec) -> Subject:
    """What the question about a loss's gradient is about."""
    if spec.unit == "row":
        return _of_a_row(spec)
    if spec.unit == "entry":
        return _of_an_entry(spec)
    return _along_its_axis(spec)


def _of_an_entry(spec: LossSpec) -> Subject:
    argument = symbol(spec.argument)
    linked = "p" in spec.link
    settings = {"y": 1} if linked and spec.parameters and spec.slug == "focal" else {}
    loss = formula(spec, **settings)
    stated = f"$$\\ell = {_latex(spec, **settings)}$$"
    if linked:
        stated += f"\n\nwith ${show(spec, 'link').latex}$"
    case = "for an example of the positive class, $y = 1$" if settings else ""
    fixed: tuple[tuple[str, tuple[float, ...]], ...] = ()
    if spec.targets == "sign":
        case, fixed = r"where $y$ is $-1$ or $+1$", (("y", (-1.0, 1.0)),)
    elif spec.targets == "event" and not settings:
        case, fixed = "where $y$ is 0 or 1", (("y", (0.0, 1.0)),)
    slope = _of_reals(gradient(spec, **settings))
    inner = derivative(loss, symbol("p")) if linked else None
    return Subject(stated, loss, slope, argument, case, fixed, inner)


def _latex(spec: LossSpec, **settings: Any) -> str:
    return show(spec, "loss", **settings).latex.removeprefix(r"\ell = ")


def _of_a_row(spec: LossSpec) -> Subject:
    argument = symbol(f"{spec.argument}_1")
    stated = f"$$\\ell = {_latex(spec)}$$"
    if spec.link:
        stated += f"\n\nwith ${show(spec, 'link').latex}$"
    case = "for $C = 3$ classes"
    if spec.targets == "class" and spec.target == "y":
        case += ", of which class 1 is the true one"
    slope = _turned(gradient(spec))
    if slope.has(symbol("p_2")):
        case += ", with $p_3 = 1 - p_1 - p_2$ put in"
    return Subject(stated, in_inputs(spec), slope, argument, case)


def _turned(expression: sp.Expr) -> sp.Expr:
    """-[b > a] for [a > b] - 1: nothing cancels where the bracket is 1."""
    for bracket in expression.atoms(above):
        if expression.coeff(bracket) == 1 and expression - bracket == -1:
            return -above(*reversed(bracket.args))
    return expression


def _along_its_axis(spec: LossSpec) -> Subject:
    kept = {p.name: p.name for p in spec.parameters if p.shown and p.name != "power"}
    expression, a, axis = along_axis(spec, dict(kept))
    loss = _in_one_sigmoid(sp.simplify(sp.nsimplify(expression, rational=True)))
    case, argument = "", a
    if loss.has(sp.Abs) or loss.has(above):  # a side is chosen, on which the formula is short
        case, argument = "where $a > 0$", sp.Symbol("a", positive=True)
        loss = _apart(sp.simplify(loss.subs(a, argument)))
    stated = f"$$\\ell(a) = {latex(loss)}$$\n\n{along(spec, axis, '$a$')}"
    slope = _apart(sp.simplify(_in_one_sigmoid(derivative(loss, argument))))
    return Subject(stated, loss, slope, argument, case)


def _apart(expression: sp.Expr) -> sp.Expr:
    """An expression in which no power hides inside a logarithm."""
    if not any(log.args[0].is_Pow for log in expression.atoms(sp.log)):
        return expression
    return sp.factor(sp.expand_log(expression, force=True))


def _in_one_sigmoid(expression: sp.Expr) -> sp.Expr:
    """1 - sigmoid(a) for sigmoid(-a), after which much cancels."""
    turned = expression.replace(
        lambda part: isinstance(part, sigmoid) and part.args[0].could_extract_minus_sign(),
        lambda part: 1 - sigmoid(-part.args[0]),
    )
    return expression if turned == expression else sp.simplify(turned)


def _of_reals(expression: sp.Expr) -> sp.Expr:
    """|x|^k for |x^k|, which has no value where x is negative and k no integer."""
    return expression.replace(
        lambda part: isinstance(part, sp.Abs) and part.args[0].is_Pow,
        lambda part: sp.Abs(part.args[0].base) ** part.args[0].exp,
    )


def ranges_of(expression: sp.Expr) -> dict[str, tuple[float, float]]:
    """Where each symbol of an expression is looked at, sorted by name."""
    return {one.name: _range(one) for one in sorted(expression.free_symbols, key=str)}


def _range(symbol_: sp.Symbol) -> tuple[float, float]:
    name = symbol_.name
    if name == "a" and symbol_.is_positive:
        return 0.1, 3.0
    if name in RANGES:
        return RANGES[name]
    return RANGES["z"] if name.startswith("z_") else (0.5, 2.0)
