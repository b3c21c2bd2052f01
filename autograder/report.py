"""A graded class as a table for the terminal."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from autograder.outcomes import Outcome, TaskMark


def part_of(task: str) -> str:
    """The part that a graded cell belongs to: ``focal-loss-alpha`` gives ``loss``."""
    pieces = task.split("-")
    return pieces[1] if len(pieces) > 1 else task


def points_of(marks: Sequence[TaskMark]) -> str:
    """Points earned of those there are."""
    if not marks:
        return "–"
    return f"{sum(m.points for m in marks):g}/{sum(m.max_points for m in marks):g}"


def class_table(outcomes: Sequence[Outcome]) -> Table:
    """Points by part for each submission, of what the machine marks."""
    marked = [[mark for mark in o.marks if not mark.by_hand] for o in outcomes]
    parts = list(dict.fromkeys(part_of(mark.task) for marks in marked for mark in marks))
    table = Table(title="The class", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("submission", no_wrap=True)
    for part in (*parts, "total"):
        table.add_column(part, justify="right", no_wrap=True)
    for outcome, marks in zip(outcomes, marked, strict=True):
        by_part = [[m for m in marks if part_of(m.task) == part] for part in parts]
        table.add_row(outcome.submission, *map(points_of, by_part), points_of(marks))
    return table


def faults(outcomes: Sequence[Outcome]) -> list[str]:
    """For each submission that lost points, the first thing that went wrong."""
    lines = []
    for outcome in outcomes:
        if outcome.status == "unreadable":
            lines.append(f"{outcome.submission}: not a notebook ({outcome.first_fault})")
        elif outcome.first_fault:
            lines.append(f"{outcome.submission}: {outcome.first_fault}")
    by_hand = sum(m.max_points for m in (outcomes[-1].marks if outcomes else []) if m.by_hand)
    return [*lines, f"{by_hand:g} more points are marked by hand."] if by_hand else lines
