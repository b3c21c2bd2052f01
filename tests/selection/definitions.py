"""What a test can reach in the files of the tests: helpers, fixtures, constants, and their imports.

A test is followed by names, from definition to definition, through the modules of `tests` that it
imports from and the fixtures of its `conftest.py` files.  A definition that it does not reach says
nothing about it, although it stands in the same file.
"""

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.selection.closure import Use, uses

Definition = tuple["Source", ast.stmt]
_BINDS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_HOOK = "pytest_"


@dataclass
class Reach:
    """What some definitions come to.

    Attributes:
        uses: What they use of what they import.
        texts: Their strings: files and folders may be among them.
        calls: The functions and methods that they name.
        commands: What the lists in them call, if they are commands.
        patterns: Names of modules that they put together, with ``*`` for what is not written there.
        files: The files that they stand in.
    """

    uses: set[Use] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    commands: set[str] = field(default_factory=set)
    patterns: set[str] = field(default_factory=set)
    files: set[Path] = field(default_factory=set)

    def add(self, other: "Reach") -> None:
        """Take in what another reach holds."""
        self.uses |= other.uses
        self.texts |= other.texts
        self.calls |= other.calls
        self.commands |= other.commands
        self.patterns |= other.patterns
        self.files |= other.files


class Source:
    """One file of tests: its imports, and the statements that define each of its names."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tree = ast.parse(path.read_bytes())
        self.imports = [
            n for n in ast.walk(self.tree) if isinstance(n, ast.Import | ast.ImportFrom)
        ]
        self.bound = {
            alias.asname or alias.name.partition(".")[0]: (node, alias)
            for node in self.imports
            for alias in node.names
        }
        self.definitions: dict[str, list[ast.stmt]] = {}
        self.loose: list[ast.stmt] = []
        self._known: dict[ast.AST, Reach] = {}
        for statement in self.tree.body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                continue
            names = set(_defined(statement))
            for name in names:
                self.definitions.setdefault(name, []).append(statement)
            if not names:
                self.loose.append(statement)

    def tests(self) -> list[ast.stmt]:
        """Its test functions and the classes that hold some."""
        named = self.definitions.items()
        return [part for name, parts in named if name[:4].lower() == "test" for part in parts]

    def hooks(self) -> list[ast.stmt]:
        """What pytest calls by its name: the cases that it makes are known from the tests."""
        return [p for n, parts in self.definitions.items() if n.startswith(_HOOK) for p in parts]

    def always(self) -> list[ast.stmt]:
        """Fixtures that every test of its folder uses, and what runs when it is imported."""
        automatic = [p for parts in self.definitions.values() for p in parts if _is_automatic(p)]
        return [*automatic, *self.loose]

    def part(self, name: str) -> list[ast.stmt]:
        """The statements that define a name."""
        return self.definitions.get(name, [])

    def direct(self, node: ast.AST) -> Reach:
        """What one piece of this file says itself."""
        if node not in self._known:
            self._known[node] = self._direct(node)
        return self._known[node]

    def _direct(self, node: ast.AST) -> Reach:
        names = _names(node)
        reduced: list[ast.stmt] = []
        for statement in self.imports:
            kept = [a for a in statement.names if (a.asname or a.name.partition(".")[0]) in names]
            if kept and isinstance(statement, ast.ImportFrom):
                reduced.append(ast.ImportFrom(statement.module, kept, statement.level))
            elif kept:
                reduced.append(ast.Import(kept))
        found = Reach(uses(ast.Module([*reduced, node], [])), calls=set(names), files={self.path})
        for part in ast.walk(node):
            if _is_text(part):
                found.texts.add(part.value)
            elif isinstance(part, ast.Attribute):
                found.calls.add(part.attr)
            elif isinstance(part, ast.JoinedStr):
                found.patterns.add(pattern(part))
            elif isinstance(part, ast.List):
                found.commands.update(_command(part.elts))
        return found


class Definitions:
    """All files below the folder of the tests, read when they are needed."""

    def __init__(self, root: Path, tests: str = "tests") -> None:
        self._root, self._tests = root, tests
        self._sources: dict[Path, Source] = {}
        self._bare: dict[ast.AST, ast.AST] = {}

    def source(self, path: Path) -> Source:
        """A file of tests."""
        if path not in self._sources:
            self._sources[path] = Source(path)
        return self._sources[path]

    def conftests(self, path: Path) -> list[Source]:
        """The `conftest.py` files whose fixtures a file's tests see, the nearest first."""
        above = [folder / "conftest.py" for folder in path.parents]
        inside = [p for p in above if p.is_relative_to(self._root / self._tests)]
        return [self.source(p) for p in inside if p.is_file()]

    def reach(self, path: Path, start: Collection[ast.stmt], *, cases: bool = True) -> Reach:
        """What some pieces of a file come to, with the fixtures that all its tests use.

        Args:
            path: The file.
            start: The pieces: tests, or classes of tests.
            cases: Whether what makes the cases of tests and fixtures counts.
        """
        own, conftests = self.source(path), self.conftests(path)
        found = Reach()
        waiting: list[tuple[Source, ast.AST]] = [(own, node) for node in start]
        waiting += [(s, node) for s in (own, *conftests) for node in s.always()]
        seen = set()
        while waiting:
            source, node = waiting.pop()
            if node in seen:
                continue
            seen.add(node)
            if not cases:
                node = self._without_cases(node)
            found.add(source.direct(node))
            waiting += self._next(source, node, conftests)
        return found

    def _without_cases(self, node: ast.AST) -> ast.AST:
        """A function without what pytest alone reads of its decorators."""
        if not isinstance(node, ast.FunctionDef):
            return node
        if node not in self._bare:
            kept = [d for d in node.decorator_list if not ast.unparse(d).startswith("pytest.")]
            bare = ast.FunctionDef(
                node.name, node.args, node.body, kept, node.returns, lineno=node.lineno
            )
            self._bare[node] = bare
        return self._bare[node]

    def _next(
        self, source: Source, node: ast.AST, conftests: Collection[Source]
    ) -> Iterator[Definition]:
        """The definitions that a piece of a file names, and the fixtures that it asks for."""
        for name in _names(node):
            if name in source.definitions:
                yield from ((source, part) for part in source.definitions[name])
            elif name in source.bound:
                yield from self._imported(*source.bound[name], node)
        for name in _requests(node):
            homes = [(s, p) for s in (source, *conftests) for p in s.part(name) if _is_fixture(p)]
            # a fixture may take the place of one of the same name, and ask for that
            yield from homes[: 1 + (bool(homes) and homes[0][1] is node)]

    def _imported(
        self, statement: ast.Import | ast.ImportFrom, alias: ast.alias, node: ast.AST
    ) -> Iterator[Definition]:
        """What an imported name stands for, if that is in another file of the tests."""
        if not isinstance(statement, ast.ImportFrom) or not statement.module:
            return
        place = self._root.joinpath(*statement.module.split("."))
        module, inner = place.with_suffix(".py"), (place / alias.name).with_suffix(".py")
        if statement.module.partition(".")[0] != self._tests:
            return
        if inner.is_file():  # `from tests import needs`: what is used of it
            other, bound = self.source(inner), alias.asname or alias.name
            names = _attributes_of(bound, node) or set(other.definitions)
        elif module.is_file():
            other, names = self.source(module), {alias.name}
        else:
            return
        for name in names:
            yield from ((other, part) for part in other.definitions.get(name, ()))
        yield from ((other, part) for part in other.loose)


def pattern(node: ast.JoinedStr, own_name: str = "*") -> str:
    """A text that is put together, with ``*`` for each value in it; a module knows its own name."""
    parts = []
    for value in node.values:
        if isinstance(value, ast.Constant):
            parts.append(str(value.value))
        else:
            parts.append(own_name if ast.unparse(value) == "{__name__}" else "*")
    return "".join(parts)


def _defined(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement binds in its module."""
    if isinstance(statement, _BINDS):
        yield statement.name
        return
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif not isinstance(node, ast.comprehension | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def _command(arguments: list[ast.expr]) -> Iterator[str]:
    """What a list calls if it is a command: its first word, the last part of it, or a module."""
    texts = [part.value if _is_text(part) else None for part in arguments]
    if arguments and isinstance(arguments[0], ast.BinOp) and _is_text(arguments[0].right):
        texts[0] = arguments[0].right.value
    chosen = texts[:1] + texts[texts.index("-m") + 1 :][:1] if "-m" in texts else texts[:1]
    yield from (text.rpartition("/")[2] for text in chosen if text)


@cache
def _names(node: ast.AST) -> frozenset[str]:
    return frozenset(part.id for part in ast.walk(node) if isinstance(part, ast.Name))


@cache
def _requests(node: ast.AST) -> frozenset[str]:
    """What may be the name of a fixture: arguments, and texts for `usefixtures` and the like."""
    parts = list(ast.walk(node))
    found = {part.arg for part in parts if isinstance(part, ast.arg)}
    for call in parts:
        name = getattr(call.func, "attr", "") if isinstance(call, ast.Call) else ""
        if name in ("usefixtures", "getfixturevalue"):
            found |= {argument.value for argument in call.args if _is_text(argument)}
    return frozenset(found)


def _attributes_of(name: str, node: ast.AST) -> set[str]:
    return {
        part.attr
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute)
        and isinstance(part.value, ast.Name)
        and part.value.id == name
    }


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_fixture(statement: ast.stmt) -> bool:
    return isinstance(statement, _BINDS) and any(
        "fixture" in ast.unparse(decorator) for decorator in statement.decorator_list
    )


def _is_automatic(statement: ast.stmt) -> bool:
    return isinstance(statement, _BINDS) and any(
        keyword.arg == "autouse"
        for decorator in statement.decorator_list
        if isinstance(decorator, ast.Call)
        for keyword in decorator.keywords
    )
