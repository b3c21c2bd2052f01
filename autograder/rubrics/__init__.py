"""A rubric an assignment: which checks, for how many points, in which cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from pkgutil import iter_modules

from autograder.checks.bank import Bank
from autograder.checks.check import Check
from autograder.checks.recognition import Known
from autograder.checks.recorded import read
from lossedu.names import unknown_name

RECORDED = "known_mistakes.jsonl"
"""Beside a rubric: what its known mistakes answer to open questions."""


@dataclass(frozen=True)
class Rubric:
    """How one assignment is marked by the machine.

    Attributes:
        assignment: Its name, as of its folder.
        checks: In the order of the notebook.
    """

    assignment: str
    checks: Sequence[Check]

    def of_cell(self, cell: str) -> list[Check]:
        """The checks whose result a graded cell shows."""
        return [check for check in self.checks if check.cell == cell]


def names() -> list[str]:
    """The assignments that have a rubric."""
    return sorted(module.name for module in iter_modules(__path__) if module.ispkg)


def rubric(assignment: str) -> Rubric:
    """The rubric of an assignment.

    Raises:
        LookupError: If it has none.
    """
    if assignment not in names():
        raise LookupError(unknown_name("assignment", assignment, names()))
    found: Rubric = import_module(f"{__name__}.{assignment}.rubric").RUBRIC
    return found


def known_mistakes(assignment: str) -> Known | None:
    """What is known of an assignment's mistakes.

    In a clone, and where the teacher's part is installed, its bank.  What students install has a
    record in its place, for the recipes of a bank are answers: it names mistakes on open inputs.
    """
    if has_bank(assignment):
        return bank_of(assignment)
    record = files(__name__).joinpath(assignment, RECORDED)
    return read(record.read_text(encoding="utf-8")) if record.is_file() else None


def has_bank(assignment: str) -> bool:
    """Whether mistakes are named on hidden inputs, too."""
    return find_spec(f"{__name__}.{assignment}.mistakes") is not None


def bank_of(assignment: str) -> Bank:
    """The bank of an assignment that has one here."""
    bank: Bank = import_module(f"{__name__}.{assignment}.mistakes").BANK
    return bank
