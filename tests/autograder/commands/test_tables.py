"""What students wrote is shown in a terminal, never obeyed by it."""

import io

from rich.console import Console

from autograder.commands.tables import check_table, class_table, faults, pair_table
from autograder.course.similar import Pair
from autograder.grading.outcomes import CheckResult, Outcome

EVIL = "ann\x1b[2J\x1b]0;title\x07\x9b1m\u202eevil\nroot"


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
