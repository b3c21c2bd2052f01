"""Does a function use what the assignment asks to be written by hand?

Only code that the function can reach counts: its own, and that of the functions, classes, names and
imports of the notebook that it uses.  Comparing with a library in another cell is good practice.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol

import torch

from autograder.checks.check import Check, Finding
from autograder.checks.program import Program, parsed, program_of
from autograder.sandbox.session import Work

_BY_NAME = ("getattr", "attrgetter", "methodcaller", "import_module", "__import__", "hasattr")
_RUNS_TEXT = ("eval", "exec", "compile")


@dataclass(frozen=True)
class SourceRule:
    """What code may not use, and what it must.

    Attributes:
        names: Patterns of forbidden names, as ``"binary_cross_entropy*"``, wherever they are from.
            A function of the same name that the student wrote is the student's own.
        modules: Forbidden packages.
        needs: Functions of the notebook that must be used.
        apart: Functions that have checks of their own: what they use is held against them alone.
    """

    names: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()

    def used(self, sources: Mapping[str, str], function: str) -> list[str]:
        """The forbidden names that a function reaches, in alphabetical order."""
        program = program_of(sources)
        reached = program.reached(function, self.apart)
        return sorted({found for node in reached for found in self._in_tree(node, program)})

    def unused(self, sources: Mapping[str, str], function: str) -> list[str]:
        """The needed names that a function does not reach."""
        reached = program_of(sources).names_reached(function, self.apart)
        return [name for name in self.needs if name not in reached]

    def _forbids(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self.names)

    def _forbids_module(self, path: str) -> bool:
        return any(path == module or path.startswith(f"{module}.") for module in self.modules)

    def _in_tree(self, tree: ast.AST, program: Program) -> Iterator[str]:
        for node in ast.walk(tree):
            yield from self._in_node(node, program)

    def _in_node(self, node: ast.AST, program: Program) -> Iterator[str]:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from self._in_import(node)
        elif isinstance(node, ast.Attribute):
            if self._forbids(node.attr) and not program.is_own(node.value):
                yield node.attr
        elif isinstance(node, ast.Name):
            if self._forbids(node.id) and node.id not in program.bound and program.has_star:
                yield node.id
        elif isinstance(node, ast.Subscript):
            yield from self._in_text(program.text_of(node.slice))
        elif isinstance(node, ast.Call):
            yield from self._in_call(node, program)

    def _in_import(self, node: ast.Import | ast.ImportFrom) -> Iterator[str]:
        module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names:
            if self._forbids_module(module or alias.name):
                yield (module or alias.name).partition(".")[0]
            elif self._forbids(alias.name.rpartition(".")[2]):
                yield alias.name

    def _in_call(self, node: ast.Call, program: Program) -> Iterator[str]:
        called = node.func.id if isinstance(node.func, ast.Name) else None
        called = node.func.attr if isinstance(node.func, ast.Attribute) else called
        texts = [program.text_of(argument) for argument in node.args]
        if called in _BY_NAME:
            for text in texts:
                yield from self._in_text(text)
        elif called in _RUNS_TEXT and isinstance(node.func, ast.Name):
            tree = None if not texts or texts[0] is None else parsed(texts[0])
            if tree is None:
                yield called
            else:
                yield from self._in_tree(tree, program)

    def _in_text(self, text: str | None) -> Iterator[str]:
        if text is not None and (self._forbids(text) or self._forbids_module(text)):
            yield text


@dataclass(frozen=True)
class Ruled:
    """Another check, whose points are kept only by code that obeys a rule.

    Attributes:
        check: The check.
        rule: The rule.
    """

    check: "_AboutFunction"
    rule: SourceRule

    @property
    def id(self) -> str:
        """Of the check."""
        return self.check.id

    @property
    def cell(self) -> str:
        """Of the check."""
        return self.check.cell

    @property
    def points(self) -> float:
        """Of the check."""
        return self.check.points

    @property
    def costly(self) -> bool:
        """Of the check."""
        return self.check.costly

    def judge(self, work: Work, secret: torch.Generator | None) -> Finding:
        """Read first, then ask."""
        function, sources = self.check.function, work.sources
        used = self.rule.used(sources, function)
        if used:
            said = f"{function} uses {used[0]}; the task is to write that yourself."
            return Finding("forbidden", 0.0, said)
        finding = self.check.judge(work, secret)
        unused = self.rule.unused(sources, function)
        if unused and finding.status in ("passed", "failed"):
            return Finding("failed", 0.0, f"{function} must use your {unused[0]}, but does not.")
        return finding


class _AboutFunction(Check, Protocol):
    @property
    def function(self) -> str: ...
