"""Formulas of a spec as a notebook shows them."""

import re
from dataclasses import dataclass
from typing import Literal

import sympy as sp

from lossedu.losses import LossSpec
from lossedu.symbolic.expressions import Setting, curvature, formula, gradient, parse, symbol

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


_LETTERS = {
    "quantile": r"\tau",
    "exponent": "k",
    "margin": "m",
    "temperature": "T",
    "smooth": r"\kappa",
    "smoothing": r"\varsigma",
}


def latex(expression: sp.Expr) -> str:
    """LaTeX of an expression: options as letters, no brackets where log has a single symbol."""
    letters = {s: _LETTERS[s.name] for s in expression.free_symbols if s.name in _LETTERS}
    return _LOG_OF_A_SYMBOL.sub(r"\\log \1", sp.latex(expression, symbol_names=letters))


def show(spec: LossSpec, what: What = "loss", *, wrt: int = 1, **settings: Setting) -> Shown:
    """Display the loss, its gradient, its curvature, or its link, as derived from the spec.

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
    argument = symbol(f"{spec.argument}_{wrt}" if spec.indexed else spec.argument)
    if what == "loss":
        return Shown(rf"\ell = {latex(formula(spec, **settings))}")
    if what == "gradient":
        left = rf"\frac{{\partial \ell}}{{\partial {latex(argument)}}}"
        return Shown(f"{left} = {latex(gradient(spec, wrt=wrt, **settings))}")
    if what == "curvature":
        left = rf"\frac{{\partial^2 \ell}}{{\partial {latex(argument)}^2}}"
        return Shown(f"{left} = {latex(curvature(spec, wrt=wrt, **settings))}")
    if what == "link":
        return Shown(_link_latex(spec))
    raise ValueError(
        f"what must be one of 'loss', 'gradient', 'curvature', 'link', but is {what!r}."
    )


def _link_latex(spec: LossSpec) -> str:
    if not spec.link:
        raise ValueError(f"what must be a part of {spec.name}, but it has no link.")
    # A probability is what there is to say; other abbreviations are said where there is none.
    name = "p[i]" if spec.indexed else "p"
    names = [name] if name in spec.link else list(spec.link)
    pairs = [(parse(n, over_classes=spec.indexed), _linked(spec, n)) for n in names]
    return r", \qquad ".join(f"{latex(left)} = {latex(right)}" for left, right in pairs)


def _linked(spec: LossSpec, name: str) -> sp.Expr:
    return parse(spec.link[name], over_classes=spec.indexed)
