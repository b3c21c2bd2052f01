"""The text of a step: its sides, the relations between them, what its names mean."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from lossedu.symbolic.expressions import parse, symbol
from lossedu.symbolic.functions import sigmoid
from lossedu.symbolic.stated import latex_of, syntax_tree

_RELATIONS = (">=", "<=", "=", ">", "<")
_SIGNS = {">=": r"\ge", "<=": r"\le"}
_SYMPY = (
    *("log", "exp", "sqrt", "Abs", "Max", "Min", "sign", "cos", "cosh", "pi", "oo", "Piecewise"),
    *("Derivative", "Integral", "Sum", "Limit", "Largest", "above", "sigmoid", "At", "Part"),
)
_PACKAGE = (
    *("x", "y", "z", "s", "d", "q", "w", "u", "v", "epsilon", "p", "k", "alpha", "beta"),
    *("gamma", "delta", "sigma", "quantile", "exponent", "margin", "temperature", "i", "j", "C"),
)
_NUMBERED = ("z_", "p_", "y_", "q_", "alpha_")

Where = Mapping[str, Any]
"""What names stand for: text, a SymPy expression, or a function of expressions."""


@dataclass(frozen=True)
class Side:
    """One side of a step.

    Attributes:
        text: As it was typed.
        latex: As it is printed.
        read: What SymPy reads, with every name replaced by its meaning.
        worth: The same with every derivative, integral, limit and sum worked out.
    """

    text: str
    latex: str
    read: sp.Expr
    worth: sp.Expr


@dataclass(frozen=True)
class Step:
    """What is stated: sides, and a relation between each and the next."""

    sides: tuple[Side, ...]
    relations: tuple[str, ...]

    @property
    def latex(self) -> str:
        """The whole statement as it is printed."""
        text = self.sides[0].latex
        for relation, side in zip(self.relations, self.sides[1:], strict=True):
            text += f" {_SIGNS.get(relation, relation)} {side.latex}"
        return text


def read_step(statement: str, where: Where) -> Step:
    """Read a statement such as ``Derivative(ell, z) = p - y``.

    Raises:
        ValueError: If it has no relation, is no formula, or uses a name without a meaning.
    """
    texts, relations = _split(statement)
    if not relations:
        raise ValueError(f"statement must relate two sides with = >= <= > <, but is {statement!r}.")
    meanings = _meanings(where)
    trees = [syntax_tree(text) for text in texts]
    for tree in trees:
        _check_names(tree, meanings)
    sides = (_side(text, tree, meanings) for text, tree in zip(texts, trees, strict=True))
    return Step(tuple(sides), tuple(relations))


def _side(text: str, tree: ast.expr, meanings: Mapping[str, Any]) -> Side:
    read = _read(tree, meanings)
    return Side(text, latex_of(tree), read, read.doit().rewrite(sigmoid, sp.exp))


def _split(statement: str) -> tuple[list[str], list[str]]:
    """Sides and relations; a relation inside brackets belongs to its side."""
    texts, relations, depth = [""], [], 0
    for word in statement.split(" "):
        if word in _RELATIONS and depth == 0:
            relations.append(word)
            texts.append("")
            continue
        depth += sum(word.count(c) for c in "([") - sum(word.count(c) for c in ")]")
        texts[-1] += word + " "
    return [text.strip() for text in texts], relations


def _meanings(where: Where) -> dict[str, Any]:
    """Each name's meaning, read with the names before it."""
    known: dict[str, Any] = {}
    for name, value in where.items():
        if isinstance(value, str):
            tree = syntax_tree(value)
            _check_names(tree, known)
            known[name] = _read(tree, known)
        elif isinstance(value, sp.Expr):
            earlier = {symbol(n): m for n, m in known.items() if isinstance(m, sp.Expr)}
            known[name] = value.subs(earlier)
        else:
            known[name] = value
    return known


def _check_names(tree: ast.expr, meanings: Mapping[str, Any]) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            name = node.id
            known = name in meanings or name in _SYMPY or name in _PACKAGE
            if not known and not name.startswith(_NUMBERED):
                raise ValueError(
                    f"statement must use names that mean something, but {name!r} has no meaning. "
                    "Hint: say it in where."
                )


class _Unnamed(ast.NodeTransformer):
    """Parts lose the words below them: SymPy has no use for those."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        return node.args[0] if ast.unparse(node.func) == "Part" else node


def _read(tree: ast.expr, meanings: Mapping[str, Any]) -> sp.Expr:
    plain = _Unnamed().visit(ast.parse(ast.unparse(tree), mode="eval").body)
    return parse(ast.unparse(plain), meanings=meanings)
