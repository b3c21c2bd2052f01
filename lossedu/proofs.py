"""Equations that prove themselves: a derivation step is stated once, checked, and displayed.

A chapter writes ``prove("label", left, right)``.  If SymPy shows that the sides are equal the
equation appears on the page; if not, the build stops, names the step and gives numbers at which the
two sides differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

import sympy as sp

from lossedu.symbolic.display import latex
from lossedu.symbolic.functions import sigmoid

_ROUNDS = 8


class ProofError(AssertionError):
    """A derivation step whose two sides are not equal, or not shown to be."""


@dataclass(frozen=True)
class Proved:
    """An equation that has been checked; a notebook renders it.

    Attributes:
        label: The step's name.
        left: The left side, as stated.
        right: The right side, as stated.
        latex: LaTeX source of the whole equation.
    """

    label: str
    left: sp.Expr
    right: sp.Expr
    latex: str

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex}\n$$"


def prove(
    label: str,
    left: sp.Expr,
    right: sp.Expr,
    *,
    where: Mapping[sp.Expr, sp.Expr] | None = None,
    because: str = "",
    shown_left: str = "",
) -> Proved:
    """State that two expressions are equal, check it, and display it.

    Args:
        label: The step's name, unique in its chapter; an error begins with it.
        left: Any SymPy expression; an unevaluated ``Derivative``, ``Integral`` or ``Sum`` is shown
            as it is and evaluated for the check.
        right: What it is equal to.
        where: What abbreviations stand for, such as ``{p: sigmoid(z)}``; both sides are read with
            it.  It is substituted before derivatives are taken.
        because: A short reason, in words, shown behind the equation.
        shown_left: LaTeX for the left side, where a symbol says more than its expression.

    Returns:
        An object that a notebook renders as an equation.

    Raises:
        ProofError: If the sides differ (with numbers at which they do), or if their equality could
            not be shown.

    Example:
        >>> x = sp.Symbol("x", real=True)
        >>> prove("square", (x + 1) ** 2, x**2 + 2 * x + 1).label
        'square'
    """
    left, right = sp.sympify(left), sp.sympify(right)
    spelled = [_spelled_out(side, where or {}) for side in (left, right)]
    difference = spelled[0] - spelled[1]
    if not _is_zero(difference):
        raise ProofError(_complaint(label, left, right, spelled))
    reason = rf" \qquad \text{{{because}}}" if because else ""
    return Proved(label, left, right, f"{shown_left or latex(left)} = {latex(right)}{reason}")


def _spelled_out(side: sp.Expr, where: Mapping[sp.Expr, sp.Expr]) -> sp.Expr:
    for _ in range(len(where)):  # an abbreviation may use another one
        side = side.subs(where)
    return side.doit().rewrite(sigmoid, sp.exp)


def _is_zero(difference: sp.Expr) -> bool:
    """Whether SymPy can show that an expression is 0 everywhere."""
    if difference == 0:
        return True
    if _counterexample(difference) is not None:
        return False
    attempts = (
        sp.simplify,
        lambda e: sp.simplify(sp.expand_log(sp.expand(e), force=True)),
        lambda e: sp.factor(sp.expand_log(sp.together(e), force=True)),
        lambda e: sp.simplify(sp.expand_log(sp.powsimp(sp.simplify(e)), force=True)),
        lambda e: sp.simplify(sp.logcombine(sp.expand(e), force=True)),
    )
    return any(attempt(difference) == 0 for attempt in attempts)


def _draw(symbol: sp.Symbol, random: Random) -> sp.Expr:
    """A number that the symbol may stand for."""
    if symbol.is_integer:
        return sp.Integer(random.randint(1, 6))
    thousandths = random.randint(30, 970) if symbol.is_positive else random.randint(-2000, 2000)
    return sp.Rational(thousandths, 1000)


def _counterexample(difference: sp.Expr) -> dict[sp.Symbol, sp.Expr] | None:
    """Numbers at which an expression is not 0, if a few draws find any."""
    random = Random(0)
    symbols = sorted(difference.free_symbols, key=str)
    for _ in range(_ROUNDS):
        point = {symbol: _draw(symbol, random) for symbol in symbols}
        value = sp.N(difference.subs(point), 40, maxn=400)
        if value.is_number and value.is_finite and abs(value) > sp.Float("1e-25"):
            return point
    return None


def _complaint(label: str, left: sp.Expr, right: sp.Expr, spelled: list[sp.Expr]) -> str:
    stated = f"derivation step {label!r} must hold, but {left} = {right}"
    point = _counterexample(spelled[0] - spelled[1])
    if point is None:
        return (
            f"{stated} could not be shown. "
            "Hint: give the symbols their assumptions (real, positive), or take a smaller step."
        )
    at = ", ".join(f"{symbol} = {float(value):g}" for symbol, value in point.items())
    values = [f"{float(sp.N(side.subs(point), 20)):.10g}" for side in spelled]
    return f"{stated} is false: at {at} the left side is {values[0]}, the right side {values[1]}."
