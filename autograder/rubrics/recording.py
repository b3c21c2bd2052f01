"""Records the banks of known mistakes: ``python -m autograder.rubrics.recording``.

To be run in a clone after a bank, a rubric or an open input has changed; a test asks for it.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from autograder.checks.against_reference import AgainstReference
from autograder.checks.check import Check
from autograder.checks.recorded import record
from autograder.checks.sources import Ruled
from autograder.rubrics import RECORDED, bank_of, names, rubric
from autograder.rubrics.design.chosen_brief import ChosenBrief
from autograder.sandbox.session import Call, Reply
from lossedu.whole_files import write_whole


def recorded(assignment: str) -> str:
    """What the known mistakes of an assignment answer to all that its notebook asks."""
    return record(bank_of(assignment), _questions(rubric(assignment).checks))


def write_all(folder: Path = Path(__file__).parent) -> list[Path]:
    """Write the record of each assignment beside its rubric."""
    paths = [folder / name / RECORDED for name in names()]
    for path in paths:
        write_whole(path, recorded(path.parent.name))
    return paths


def against_reference(checks: Iterable[Check]) -> Iterator[AgainstReference]:
    """The checks, also those inside of others, that compare with a right function."""
    for check in checks:
        if isinstance(check, Ruled):
            yield from against_reference([check.check])
        elif isinstance(check, ChosenBrief):
            yield from against_reference(check.choices.values())
        elif isinstance(check, AgainstReference):
            yield check


def _questions(checks: Iterable[Check]) -> Iterator[tuple[Call, Reply]]:
    """The open questions of checks that look for a known mistake, with the right answers."""
    for check in against_reference(checks):
        if check.bank is not None:
            yield from check.open_questions()


if __name__ == "__main__":
    write_all()
