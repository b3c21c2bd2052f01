"""From SymPy to the language in which answers are typed.

Options get the letters that formulas show them by, for nobody types ``temperature`` where T stands.
Pieces become steps: ``Piecewise((a, x > 1), (b, True))`` is
``a*step(x - 1) + b*step(1 - x)``, the same everywhere but where the pieces meet.
"""

from typing import Any

import sympy as sp
from sympy.printing.str import StrPrinter

TYPED = {
    "quantile": "tau",
    "exponent": "k",
    "margin": "m",
    "power": "p",
    "temperature": "T",
    "smooth": "kappa",
}
"""Options that are typed as the letter that stands for them."""


def typed_name(name: str) -> str:
    """What a symbol is typed as."""
    return TYPED.get(name, name)


class _TypedPrinter(StrPrinter):  # type: ignore[misc]
    """Python's notation, but for the functions that are named otherwise."""

    def _print_Symbol(self, expr: Any) -> str:  # noqa: N802
        return typed_name(expr.name)

    def _print_Abs(self, expr: Any) -> str:  # noqa: N802
        inner = expr.args[0]
        if inner.is_Pow:  # |x^k| has no value for x < 0 and a broken k; |x|^k has
            return str(self._print(sp.Abs(inner.base) ** inner.exp))
        return f"abs({self._print(inner)})"

    def _print_above(self, expr: Any) -> str:
        return f"step({self._print(expr.args[0] - expr.args[1])})"

    def _print_Max(self, expr: Any) -> str:  # noqa: N802
        return f"max({self.stringify(sorted(expr.args, key=str), ', ')})"

    def _print_Min(self, expr: Any) -> str:  # noqa: N802
        return f"min({self.stringify(sorted(expr.args, key=str), ', ')})"

    def _print_Exp1(self, expr: Any) -> str:  # noqa: N802
        return "exp(1)"

    def _print_Piecewise(self, expr: Any) -> str:  # noqa: N802
        return f"({self._print(in_steps(expr))})"


class _step(sp.Function):  # type: ignore[misc]  # noqa: N801
    """1 where its argument is positive, else 0; only printed."""

    nargs = 1


def in_steps(pieces: sp.Piecewise) -> sp.Expr:
    """Pieces as a sum; a piece of a single point is left out, for nothing is compared there."""
    total, rest = sp.Integer(0), sp.Integer(1)
    for value, condition in pieces.args:
        if condition is sp.true:
            return total + rest * value
        if isinstance(condition, sp.Eq):
            continue
        above = condition.gts - condition.lts
        total += rest * _step(above) * value
        rest *= _step(-above)
    return total


def typed(expression: sp.Expr) -> str:
    """An expression as somebody types it.

    Example:
        >>> x, gamma = sp.symbols("x gamma")
        >>> typed(gamma * sp.Abs(x) ** 2 / 2 + sp.Rational(1, 3))
        'gamma*abs(x)^2/2 + 1/3'
    """
    exact = sp.nsimplify(expression, rational=True)
    exact = in_steps(exact) if isinstance(exact, sp.Piecewise) else exact
    text = str(_TypedPrinter().doprint(exact))
    return text.replace("**", "^").replace("_step(", "step(")
