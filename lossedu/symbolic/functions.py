"""What SymPy lacks: the logistic sigmoid, Iverson's bracket, and a maximum over a counter."""

from collections.abc import Callable, Sequence
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.concrete.expr_with_limits import ExprWithLimits


class sigmoid(sp.Function):  # noqa: N801  SymPy functions are lower case, like sin
    r"""The logistic function :math:`\sigma(z) = 1 / (1 + e^{-z})`.

    It knows its derivative :math:`\sigma (1 - \sigma)` and rewrites itself in terms of ``exp``.
    """

    nargs = 1
    is_real = True
    is_positive = True

    @classmethod
    def eval(cls, z: sp.Expr) -> sp.Expr | None:
        """Exact values at 0 and at both infinities."""
        if z.is_zero:
            return sp.Rational(1, 2)
        if z is sp.oo:
            return sp.Integer(1)
        return sp.Integer(0) if z is -sp.oo else None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """The derivative, in terms of the function itself."""
        return self * (1 - self)

    def _eval_rewrite_as_exp(self, z: sp.Expr, **_: Any) -> sp.Expr:
        return 1 / (1 + sp.exp(-z))

    def _eval_evalf(self, prec: int) -> sp.Expr:
        return self.rewrite(sp.exp)._eval_evalf(prec)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        inner = printer._print(self.args[0])
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"\sigma{power}\left({inner}\right)"


class above(sp.Function):  # noqa: N801
    """Iverson's bracket [a > b]: 1 where a is larger, else 0; flat, so its derivative is 0."""

    nargs = 2
    is_real = True
    is_nonnegative = True

    @classmethod
    def eval(cls, a: sp.Expr, b: sp.Expr) -> sp.Expr | None:
        """Decided as soon as both sides can be compared."""
        decided = sp.Gt(a, b)
        if decided in (sp.true, sp.false):
            return sp.Integer(int(decided == sp.true))
        return None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Zero: the jump has no slope that anything could follow."""
        return sp.Integer(0)

    def _eval_power(self, exponent: sp.Expr) -> sp.Expr | None:
        return self if exponent.is_positive else None

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        a, b = map(printer._print, self.args)
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"\left[{a} > {b}\right]{power}"


class Largest(ExprWithLimits):
    """The largest value of an expression over a counter, as ``Sum`` is the total of them."""

    is_real = True

    def doit(self, **hints: Any) -> sp.Expr:
        """Write the comparison out once the counter's ends are numbers."""
        ((counter, low, high),) = self.limits
        if not (low.is_Integer and high.is_Integer):
            return self
        each = (self.function.subs(counter, k) for k in range(int(low), int(high) + 1))
        return sp.Max(*(term.doit(**hints) for term in each))

    def _latex(self, printer: Any) -> str:
        counter, inner = self.limits[0][0], printer._print(self.function)
        return rf"\max_{{{printer._print(counter)}}} \left({inner}\right)"


def derivative(expression: sp.Expr, at: sp.Symbol, order: int = 1) -> sp.Expr:
    """Differentiate; at a kink the derivative is that of the flatter side, as torch has it.

    SymPy knows steps and their infinitely narrow peaks; a loss knows brackets, whose slope is 0.
    """
    for _ in range(order):
        expression = sp.diff(expression, at)
        expression = expression.replace(sp.DiracDelta, lambda *_: sp.Integer(0))
        expression = expression.replace(sp.Heaviside, lambda step, *_: above(step, 0))
    return expression


def numeric(symbols: Sequence[sp.Symbol], expression: sp.Expr) -> Callable[..., Any]:
    """The expression as a function of mpmath numbers, to whatever precision is set when called."""
    brackets = {"above": lambda a, b: mp.mpf(a > b)}
    modules = [brackets, "mpmath"]
    plain = expression.rewrite(sigmoid, sp.exp)
    # Parts that come again are computed once, but none that only one branch may ask for.
    shared = not plain.has(sp.Piecewise)
    return sp.lambdify(symbols, plain, modules=modules, cse=shared)  # type: ignore[no-any-return]
