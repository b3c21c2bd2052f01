"""What holds for focal loss alone."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from lossedu.losses import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    sigmoid_focal_loss,
    softmax_focal_loss,
)

GAMMAS = [0.0, 0.5, 1.0, 2.0, 5.0]


def drawn(*shape, seed=0):
    return 2 * torch.randn(
        *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def plain_python(z, y, gamma, alpha):
    """Equation 5 of the paper, in ordinary arithmetic."""
    p = 1 / (1 + math.exp(-z))
    p_t = p if y == 1 else 1 - p
    alpha_t = 1.0 if alpha is None else (alpha if y == 1 else 1 - alpha)
    return -alpha_t * (1 - p_t) ** gamma * math.log(p_t)


def power_form(logits, targets, gamma):
    """The form that most code uses, with the power of a rounded probability."""
    ce = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    p = logits.sigmoid()
    p_t = p * targets + (1 - p) * (1 - targets)
    return ce * (1 - p_t) ** gamma


def test_three_values_by_hand():
    # p = 1/2: (1/2)^2 log 2 = 0.1733; alpha = 1/4 takes a quarter of it, or three quarters.
    zero = torch.zeros(1, dtype=torch.float64)
    one = torch.ones(1, dtype=torch.float64)

    assert sigmoid_focal_loss(zero, one).item() == pytest.approx(math.log(2) / 4)
    assert sigmoid_focal_loss(zero, one, alpha=0.25).item() == pytest.approx(math.log(2) / 16)
    assert sigmoid_focal_loss(zero, 0 * one, alpha=0.25).item() == pytest.approx(
        3 * math.log(2) / 16
    )


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("alpha", [None, 0.25])
def test_agrees_with_equation_5_of_the_paper(gamma, alpha):
    logits, targets = drawn(20), (torch.arange(20) % 2).double()

    got = sigmoid_focal_loss(logits, targets, gamma=gamma, alpha=alpha, reduction="none")

    pairs = zip(logits.tolist(), targets.tolist(), strict=True)
    assert got.tolist() == pytest.approx(
        [plain_python(z, y, gamma, alpha) for z, y in pairs], rel=1e-12
    )


@given(st.floats(-50, 50), st.floats(0, 8), st.integers(0, 16))
def test_flipping_logit_target_and_alpha_changes_nothing(z, gamma, sixteenths):
    alpha = sixteenths / 16  # so that 1 - alpha is exact
    logit = torch.tensor([z], dtype=torch.float64)
    one = torch.ones(1, dtype=torch.float64)

    got = sigmoid_focal_loss(logit, one, gamma=gamma, alpha=alpha)
    mirrored = sigmoid_focal_loss(-logit, 0 * one, gamma=gamma, alpha=1 - alpha)

    torch.testing.assert_close(got, mirrored, rtol=1e-9, atol=1e-300)


@given(st.floats(-1e4, 1e4), st.floats(0, 50))
def test_never_exceeds_cross_entropy(z, gamma):
    logit, one = torch.tensor([z], dtype=torch.float64), torch.ones(1, dtype=torch.float64)

    focal = sigmoid_focal_loss(logit, one, gamma=gamma)

    assert focal <= binary_cross_entropy_with_logits(logit, one)


@given(st.floats(-30, 30), st.floats(0, 1), st.sampled_from(GAMMAS))
def test_is_at_least_cross_entropy_minus_gamma_times_entropy(z, share, gamma):
    logit = torch.tensor([z], dtype=torch.float64)
    target = torch.tensor([share], dtype=torch.float64)
    p = logit.sigmoid()
    entropy = -(torch.xlogy(p, p) + torch.xlogy(1 - p, 1 - p))

    focal = sigmoid_focal_loss(logit, target, gamma=gamma)

    assert focal >= binary_cross_entropy_with_logits(logit, target) - gamma * entropy - 1e-12


def test_a_soft_target_gives_the_expected_loss():
    logits, share = drawn(5), 0.3

    got = sigmoid_focal_loss(logits, torch.full_like(logits, share), reduction="none")

    if_one = sigmoid_focal_loss(logits, torch.ones_like(logits), reduction="none")
    if_zero = sigmoid_focal_loss(logits, torch.zeros_like(logits), reduction="none")
    torch.testing.assert_close(got, share * if_one + (1 - share) * if_zero)


def test_gamma_below_one_keeps_its_gradient_where_the_power_form_gives_nan():
    logits = torch.tensor([17.0, 40.0], requires_grad=True)
    ones = torch.ones(2)

    (power,) = torch.autograd.grad(power_form(logits, ones, 0.5).sum(), logits)
    (ours,) = torch.autograd.grad(
        sigmoid_focal_loss(logits, ones, gamma=0.5, reduction="sum"), logits
    )

    assert power.isnan().any()
    assert ours.isfinite().all()
    assert ours[0].item() == pytest.approx(-1.5 * math.exp(-17) ** 1.5, rel=1e-4)


def test_two_classes_are_the_binary_loss_of_the_difference():
    z = drawn(9)
    two = torch.stack([torch.zeros_like(z), z], dim=-1)
    targets = torch.arange(9) % 2

    got = softmax_focal_loss(two, targets, gamma=1.5, reduction="none")

    expected = sigmoid_focal_loss(z, targets.double(), gamma=1.5, reduction="none")
    torch.testing.assert_close(got, expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_over_classes_it_is_the_factor_times_cross_entropy(gamma):
    logits, targets = drawn(8, 5), torch.arange(8) % 5
    alpha = [0.1, 0.2, 0.3, 0.4, 2.0]

    got = softmax_focal_loss(logits, targets, gamma=gamma, alpha=alpha, reduction="none")

    p_t = logits.softmax(-1).gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    ce = cross_entropy(logits, targets, reduction="none")
    torch.testing.assert_close(got, torch.tensor(alpha).double()[targets] * (1 - p_t) ** gamma * ce)


def test_adding_a_constant_to_all_logits_changes_nothing():
    logits, targets = drawn(6, 4), torch.arange(6) % 4

    torch.testing.assert_close(
        softmax_focal_loss(logits + 100, targets), softmax_focal_loss(logits, targets)
    )


def test_one_class_is_certain():
    logits = torch.tensor([[3.0]], requires_grad=True)

    loss = softmax_focal_loss(logits, torch.tensor([0]))
    loss.backward()

    assert loss == 0
    assert logits.grad.item() == 0


@pytest.mark.parametrize(("alpha", "silent"), [(0.0, 1.0), (1.0, 0.0)])
def test_alpha_at_its_ends_silences_one_class(alpha, silent):
    logits = drawn(4)

    got = sigmoid_focal_loss(logits, torch.full_like(logits, silent), alpha=alpha)

    assert got == 0
