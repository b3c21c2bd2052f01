"""Which names some code uses of what it imports, found without running it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from IPython.core.inputtransformer2 import TransformerManager


@dataclass(frozen=True)
class Use:
    """One way in which code uses something that it imports.

    Attributes:
        path: The dotted name: ``"lossedu.losses.mse_loss"``.
        whole: Whether the thing itself is handed on, imported with ``*`` or called without
            arguments, so that anything in it may be meant.
        argument: Of a call, the first argument: its text if it stands there as text, ``""`` if it
            is something else; None if nothing is called.
    """

    path: str
    whole: bool = False
    argument: str | None = None


@cache
def cell_tree(source: str) -> ast.Module:
    """The syntax tree of a notebook's cell; empty where there is none, since the cell will fail.

    Nobody changes it: a build asks several times for each cell.
    """
    try:
        return ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError:
        return ast.Module([], [])


def uses(*trees: ast.Module) -> set[Use]:
    """Everything that pieces of code, which share their names, use of what they import."""
    imports = [node for tree in trees for node in _imports(tree)]
    visitor = _Visitor({name: path for node in imports for name, path in _bound(node).items()})
    for node in imports:
        visitor.found |= _imported(node)
    for tree in trees:
        visitor.visit(tree)
    return visitor.found


def _imports(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """The import statements that may run, wherever they stand."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif not isinstance(node, ast.expr):  # no statement stands in an expression
            waiting.extend(reversed(list(_running(node))))


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """What stands in a piece of code, less what only type checkers read."""
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        yield from node.orelse
    else:
        yield from ast.iter_child_nodes(node)


def _bound(node: ast.Import | ast.ImportFrom) -> dict[str, str]:
    """The names that a statement binds, and what each stands for."""
    if isinstance(node, ast.ImportFrom):
        return {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names if a.name != "*"}
    return {
        alias.asname or alias.name.partition(".")[0]: alias.name
        if alias.asname
        else alias.name.partition(".")[0]
        for alias in node.names
    }


def _imported(node: ast.Import | ast.ImportFrom) -> set[Use]:
    """What a statement loads by itself."""
    if isinstance(node, ast.Import):
        return {Use(alias.name) for alias in node.names}
    return {
        Use(node.module or "", whole=True) if a.name == "*" else Use(f"{node.module}.{a.name}")
        for a in node.names
    }


class _Visitor(ast.NodeVisitor):
    def __init__(self, bound: dict[str, str]) -> None:
        self._bound = bound
        self.found: set[Use] = set()

    def _path(self, node: ast.expr) -> str | None:
        """The dotted name that an expression stands for, if it begins with an imported one."""
        if isinstance(node, ast.Name):
            return self._bound.get(node.id)
        if isinstance(node, ast.Attribute) and (owner := self._path(node.value)):
            return f"{owner}.{node.attr}"
        return None

    def generic_visit(self, node: ast.AST) -> None:
        for part in _running(node):
            self.visit(part)

    def visit_Call(self, node: ast.Call) -> None:
        path = self._path(node.func)
        first = next(iter(node.args), None) or next((k.value for k in node.keywords), None)
        if path is None:
            self.visit(node.func)
        elif isinstance(first, ast.Constant) and isinstance(first.value, str):
            self.found.add(Use(path, argument=first.value))
        else:  # a call without arguments asks for everything
            self.found.add(Use(path, argument="") if first else Use(path, whole=True))
        for value in [*node.args, *(keyword.value for keyword in node.keywords)]:
            self.visit(value)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        path = self._path(node)
        if path is None:
            self.visit(node.value)
        else:
            self.found.add(Use(path, whole=True))

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load) and (path := self._bound.get(node.id)):
            self.found.add(Use(path, whole=True))
