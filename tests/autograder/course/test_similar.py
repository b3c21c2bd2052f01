"""Copies are found however they are dressed; what all were given is no evidence."""

import textwrap

import pytest

from autograder.course.similar import similar, traces

GIVEN = """
import torch
from torch.nn import functional as F

def experiment(loss, steps):
    weights = torch.zeros(65, requires_grad=True)
    optimiser = torch.optim.Adam([weights], lr=0.05)
    for _ in range(steps):
        optimiser.zero_grad()
        loss(weights).backward()
        optimiser.step()
    return weights
"""
ANSWER = """
def focal_loss(logits, targets, gamma, alpha):
    signed = torch.where(targets == 1, logits, -logits)
    log_right, log_wrong = F.logsigmoid(signed), F.logsigmoid(-signed)
    values = -torch.exp(gamma * log_wrong) * log_right
    if alpha is not None:
        values = values * torch.where(targets == 1, alpha, 1 - alpha)
    return values

def slope(logits, targets, gamma):
    sign = 2 * targets - 1
    chance = torch.sigmoid(sign * logits)
    inner = gamma * chance * F.logsigmoid(sign * logits) + chance - 1
    return sign * (1 - chance) ** gamma * inner
"""
OTHER = """
def focal_loss(logits, targets, gamma, alpha):
    p = logits.sigmoid()
    losses = []
    for probability, target in zip(p.flatten(), targets.flatten()):
        right = probability if target else 1 - probability
        factor = 1 if alpha is None else (alpha if target else 1 - alpha)
        losses.append(-factor * (1 - right) ** gamma * right.log())
    return torch.stack(losses).reshape(logits.shape)

def slope(logits, targets, gamma):
    with torch.enable_grad():
        z = logits.detach().requires_grad_()
        total = focal_loss(z, targets, gamma, None).sum()
        return torch.autograd.grad(total, z)[0]
"""


def renamed(source):
    for old, new in (("logits", "z"), ("signed", "turned"), ("values", "out"), ("chance", "prob")):
        source = source.replace(old, new)
    return "# mine\n" + source.replace("    sign", "    # why\n    sign")


@pytest.mark.parametrize("dress", [str, renamed, textwrap.dedent])
def test_a_copy_is_found_however_it_is_dressed(dress):
    (pair,) = similar(
        {"ada": GIVEN + ANSWER, "bob": GIVEN + dress(ANSWER), "eve": GIVEN + OTHER}, GIVEN
    )

    assert (pair.first, pair.second) == ("ada", "bob")
    assert pair.shared == 1.0
    assert min(pair.lines[0]) >= len(GIVEN.splitlines()) - 2  # a run may begin just before


def test_what_was_given_to_all_is_no_evidence():
    assert similar({"ada": GIVEN + "x = 1", "bob": GIVEN + "y = 2"}, GIVEN) == []


def test_what_a_third_of_the_class_shares_is_no_evidence():
    class_of_eight = {f"student-{n}": GIVEN + ANSWER for n in range(8)}

    assert similar(class_of_eight, GIVEN) == []


def test_different_answers_are_not_listed():
    assert similar({"ada": GIVEN + ANSWER, "eve": GIVEN + OTHER}, GIVEN) == []


def test_a_copied_half_is_found_and_its_lines_are_named():
    half = ANSWER.split("def slope")
    mixed = half[0] + "def slope" + OTHER.split("def slope")[1]

    (pair,) = similar({"ada": ANSWER, "bob": mixed}, "", least=0.3)

    assert 0.3 < pair.shared < 1.0
    assert max(pair.lines[0]) <= len(half[0].splitlines()) + 1


@pytest.mark.parametrize("broken", ["", "def f(:", "'''never closed", "x = (", "\x00"])
def test_programs_that_do_not_parse_are_no_reason_to_stop(broken):
    assert isinstance(traces(broken), dict)
    assert similar({"ada": broken, "bob": broken}, GIVEN) == []
