"""Formulas of a spec as a notebook shows them.

The loss and its link are printed as the spec has them; what SymPy derives is printed with what is
added before what is taken away: 1 - p, not -p + 1.
"""

import ast
import re
from dataclasses import dataclass
from typing import Any, Literal

import sympy as sp
from sympy.printing.latex import LatexPrinter

from lossedu.losses import LossSpec
from lossedu.names import unknown_name
from lossedu.symbolic.expressions import Setting, curvature, gradient, options, symbol, target_names
from lossedu.symbolic.stated import LETTERS, latex_of, stated, syntax_tree
from lossedu.symbolic.substitution import substituted, tidied

What = Literal["loss", "gradient", "curvature", "link"]


@dataclass(frozen=True)
class Shown:
    """LaTeX that a notebook displays as an equation.

    Attributes:
        latex: The LaTeX source, without delimiters.
    """

    latex: str

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex}\n$$"


_LOG_OF_A_SYMBOL = re.compile(
    r"\\log\{\\left\((\{?\\?\w+\}?(?:_\{\w+\})?) \\right\)\}"
    r"(?=$| [+-]| ?\\right|\})"
)


class _AddedFirst(LatexPrinter):
    def _as_ordered_terms(self, expr: sp.Expr, order: str | None = None) -> list[sp.Expr]:
        terms = super()._as_ordered_terms(expr, order=order)
        return sorted(terms, key=lambda term: bool(term.as_coeff_Mul()[0].is_negative))


def latex(expression: sp.Expr) -> str:
    r"""LaTeX of a derived expression: options as letters, what is added before what is taken away.

    Example:
        >>> gamma, p = sp.symbols("gamma p")
        >>> print(sp.latex(1 - gamma * p), latex(1 - gamma * p), sep=" | ")
        - \gamma p + 1 | 1 - \gamma p
    """
    letters = {s: LETTERS[s.name] for s in expression.free_symbols if s.name in LETTERS}
    printer = _AddedFirst({"symbol_names": letters})
    return _LOG_OF_A_SYMBOL.sub(r"\\log \1", printer.doprint(expression))


def show(spec: LossSpec, what: What = "loss", *, wrt: int = 1, **settings: Setting) -> Shown:
    """Display the loss, its gradient, its curvature, or its link.

    Args:
        spec: The loss.
        what: Which of the four.
        wrt: For losses over classes: the class whose logit moves.
        **settings: Options as for `formula`; ``y=1`` shows one case of the target.

    Returns:
        An object that a notebook renders as an equation.

    Raises:
        ValueError: If ``what`` or an option is unknown.
    """
    argument = latex(symbol(f"{spec.argument}_{wrt}" if spec.indexed else spec.argument))
    if what == "loss":
        return Shown(rf"\ell = {_loss_latex(spec, settings)}")
    if what == "gradient":
        left = rf"\frac{{\partial \ell}}{{\partial {argument}}}"
        return Shown(f"{left} = {latex(gradient(spec, wrt=wrt, **settings))}")
    if what == "curvature":
        left = rf"\frac{{\partial^2 \ell}}{{\partial {argument}^2}}"
        return Shown(f"{left} = {latex(curvature(spec, wrt=wrt, **settings))}")
    if what == "link":
        return Shown(_link_latex(spec))
    raise ValueError(unknown_name("what", what, ("loss", "gradient", "curvature", "link")))


def stated_formula(spec: LossSpec, **settings: Setting) -> ast.expr:
    """The syntax tree of a spec's own text, with its options put in.

    Args:
        spec: The loss.
        **settings: As for `formula`.

    Returns:
        A tree that `latex_of` prints, in the order in which the spec was written.
    """
    tree = substituted(syntax_tree(spec.formula), _trees(target_names(spec)))
    meanings: dict[str, Any] = {}
    for parameter, value, texts in options(spec, settings):
        number = isinstance(value, (int, float, sp.Expr)) and not isinstance(value, bool)
        own = {parameter.name: str(value)} if number else {}
        meanings |= {n: substituted(t, _trees(own)) for n, t in _trees(texts).items()}
    if "y" in settings and not spec.indexed:
        meanings |= _trees({"y": str(settings["y"])})
    return tidied(substituted(tree, meanings))


def _trees(texts: dict[str, str]) -> dict[str, ast.expr]:
    return {ast.unparse(syntax_tree(name)): syntax_tree(text) for name, text in texts.items()}


def _loss_latex(spec: LossSpec, settings: dict[str, Setting]) -> str:
    return latex_of(stated_formula(spec, **settings))


def _link_latex(spec: LossSpec) -> str:
    if not spec.link:
        raise ValueError(f"what must be a part of {spec.name}, but it has no link.")
    # A probability is what there is to say; other abbreviations are said where there is none.
    name = "p[i]" if spec.indexed else "p"
    names = [name] if name in spec.link else list(spec.link)
    return r", \qquad ".join(f"{stated(n)} = {stated(spec.link[n])}" for n in names)
