"""Put options into the text of a formula, and drop what that makes trivial, in the order it has.

SymPy would do both and sort the result.
"""

import ast
from collections.abc import Mapping
from typing import Any

_ZERO, _ONE = ast.Constant(0), ast.Constant(1)


class _Substitution(ast.NodeTransformer):
    def __init__(self, meanings: Mapping[str, ast.expr]) -> None:
        self.meanings = meanings

    def visit(self, node: ast.AST) -> Any:
        """Replace a part whose text has a meaning; look into all others."""
        if isinstance(node, ast.expr) and ast.unparse(node) in self.meanings:
            return self.meanings[ast.unparse(node)]
        return self.generic_visit(node)


def substituted(tree: ast.expr, meanings: Mapping[str, ast.expr]) -> ast.expr:
    """A formula in which each name (``p``, ``alpha[i]``) is replaced by its meaning.

    Example:
        >>> tree = ast.parse("a*x + b", mode="eval").body
        >>> ast.unparse(substituted(tree, {"b": ast.parse("1 - a", mode="eval").body}))
        'a * x + (1 - a)'
    """
    copied = ast.parse(ast.unparse(tree), mode="eval").body  # the transformer works in place
    changed: ast.expr = _Substitution(meanings).visit(copied)
    return changed


class _Tidying(ast.NodeTransformer):
    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        left, right = node.left, node.right
        if isinstance(node.op, ast.Mult):
            return _times(left, right, node)
        if isinstance(node.op, ast.Div):
            return left if _is(right, 1) or _is(left, 0) else node
        if isinstance(node.op, ast.Pow):
            return _ONE if _is(right, 0) else left if _is(right, 1) else node
        if _is(right, 0):
            return left
        if isinstance(node.op, ast.Add):
            return right if _is(left, 0) else node
        if ast.unparse(left) == ast.unparse(right):
            return _ZERO
        return ast.UnaryOp(ast.USub(), right) if _is(left, 0) else node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        return node.operand if _is(node.operand, 0) else node


def _times(left: ast.expr, right: ast.expr, node: ast.BinOp) -> ast.expr:
    if _is(left, 0) or _is(right, 0):
        return _ZERO
    if _is(left, 1):
        return right
    if isinstance(left, ast.UnaryOp) and _is(left.operand, 1):
        return ast.UnaryOp(left.op, right)
    return left if _is(right, 1) else node


def _is(node: ast.expr, value: int) -> bool:
    return isinstance(node, ast.Constant) and node.value == value


def tidied(tree: ast.expr) -> ast.expr:
    """A formula without terms that are 0, factors and powers that are 1.

    Example:
        >>> tree = ast.parse("-1*y*(1 - p)**0*log(p) - (1 - 1)*p", mode="eval").body
        >>> ast.unparse(tidied(tree))
        '-y * log(p)'
    """
    changed: ast.expr = _Tidying().visit(tree)
    return changed
