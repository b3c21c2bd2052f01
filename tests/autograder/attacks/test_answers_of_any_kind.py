"""Whatever a function returns, a check says what is wrong with it, and never fails itself."""

import math
from dataclasses import fields, replace

import pytest
import torch

from autograder.checks.comparison import as_tensor
from autograder.checks.sources import Ruled
from autograder.grading.grader import judged
from autograder.grading.marks import CHECK_FAILED
from autograder.rubrics import rubric
from autograder.sandbox.session import Reply
from autograder.sandbox.vetting import fitting
from autograder.sandbox.wire import pack, receive

ASSIGNMENTS = ("focal", "ranking", "design")


def quick(check):
    """A check that looks for no example and for no known mistake: that takes seconds."""
    if isinstance(check, Ruled):
        return replace(check, check=quick(check.check))
    known = {field.name for field in fields(check)}
    return replace(check, **{name: None for name in ("simplest", "bank") if name in known})


CHECKS = [quick(c) for name in ASSIGNMENTS for c in rubric(name).checks if not c.costly]
ANSWERS = {
    "a whole number beyond all floats": 10**400,
    "its negative": -(10**400),
    "infinite": math.inf,
    "not a number": math.nan,
    "true": True,
    "a text": "0.5",
    "a long text": "x" * 100_000,
    "nothing in a list": [],
    "lists in lists": [[[[0.5]], []]],
    "a pair of strange things": (None, "x"),
    "names and numbers": {"loss": 0.5, "": None},
    "complex": torch.tensor([1j]),
    "complex alone": torch.tensor(1j),
    "no element": torch.zeros(0),
    "no element in many rows": torch.zeros(1000, 0, 3),
    "many elements": torch.zeros(1000, 1000),
    "eight bits": torch.zeros(3, dtype=torch.float8_e4m3fn),
    "whole numbers": torch.tensor([2**62]),
    "signs": torch.tensor([True, False]),
    "a number in a tensor": torch.tensor(math.nan),
    "a list of tensors": [torch.tensor(1.0), torch.zeros(2, 2)],
}
GRADIENTS = (None, torch.tensor([1j]), torch.zeros(0), torch.tensor(math.nan))
ASKS_FOR_A_NUMBER = {"design.form"}  # and true is one, to Python


class Answering:
    """A submission all of whose functions return the same."""

    alive = True

    def __init__(self, value, gradient):
        self._reply = Reply("ok", value, type(value).__name__, gradient)
        self.sources = {}

    def call(self, calls):
        return [fitting(self._reply, call) for call in calls]

    def used_s(self):
        return 0.0

    @property
    def everything(self):
        return self


@pytest.mark.parametrize("value", ANSWERS.values(), ids=ANSWERS.keys())
def test_no_answer_makes_a_check_fail_itself_or_earns_its_points(value):
    works = [Answering(value, gradient) for gradient in GRADIENTS]
    found = [(check, judged(check, work, None)) for check in CHECKS for work in works]

    failed = sorted({check.id for check, one in found if one.message == CHECK_FAILED})
    earned = sorted({check.id for check, one in found if one.status == "passed"})
    assert failed == []
    assert set(earned) <= ASKS_FOR_A_NUMBER


@pytest.mark.parametrize("value", ANSWERS.values(), ids=ANSWERS.keys())
def test_every_answer_is_a_tensor_of_doubles_or_none(value):
    found = as_tensor(value)

    assert found is None or (found.dtype is torch.float64 and not found.requires_grad)


def test_a_whole_number_beyond_all_floats_arrives_and_is_no_number_that_is_right():
    frame = pack(10**400)
    parts = iter([frame[:8], frame[8:], b""])

    assert receive(lambda count: next(parts)) == 10**400
    assert as_tensor(10**400).item() == math.inf
    assert as_tensor(-(10**400)).item() == -math.inf
    assert as_tensor(3).item() == 3.0
