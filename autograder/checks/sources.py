"""Does a function use what the assignment asks to be written by hand?

Only code that the function can reach counts: its own, and that of the functions, classes, names and
imports of the notebook that it uses.  Comparing with a library in another cell is good practice.

Text is read for the message, and in the student's own notebook.  What decides when work is graded
is that the forbidden is not there: see ``autograder.sandbox.absence``.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from autograder.checks.check import Check, Finding
from autograder.checks.program import Program, parsed, program_of
from autograder.sandbox.ban import Ban, all_of
from autograder.sandbox.session import Call, Reply, Used, Work

_BY_NAME = ("getattr", "attrgetter", "methodcaller", "import_module", "__import__", "hasattr")
_RUNS_TEXT = ("eval", "exec", "compile")


@dataclass(frozen=True)
class SourceRule:
    """What code may not use, and what it must.

    Attributes:
        names: Patterns of forbidden names, as ``"binary_cross_entropy*"``, wherever they are from.
            A function of the same name that the student wrote is the student's own.
        modules: Forbidden packages.
        apart: Functions that have checks of their own: what they use is held against them alone.
    """

    names: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()

    @property
    def ban(self) -> Ban:
        """What a submission must not find in its process."""
        return Ban(self.names, self.modules)

    def used(self, sources: Mapping[str, str], function: str) -> list[str]:
        """The forbidden names that a function reaches, in alphabetical order."""
        program = program_of(sources)
        reached = program.reached(function, self.apart)
        return sorted({found for node in reached for found in self._in_tree(node, program)})

    def called(self, used: Sequence[Used], function: str) -> list[str]:
        """The forbidden names that were called by a function, or for it, in alphabetical order."""
        held = {function, *self.apart}
        return sorted(
            {
                name
                for name, callers in used
                if next((caller for caller in callers if caller in held), function) == function
                and (self.ban.forbids(name) or self.ban.forbids_module(name))
            }
        )

    def _in_tree(self, tree: ast.AST, program: Program) -> Iterator[str]:
        for node in ast.walk(tree):
            yield from self._in_node(node, program)

    def _in_node(self, node: ast.AST, program: Program) -> Iterator[str]:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from self._in_import(node)
        elif isinstance(node, ast.Attribute):
            if self.ban.forbids(node.attr) and not program.is_own(node.value):
                yield node.attr
        elif isinstance(node, ast.Name):
            if self.ban.forbids(node.id) and node.id not in program.bound and program.has_star:
                yield node.id
        elif isinstance(node, ast.Subscript):
            text = program.text_of(node.slice)
            if not (_is_namespace(node.value) and text in program.bound):
                yield from self._in_text(text)
        elif isinstance(node, ast.Call):
            yield from self._in_call(node, program)

    def _in_import(self, node: ast.Import | ast.ImportFrom) -> Iterator[str]:
        module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names:
            if self.ban.forbids_module(module or alias.name):
                yield (module or alias.name).partition(".")[0]
            elif self.ban.forbids(alias.name.rpartition(".")[2]):
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
        if text is not None and (self.ban.forbids(text) or self.ban.forbids_module(text)):
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
        """Read first, then ask where the forbidden is not there."""
        function = self.check.function
        used = self.rule.used(work.sources, function)
        if used:
            return self._forbidden(used[0])
        trial = _Trial(self.check, work, secret)
        called = self.rule.called(trial.used, function)
        # What functions called that have checks of their own is held against them alone.
        return self._forbidden(called[0]) if called else trial.fair()

    def _forbidden(self, name: str) -> Finding:
        said = f"{self.check.function} uses {name}; the task is to write that yourself."
        return Finding("forbidden", 0.0, said)


@dataclass(frozen=True)
class Free:
    """Another check, under no rule: what is forbidden elsewhere is there.

    Attributes:
        check: The check.
    """

    check: Check

    def judge(self, work: Work, secret: torch.Generator | None) -> Finding:
        """Ask; where something was missed, ask again where nothing is missing."""
        return _Trial(self.check, work, secret).fair()


def banned(checks: Iterable[Check]) -> Ban:
    """What a submission must not find, if it is asked these checks."""
    return all_of(check.rule.ban for check in checks if isinstance(check, Ruled))


class _Trial:
    """A check asked where the forbidden is not there.

    Attributes:
        finding: What it found.
        used: What was missed, and by whom.
    """

    def __init__(self, check: Check, work: Work, secret: torch.Generator | None) -> None:
        self._check, self._work, self._secret = check, work, secret
        self._state = None if secret is None else secret.get_state()
        watched = Watched(work)
        self.finding = check.judge(watched, secret)
        self.used: Sequence[Used] = watched.used

    def fair(self) -> Finding:
        """What it finds where nothing is missing, on the same inputs, if anything was missed."""
        if not self.used:
            return self.finding
        if self._secret is not None and self._state is not None:
            self._secret.set_state(self._state)
        return self._check.judge(self._work.everything, self._secret)


class Watched:
    """A submission, and what its answers called that is not there.

    Args:
        work: The submission.

    Attributes:
        used: What was called, and by whom.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self.used: list[Used] = []

    @property
    def sources(self) -> dict[str, str]:
        """Of the submission."""
        return self._work.sources

    @property
    def everything(self) -> Work:
        """Of the submission."""
        return self._work.everything

    def call(self, calls: Sequence[Call]) -> list[Reply]:
        """Ask the submission, and note what its answers called."""
        replies = self._work.call(calls)
        self.used += [note for reply in replies for note in reply.used]
        return replies

    def used_s(self) -> float:
        """Of the submission."""
        return self._work.used_s()


def _is_namespace(node: ast.expr) -> bool:
    """Whether an expression gives the notebook's own names: ``globals()``."""
    called = node.func if isinstance(node, ast.Call) and not node.args else None
    return isinstance(called, ast.Name) and called.id in ("globals", "locals", "vars")


class _AboutFunction(Check, Protocol):
    @property
    def function(self) -> str: ...
