"""A worker of a cluster that sends what it was not asked for costs only what it was sent."""

import copy
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from autograder.grading.outcomes import CheckResult
from autograder.grading.workers import Marked
from tests.autograder import tiny_class as tiny
from tests.autograder.attacks.conftest import grade
from tests.autograder.grading.courses import BOOK, rows


class HostileError(Exception):
    def __str__(self):
        return "\x1b[2J" + "lies " * 100_000


def raised(_):
    raise HostileError


def with_outcome(**changes):
    return lambda marked: replace(marked, outcome=replace(marked.outcome, **changes))


def with_checks(change):
    def lie(marked):
        checks = change(marked.outcome.checks)
        score = sum(check.points for check in checks)
        return replace(marked, outcome=replace(marked.outcome, checks=checks, score=score))

    return lie


def raise_points(checks):
    return [replace(check, points=100.0, max_points=100.0) for check in checks]


def add_check(checks):
    return [*checks, CheckResult("tiny.forged", 50.0, 50.0, "passed")]


LIES = {
    "another student's": with_outcome(submission="ann"),
    "nobody's": with_outcome(submission="zoe"),
    "another assignment's": with_outcome(assignment="focal"),
    "more points than there are": with_checks(raise_points),
    "a check of its own": with_checks(add_check),
    "a check twice": with_checks(lambda checks: [*checks, checks[0]]),
    "a sum that is none": with_outcome(score=50.0),
    "a score that is no number": with_outcome(score=float("nan")),
    "no outcome": lambda marked: replace(marked, outcome="full marks"),
    "checks that are none": with_outcome(checks=[{"id": "tiny.value", "points": 2.0}]),
    "what no file takes": with_outcome(integrity=[object()]),
    "no result": lambda marked: {"outcome": marked.outcome, "notebook": marked.notebook},
    "a notebook that is none": lambda marked: replace(marked, notebook="{}"),
    "a notebook that is no text": lambda marked: replace(marked, notebook=b"\xff"),
    "an error": raised,
}


@dataclass(frozen=True)
class Liar:
    """Tells the truth of all but one."""

    lie: object
    of: str = "eve"

    @contextmanager
    def pool(self):
        with ThreadPoolExecutor(1) as executor:
            honest = executor.submit

            def submit(work, grader, task):
                def lied():
                    marked = work(grader, task)
                    return self.lie(marked) if task.submission == self.of else marked

                return honest(lied)

            executor.submit = submit
            yield executor, 1


@pytest.fixture
def class_of_three(folders):
    for name, answer in (("ann", 1), ("bob", 2), ("eve", 0.5)):
        tiny.hand_in(folders, name, tiny.notebook(folders, f"answer = {answer}"))
    return folders


def machine_marks(folders):
    found = rows(folders, BOOK)
    return {(row[0], row[1]): (row[2], row[5]) for row in found if row[1] != "tiny-essay"}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_what_a_worker_makes_up_is_nobodys_mark(class_of_three, lie):
    outcomes = grade(class_of_three, tiny.TinyGrader(), pool=Liar(lie).pool)

    assert [(o.submission, o.score) for o in outcomes] == [("ann", 3.0), ("bob", 5.0), ("eve", 0.0)]
    marks = machine_marks(class_of_three)
    assert {key: mark for key, mark in marks.items() if key[0] != "eve"} == {
        ("ann", "tiny-value"): (2.0, 0),
        ("ann", "tiny-trained"): (1.0, 0),
        ("bob", "tiny-value"): (3.0, 0),
        ("bob", "tiny-trained"): (2.0, 0),
    }
    assert marks[("eve", "tiny-value")] == marks[("eve", "tiny-trained")] == (None, 1)
    (said,) = outcomes[2].integrity
    assert said.startswith("It could not be graded: ")
    assert len(said) < 400


def test_a_worker_that_tells_the_truth_is_believed(class_of_three):
    outcomes = grade(class_of_three, tiny.TinyGrader(), pool=Liar(copy.copy).pool)

    assert [one.score for one in outcomes] == [3.0, 5.0, 1.5]
    assert machine_marks(class_of_three)[("eve", "tiny-value")] == (1.0, 0)


def test_what_a_worker_made_up_is_graded_when_the_class_is_resumed(class_of_three):
    lied = Liar(lambda marked: Marked(replace(marked.outcome, submission="bob")))
    grade(class_of_three, tiny.TinyGrader(), pool=lied.pool)

    outcomes = grade(class_of_three, tiny.TinyGrader(), resume=True)

    assert [one.score for one in outcomes] == [3.0, 5.0, 1.5]
    assert machine_marks(class_of_three)[("eve", "tiny-trained")] == (0.5, 0)
