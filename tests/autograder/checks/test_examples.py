"""The smallest failing input is found, whatever the submission does meanwhile."""

import random
import time

import torch
from hypothesis import strategies as st

from autograder.checks.examples import smallest_failing
from autograder.sandbox.session import Call
from autograder.student.notebook_check import NotebookWork

NUMBERS = st.floats(-100, 100).map(lambda x: (torch.tensor(x, dtype=torch.float64),))


def found(function, right):
    """What is shown for a function that should equal another."""
    return smallest_failing(
        NotebookWork({"f": function}, {}),
        NUMBERS,
        lambda arguments: [Call("f", arguments)],
        lambda calls, replies: any(
            reply.status != "ok" or not torch.allclose(reply.value, right(*call.arguments))
            for call, reply in zip(calls, replies, strict=True)
        ),
    )


def test_the_example_is_simple():
    (call,) = found(lambda x: x.abs() if x < 3 else -x, torch.abs)

    assert call.arguments[0].item() == 3


def test_a_right_function_has_none():
    assert found(torch.abs, torch.abs) is None


def test_a_function_that_is_wrong_everywhere_has_one():
    assert found(lambda x: torch.tensor(0.5, dtype=torch.float64), torch.abs) is not None


def test_a_function_that_draws_at_random_has_one():
    draw = random.Random(1)

    assert found(lambda x: x + (draw.random() < 0.5), lambda x: x) is not None


def test_a_slow_function_is_not_asked_for_long():
    asked = []

    def slow(x):
        asked.append(x)
        end = time.process_time() + 0.3
        while time.process_time() < end:
            pass
        return x + 1

    assert found(slow, lambda x: x) is not None
    assert len(asked) < 30
