"""What students wrote is shown in a terminal, never obeyed by it."""

import io
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from autograder.commands.tables import check_table, class_table, faults, pair_table
from autograder.course.similar import Pair
from autograder.grading.outcomes import CheckResult, Outcome

EVIL = "ann\x1b[2J\x1b]0;title\x07\x9b1m\u202eevil\nroot"


@pytest.mark.parametrize("name", ["ann", "a" * 90, "Some Body_" * 9, "a.b@c." * 9])
def test_a_class_fits_a_terminal_of_80_columns_and_no_sign_is_cut(name):
    lost = CheckResult("focal.a-check-with-a-long-name", 0.0, 2.0, "failed", "m " * 99, "x-" * 30)
    checks = [replace(lost, id=f"focal.check-{number}") for number in range(24)]
    outcome = Outcome(name, "focal", 0.0, 48.0, 0.1, 1.0, "graded", checks)
    shown = io.StringIO()
    console = Console(file=shown, width=80)

    console.print(class_table([outcome]))
    console.print(pair_table([Pair(name, name, 1.0, (list(range(0, 90, 9)), [2]))]))
    console.print(check_table(outcome))

    lines = shown.getvalue().splitlines()
    assert max(map(cell_len, lines)) <= 80
    assert any("○" * 24 in line for line in lines)
    assert "…" not in shown.getvalue()


def test_no_control_sequence_of_a_student_reaches_the_terminal():
    lost = CheckResult("focal.bce", 0.0, 2.0, "failed", EVIL, None)
    outcomes = [
        Outcome(EVIL, "focal", 0.0, 2.0, 0.1, 1.0, status, [lost], [EVIL])
        for status in ("graded", "unreadable")
    ]
    shown = io.StringIO()
    console = Console(file=shown, width=200)

    for table in (class_table(outcomes), check_table(outcomes[0])):
        console.print(table)
    console.print(pair_table([Pair(EVIL, EVIL, 1.0, ([1], [2]))]))
    for line in faults(outcomes):
        console.print(line, markup=False, highlight=False)

    assert "ann" in shown.getvalue()
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown.getvalue())
    assert not [line for line in shown.getvalue().splitlines() if line.startswith("root")]
