"""What the cells of a notebook define, and what depends on what, as far as text tells."""

import ast
import symtable
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache


class Program:
    """What the cells of a notebook define, as far as its text tells."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.bound: dict[str, list[ast.stmt]] = defaultdict(list)
        self._patches: list[ast.stmt] = []
        self.has_star = False
        self._uses: dict[int, set[str]] = {}
        for source in sources.values():
            tree = parsed(source)
            for statement in () if tree is None else tree.body:
                for single in _singly(statement):
                    self._note(single)

    def reached(self, function: str, apart: tuple[str, ...] = ()) -> list[ast.stmt]:
        """The statements at the top of cells that a function depends on, without those apart."""
        statements = [*self.bound.get(function, ()), *self._patches]
        known = {function, *apart}
        for statement in statements:  # grows while it is walked
            for name in self._referenced(statement) - known:
                known.add(name)
                statements += self.bound.get(name, ())
        return statements

    def is_own(self, base: ast.expr) -> bool:
        """Whether an attribute is one of the student's own class or object."""
        return isinstance(base, ast.Name) and (
            base.id in ("self", "cls")
            or any(isinstance(one, ast.ClassDef) for one in self.bound.get(base.id, ()))
        )

    def text_of(self, node: ast.expr) -> str | None:
        """The text that an expression is known to be, put together from constants."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return _joined(map(self.text_of, (node.left, node.right)))
        if isinstance(node, ast.JoinedStr):
            return _joined(map(self.text_of, node.values))
        if isinstance(node, ast.FormattedValue):
            return self.text_of(node.value)
        if isinstance(node, ast.Name):
            values = [
                one.value for one in self.bound.get(node.id, ()) if isinstance(one, ast.Assign)
            ]
            return self.text_of(values[0]) if len(values) == 1 else None
        return None

    def _note(self, statement: ast.stmt) -> None:
        names = _names(statement, "assigned")
        for name in names:
            self.bound[name].append(statement)
        if isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*":
            self.has_star = True
        if _patches(statement):
            self._patches.append(statement)

    def _referenced(self, statement: ast.stmt) -> set[str]:
        # Every function of the notebook reaches the imports: look into each statement once.
        if id(statement) not in self._uses:
            self._uses[id(statement)] = _names(statement, "referenced")
        return self._uses[id(statement)]


def program_of(sources: Mapping[str, str]) -> Program:
    """The program of some cells, kept from one check of a submission to the next."""
    return _program(tuple(sources.items()))


@lru_cache(maxsize=4)
def _program(cells: tuple[tuple[str, str], ...]) -> Program:
    return Program(dict(cells))


def parsed(source: str) -> ast.Module | None:
    """The syntax tree of a cell; None if it is no code, which then never ran either."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        return ast.parse(TransformerManager().transform_cell(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def names_used(source: str) -> set[str]:
    """The names that a cell reads."""
    nodes = ast.walk(parsed(source) or ast.Module([], []))
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _singly(statement: ast.stmt) -> list[ast.stmt]:
    """An import of several names as one import a name, so that unused ones do not count."""
    if isinstance(statement, ast.Import):
        return [ast.Import([alias]) for alias in statement.names]
    if isinstance(statement, ast.ImportFrom):
        return [
            ast.ImportFrom(statement.module, [alias], statement.level) for alias in statement.names
        ]
    return [statement]


def assigned_names(statement: ast.stmt) -> set[str]:
    """The names of the notebook's own level that a statement defines."""
    return _names(statement, "assigned")


def _names(statement: ast.stmt, how: str) -> set[str]:
    """The names of the notebook's own level that a statement assigns to, or refers to."""
    if isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*":
        return set()
    try:
        text = ast.unparse(statement)
        return set(_symbols(symtable.symtable(text, "cell", "exec"), how))
    except (RecursionError, SyntaxError, ValueError):
        # Nested beyond measure, or no valid code: every name in it, to be on the safe side.
        return {name for node in ast.walk(statement) for name in _any_names(node)}


def _any_names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.alias):
        yield node.asname or node.name.partition(".")[0]


def _symbols(table: symtable.SymbolTable, how: str) -> Iterator[str]:
    top = table.get_type() == "module"
    for symbol in table.get_symbols():
        if not (top or symbol.is_global()):
            continue
        assigned = symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
        if (how == "assigned" and assigned) or (how == "referenced" and symbol.is_referenced()):
            yield symbol.get_name()
    for child in table.get_children():
        yield from _symbols(child, how)


def _patches(statement: ast.stmt) -> bool:
    """Whether a statement changes something that another module may have made."""
    for node in ast.walk(statement):
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any(isinstance(target, ast.Attribute) for target in targets):
            return not isinstance(statement, ast.FunctionDef | ast.ClassDef)
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Name) and called.id == "setattr":
            return True
    return False


def _joined(parts: Iterable[str | None]) -> str | None:
    known = list(parts)
    return None if any(part is None for part in known) else "".join(map(str, known))
