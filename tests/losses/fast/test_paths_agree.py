"""What a loss says does not depend on which of its algorithms was picked, whatever it is given."""

import math

import pytest
import torch

from lossedu import losses
from tests.losses.fast.paths import PATHS, drawn

DIGITS = {
    torch.float64: {"rtol": 1e-8, "atol": 1e-10},
    torch.float32: {"rtol": 1e-4, "atol": 1e-6},
    torch.float16: {"rtol": 1e-2, "atol": 1e-4},
}


def put(scores, *entries):
    """The scores with these in some places."""
    scores = scores.clone()
    scores.view(-1)[5 : 5 + 12 * len(entries) : 12] = torch.tensor(entries, dtype=scores.dtype)
    return scores


def given(path, dtype):
    """What a loss may be given, by name."""
    scores = drawn(*PATHS[path][1])
    inputs = {
        "usual": scores,
        "one that is -inf": put(scores, -math.inf),
        "one that is inf": put(scores, math.inf),
        "both infinities": put(scores, -math.inf, math.inf),
        "two that are -inf": put(scores, -math.inf, -math.inf),
        "NaN": put(scores, math.nan),
        "all equal": torch.zeros_like(scores),
        "many ties": scores.round(),
        "large": scores * 1e4,
        "huge": scores * (1e160 if dtype is torch.float64 else 1e4),
    }
    return {name: values.to(dtype) for name, values in inputs.items()}


@pytest.mark.parametrize("dtype", DIGITS, ids=str)
@pytest.mark.parametrize("path", PATHS)
def test_the_fast_path_says_what_the_formula_says(path, dtype):
    loss, _ = PATHS[path]

    def total(scores):
        return loss(scores).sum()

    for name, scores in given(path, dtype).items():
        leaf = scores.clone().requires_grad_()
        value = total(leaf)
        (slope,) = torch.autograd.grad(value, leaf)
        # Inside torch.func every loss is its formula; autocast has no say in it.
        with torch.autocast("cpu"):
            by_formula, expected = torch.func.grad_and_value(total)(scores)

        same = {"equal_nan": True, **DIGITS[dtype], "msg": lambda text, of=name: f"{of}: {text}"}
        torch.testing.assert_close(value.detach(), expected, **same)
        if value.isfinite():
            torch.testing.assert_close(slope, by_formula, **same)


def test_one_infinite_score_costs_the_same_in_a_short_list_and_in_a_long_one():
    loss = PATHS["hinge"][0]
    scores = put(drawn(140), -math.inf)

    # The item at -inf is not of the lowest grade, so it has a better one's lead to pay for.
    assert loss(scores) == math.inf


@pytest.mark.parametrize("many", [3, 140_000])
@pytest.mark.parametrize("options", [{}, {"pos_weight": 3.0}], ids=["plain", "weighted"])
@pytest.mark.parametrize(
    "loss", [losses.sigmoid_focal_loss, losses.binary_cross_entropy_with_logits]
)
def test_an_event_that_is_infinitely_sure_costs_nothing_or_all(loss, options, many):
    if options and loss is losses.sigmoid_focal_loss:
        options = {"alpha": 0.25}
    logits = torch.zeros(many, dtype=torch.float64)
    logits[0], logits[1] = math.inf, -math.inf
    events = (torch.arange(many) == 0).double()
    leaf = logits.requires_grad_()

    right = loss(leaf, events, reduction="none", **options)
    (slope,) = torch.autograd.grad(right.sum(), leaf)
    wrong = loss(leaf, 1 - events, reduction="none", **options)

    assert right[:2].tolist() == [0.0, 0.0]
    assert slope[:2].tolist() == [0.0, 0.0]
    assert wrong[:2].tolist() == [math.inf, math.inf]


@pytest.mark.parametrize("rows", [1, 700])
def test_a_class_that_is_infinitely_likely_costs_nothing_and_others_all(rows):
    logits = drawn(rows, 100)
    logits[0, 7] = math.inf
    leaf = logits.requires_grad_()
    targets = torch.full((rows,), 7)

    right = losses.cross_entropy(leaf, targets, reduction="none")
    (slope,) = torch.autograd.grad(right.sum(), leaf)
    wrong = losses.cross_entropy(leaf, targets - 1, reduction="none")

    assert (right[0], wrong[0]) == (0, math.inf)
    assert slope[0].tolist() == [0.0] * 100
    assert right.isfinite().all()
