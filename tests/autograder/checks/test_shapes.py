"""Shapes and dtypes: what must be kept, and what must be left alone."""

import pytest
import torch

from autograder.checks import Shapes


def check():
    return Shapes("d.s", "d-s", 1, "f", lambda shape, dtype: (torch.ones(shape, dtype=dtype),))


@pytest.mark.parametrize("body", ["2 * x", "x.double().mul(2).to(x.dtype)", "x.clone().mul_(2)"])
def test_a_function_that_keeps_shape_and_dtype_passes(work, body):
    assert check().judge(work(f"def f(x):\n    return {body}\n"), None).share == 1.0


@pytest.mark.parametrize(
    ("body", "share", "words"),
    [
        ("2 * x.double()", 0.5, "must return torch.float32 for torch.float32"),
        ("2 * x.float()", 0.5, "must return torch.float64 for torch.float64"),
        ("x.mul_(2)", 0.5, "must leave its inputs as they are, but changes one in place"),
        ("x.sum()", 0.0, "must return shape (3,), but returns shape ()"),
        ("x.reshape(-1)", 0.5, "must return shape (2, 3), but returns shape (6,)"),
        ("x.numpy() * 2", 0.5, "must return a torch tensor, but returns a numpy array"),
        ("x / x.shape[0]", 0.5, "raises IndexError"),
        ("2 * x if x.numel() else x.sum()", 0.5, "must return shape (0,), but returns shape ()"),
    ],
)
def test_what_is_not_kept_is_named(work, body, share, words):
    finding = check().judge(work(f"def f(x):\n    return {body}\n"), None)

    assert finding.share == share
    assert words in finding.message


def test_the_due_shape_may_be_another_than_the_inputs(work):
    asked = Shapes(
        "d.s", "d-s", 1, "f", lambda shape, dtype: (torch.ones(shape, dtype=dtype),),
        shapes=((2, 3), (0, 4)), result=lambda shape: shape[:1],
    )  # fmt: skip

    assert asked.judge(work("def f(x):\n    return x.sum(-1)\n"), None).status == "passed"
    assert asked.judge(work("def f(x):\n    return x.sum(0)\n"), None).status == "failed"
