"""What the commands show: a class, a row a student; one notebook, a row a check; the sandbox."""

from collections.abc import Sequence
from string import ascii_letters
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from autograder.course.similar import Pair
from autograder.grading.outcomes import CheckResult, Outcome
from autograder.grading.plain import printable

if TYPE_CHECKING:
    from autograder.rubrics import Rubric
    from autograder.sandbox.layers import Layer

_LONGEST_NAME = 26
ALL, SOME, NONE = ("●", "green"), ("◐", "yellow"), ("○", "red")


def class_table(outcomes: Sequence[Outcome]) -> Group:
    """A row a student: one sign a check, the total, and what went wrong.

    A rubric has more checks than a terminal has room for columns; so each has a letter, which the
    lines below the table explain.
    """
    checks = list({r.id: r for outcome in outcomes for r in outcome.checks}.values())
    letters = ascii_letters[: len(checks)]
    table = _table("The class")
    # A long name breaks; signs are read by their places, and must not.
    table.add_column("submission", overflow="fold", max_width=_LONGEST_NAME)
    table.add_column(letters, no_wrap=True, min_width=len(letters))
    table.add_column("total", justify="right", no_wrap=True)
    table.add_column("mistakes", overflow="fold")
    for outcome in outcomes:
        by_id = {result.id: result for result in outcome.checks}
        signs = Text.assemble(*(_sign(by_id.get(check.id)) for check in checks))
        total = f"{outcome.score:g}/{outcome.max_score:g}"
        table.add_row(Text(printable(outcome.submission)), signs, total, _mistakes(outcome))
    whole = "\N{NO-BREAK SPACE}"  # a line breaks between checks, not within one
    named = [
        whole.join((letter, check.id.partition(".")[2] or check.id, f"{check.max_points:g}"))
        for letter, check in zip(letters, checks, strict=False)
    ]
    return Group(table, Text("  ·  ".join(named), "dim"), Text(""))


def faults(outcomes: Sequence[Outcome]) -> list[str]:
    """For each submission what was odd about it, and the first thing that went wrong."""
    lines = []
    for outcome in outcomes:
        if outcome.status == "unreadable":
            lines.append(f"{outcome.submission}: {' '.join(outcome.integrity)}")
            continue
        lines += [f"{outcome.submission}: {oddity}" for oddity in outcome.integrity]
        first = next((r for r in outcome.checks if r.points < r.max_points), None)
        if first is not None:
            lines.append(f"{outcome.submission}: {first.id}: {first.message}")
    return [printable(line) for line in lines]


def pair_table(pairs: Sequence[Pair]) -> Table:
    """A row a pair: how much they share, and where."""
    table = _table("Much alike")
    for name in ("first", "second"):
        table.add_column(name, overflow="fold", max_width=_LONGEST_NAME)
    table.add_column("shared", justify="right", no_wrap=True)
    table.add_column("lines of the first, of the second", overflow="fold")
    for pair in pairs:
        where = " | ".join(_ranges(lines) for lines in pair.lines)
        names = (Text(printable(name)) for name in (pair.first, pair.second))
        table.add_row(*names, f"{100 * pair.shared:.0f} %", where)
    return table


def _ranges(lines: Sequence[int]) -> str:
    """Line numbers with neighbours drawn together: ``3-7, 12``."""
    runs: list[list[int]] = []
    for line in lines:
        if runs and line - runs[-1][-1] <= 2:  # a blank line leaves no trace
            runs[-1].append(line)
        else:
            runs.append([line])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)


def _sign(result: CheckResult | None) -> tuple[str, str]:
    if result is None:
        return " ", ""
    if result.points >= result.max_points:
        return ALL
    return SOME if result.points > 0 else NONE


def _mistakes(outcome: Outcome) -> str:
    """How it ended, if not well, and the names of the mistakes, without the assignment's."""
    named = dict.fromkeys(r.misconception for r in outcome.checks if r.misconception)
    short = [name.removeprefix(f"{outcome.assignment}-") for name in named]
    return ", ".join(([] if outcome.status == "graded" else [outcome.status]) + short)


def check_table(outcome: Outcome) -> Table:
    """Every check of one submission, what it gave, and what to do about it."""
    table = _table(f"{outcome.assignment}: {outcome.score:g} of {outcome.max_score:g} points")
    table.add_column("check", no_wrap=True)
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("what was found", overflow="fold")
    for check in outcome.checks:
        passed = check.status == "passed"
        mark = Text("✓ " if passed else "✗ ", "green" if passed else "red").append(check.id, "none")
        said = Text(printable(check.message) or ("" if passed else check.status))
        if check.misconception:
            said.append(f" ({check.misconception})", "dim")
        table.add_row(mark, f"{check.points:g}/{check.max_points:g}", said)
    for oddity in outcome.integrity:
        table.add_row(Text("!", "yellow"), "", Text(printable(oddity)))
    return table


def rubric_table(rubric: "Rubric") -> Table:
    """A row a check: the cell that shows it, and what it is worth."""
    total = sum(check.points for check in rubric.checks)
    table = _table(f"{rubric.assignment}: {total:g} points by machine")
    table.add_column("check", overflow="fold")
    table.add_column("cell", overflow="fold")
    table.add_column("points", justify="right", no_wrap=True)
    for check in rubric.checks:
        table.add_row(check.id, check.cell, f"{check.points:g}")
    return table


def layer_table(layers: Sequence["Layer"]) -> Table:
    """Every layer of the sandbox, whether it holds here, and what to do if not."""
    table = _table("The sandbox")
    table.add_column("layer", no_wrap=True)
    table.add_column("live", no_wrap=True)
    table.add_column("why, and what to do")
    for layer in layers:
        live = Text("yes", "green") if layer.live else Text("no", "red")
        table.add_row(layer.name, live, Text(" ".join(filter(None, (layer.why, layer.remedy)))))
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
