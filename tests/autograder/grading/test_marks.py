"""Points become marks only if they can be points; a check's own failure is the teacher's to see."""

from dataclasses import replace
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks.check import Finding
from autograder.grading.marks import CHECK_FAILED, CellMark, cell_marks, is_mark, sound
from autograder.grading.outcomes import CheckResult, Outcome
from autograder.rubrics import Rubric


class Check:
    costly = False

    def __init__(self, identity, cell, points):
        self.id, self.cell, self.points = identity, cell, points

    def judge(self, work, secret):
        return Finding("passed", 1.0)


RUBRIC = Rubric("a", [Check("a.x", "one", 2.0), Check("a.y", "one", 1.0), Check("a.z", "two", 3.0)])


def outcome(**points):
    most = {check.id: check.points for check in RUBRIC.checks}
    checks = [
        CheckResult(f"a.{name}", value, most[f"a.{name}"], "failed")
        for name, value in points.items()
    ]
    return Outcome("ann", "a", sum(c.points for c in checks), 6.0, 0.1, 1.0, "graded", checks)


class Agreeable(float):
    """Claims to be whatever is asked for."""

    def __le__(self, other):
        return True

    def __ge__(self, other):
        return True


NO_MARKS = {
    "nan": float("nan"),
    "infinite": float("inf"),
    "negative": -1.0,
    "too much": 2.5,
    "a tensor": torch.tensor(0.0),
    "true": True,
    "agreeable": Agreeable(420),
}


@pytest.mark.parametrize("points", NO_MARKS.values(), ids=NO_MARKS.keys())
def test_what_cannot_be_points_is_an_error_of_the_check_and_calls_the_teacher(points):
    done = sound(outcome(x=points, y=1.0, z=3.0))

    assert done.checks[0] == CheckResult("a.x", 0.0, 2.0, "error", CHECK_FAILED)
    assert done.score == 4.0
    assert cell_marks(done, RUBRIC) == {
        "one": CellMark(1.0, needs_teacher=True),
        "two": CellMark(3.0, needs_teacher=False),
    }


@given(x=st.floats(0, 2), y=st.floats(0, 1), z=st.floats(0, 3))
def test_a_cells_mark_is_the_sum_of_its_checks(x, y, z):
    done = outcome(x=x, y=y, z=z)

    marks = cell_marks(sound(done), RUBRIC)

    assert sound(done) is done
    assert marks["one"].points == float(Fraction(x) + Fraction(y))
    assert marks["two"].points == z
    assert not any(mark.needs_teacher for mark in marks.values())


def test_a_check_that_was_left_out_calls_the_teacher():
    assert cell_marks(outcome(x=2.0), RUBRIC) == {
        "one": CellMark(2.0, needs_teacher=True),
        "two": CellMark(None, needs_teacher=True),
    }


def test_a_result_of_no_check_of_the_rubric_earns_nothing():
    stranger = CheckResult("a.forged", 1.0, 1.0, "passed")
    done = replace(outcome(x=0.0, y=0.0, z=0.0), checks=[stranger])

    assert is_mark(stranger)
    assert all(mark.points is None for mark in cell_marks(done, RUBRIC).values())
