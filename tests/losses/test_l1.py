"""What holds for absolute error alone: its slope is a sign, its minimiser a median."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lossedu.losses import l1_loss, mse_loss

REALS = st.floats(-1e6, 1e6)


def total(constant, targets):
    """The loss of predicting one number for all targets."""
    return l1_loss(torch.full_like(targets, constant), targets, reduction="sum").item()


def one(value):
    return torch.tensor([value], dtype=torch.float64)


def test_three_values_by_hand():
    # |1 - 0| = 1, |2 - 4| = 2, |0.5 - 0.5| = 0
    got = l1_loss(torch.tensor([1.0, 2.0, 0.5]), torch.tensor([0.0, 4.0, 0.5]), reduction="none")

    assert got.tolist() == [1.0, 2.0, 0.0]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_agrees_with_torch(reduction):
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 3, 5, generator=generator, dtype=torch.float64)

    expected = torch.nn.functional.l1_loss(x, y, reduction=reduction)

    torch.testing.assert_close(l1_loss(x, y, reduction=reduction), expected)


def test_gradient_has_the_same_size_next_to_the_target_as_far_from_it():
    x = torch.tensor([1e-30, 1e30, -1e-30, -1e30, 0.0], requires_grad=True)

    l1_loss(x, torch.zeros(5), reduction="sum").backward()

    assert x.grad.tolist() == [1.0, 1.0, -1.0, -1.0, 0.0]


def test_a_fixed_step_never_settles():
    x = torch.tensor([0.25], requires_grad=True)
    visited = []
    for _ in range(6):
        (slope,) = torch.autograd.grad(l1_loss(x, torch.zeros(1)), x)
        x = (x - slope).detach().requires_grad_()
        visited.append(x.item())

    assert visited == [-0.75, 0.25] * 3


def test_the_median_minimises_it_and_an_outlier_does_not_move_it():
    generator = torch.Generator().manual_seed(1)
    targets = torch.randn(31, generator=generator, dtype=torch.float64)
    median = targets.median()
    outlying = torch.where(targets == targets.max(), 1e6, targets)

    for sample in (targets, outlying):
        least = total(median.item(), sample)
        assert all(total(other, sample) > least for other in sample.tolist() if other != median)
    assert outlying.mean() > 1e4


def test_between_the_middle_two_of_an_even_sample_every_constant_is_as_good():
    targets = torch.tensor([0.0, 1.0, 3.0, 9.0], dtype=torch.float64)

    # 1 + 0 + 2 + 8 = 11 at 1; 3 + 2 + 0 + 6 = 11 at 3; beyond, one more each step.
    assert [total(c, targets) for c in (0.5, 1, 1.7, 3, 3.5)] == pytest.approx([12, 11, 11, 11, 12])


@given(REALS, REALS, REALS)
def test_it_is_a_distance(x, y, z):
    direct = l1_loss(one(x), one(z))

    assert direct == l1_loss(one(z), one(x))
    assert direct <= l1_loss(one(x), one(y)) + l1_loss(one(y), one(z)) + 1e-9
    assert (direct == 0) == (x == z)


def test_scaling_the_unit_scales_the_loss():
    x, y = torch.tensor([1.0, 5.0]), torch.tensor([2.0, -1.0])

    assert l1_loss(-8 * x, -8 * y) == 8 * l1_loss(x, y)


def test_shifting_both_changes_nothing():
    x, y = torch.tensor([1.0, 5.0]), torch.tensor([2.0, -1.0])

    assert l1_loss(x + 8, y + 8) == l1_loss(x, y)


def test_its_square_never_exceeds_the_squared_error():
    generator = torch.Generator().manual_seed(2)
    x, y = 3 * torch.randn(2, 20, generator=generator, dtype=torch.float64)

    assert l1_loss(x, y) ** 2 < mse_loss(x, y)
    torch.testing.assert_close(l1_loss(y + 3, y) ** 2, mse_loss(y + 3, y))


def test_float16_does_not_overflow_where_the_difference_would():
    big = torch.tensor([60000.0], dtype=torch.float16)

    assert (big - -big).isinf()
    assert l1_loss(big, -big) == 120000
