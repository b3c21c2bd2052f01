"""A rubric an assignment: which checks, for how many points, in which cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules

from autograder.checks.check import Check
from lossedu.names import unknown_name


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
