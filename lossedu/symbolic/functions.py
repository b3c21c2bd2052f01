"""The one function that SymPy lacks: the logistic sigmoid, written as people write it."""

from typing import Any

import sympy as sp


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
