"""What holds for power loss alone: between absolute and squared error, and beyond."""

import pytest
import torch

from lossedu.losses import l1_loss, mse_loss, power_loss

EXPONENTS = [1.0, 1.25, 1.5, 2.0, 3.0, 7.5]


def drawn(n, seed):
    return 3 * torch.randn(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def best_constant(targets, exponent):
    """Where the slope of the total loss changes its sign, by bisection."""
    low, high = targets.min(), targets.max()
    for _ in range(60):
        middle = ((low + high) / 2).requires_grad_()
        power_loss(middle.expand_as(targets), targets, exponent=exponent).backward()
        low, high = (low, middle.detach()) if middle.grad > 0 else (middle.detach(), high)
    return low.item()


def test_three_values_by_hand():
    # 4^1.5 = 8; |-9|^1.5 = 27; and 2^3 = 8
    x, y = torch.tensor([4.0, -5.0, 1.0]), torch.tensor([0.0, 4.0, 1.0])

    assert power_loss(x, y, reduction="none").tolist() == [8.0, 27.0, 0.0]
    assert power_loss(torch.tensor([2.0]), torch.zeros(1), exponent=3) == 8


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_the_sum_is_a_power_of_the_norm(exponent):
    x, y = drawn(9, 0), drawn(9, 1)

    got = power_loss(x, y, exponent=exponent, reduction="sum")

    torch.testing.assert_close(got, torch.linalg.vector_norm(x - y, exponent) ** exponent)


def test_its_ends_are_absolute_and_squared_error():
    x, y = drawn(9, 2), drawn(9, 3)

    torch.testing.assert_close(power_loss(x, y, exponent=1), l1_loss(x, y), rtol=1e-15, atol=0)
    torch.testing.assert_close(power_loss(x, y, exponent=2), mse_loss(x, y), rtol=1e-15, atol=0)


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_gradient_is_the_exponent_times_one_power_less(exponent):
    x = torch.tensor([2.0, -2.0, 0.0], dtype=torch.float64, requires_grad=True)

    power_loss(x, torch.zeros(3).double(), exponent=exponent, reduction="sum").backward()

    slope = exponent * 2 ** (exponent - 1)
    assert x.grad.tolist() == pytest.approx([slope, -slope, 0.0], rel=1e-14)


@pytest.mark.parametrize(("exponent", "curvature"), [(1.5, torch.inf), (2.0, 2.0), (3.0, 0.0)])
def test_curvature_at_the_target_is_infinite_below_2_and_0_above(exponent, curvature):
    x = torch.zeros(1, dtype=torch.float64, requires_grad=True)

    loss = power_loss(x, torch.zeros(1).double(), exponent=exponent)
    (slope,) = torch.autograd.grad(loss, x, create_graph=True)
    (bend,) = torch.autograd.grad(slope, x)

    assert bend.item() == curvature


def test_curvature_grows_without_bound_towards_the_target_below_2():
    # (d/de)^2 e^1.5 = 3 / (4 sqrt(e))
    x = torch.tensor([1e-4, 1e-8, 1e-12], dtype=torch.float64, requires_grad=True)

    loss = power_loss(x, torch.zeros(3).double(), reduction="sum")
    (slope,) = torch.autograd.grad(loss, x, create_graph=True)
    (bend,) = torch.autograd.grad(slope.sum(), x)

    assert bend.tolist() == pytest.approx([75.0, 7.5e3, 7.5e5])


def test_the_best_constant_passes_from_median_over_mean_to_midrange():
    targets = torch.tensor([0.0, 1.0, 2.0, 4.0, 13.0], dtype=torch.float64)

    best = [best_constant(targets, k) for k in (1.001, 1.2, 1.5, 2, 3, 8, 200)]

    assert best == sorted(best)
    assert best[0] == pytest.approx(2, abs=1e-3)  # the median
    assert best[3] == pytest.approx(4)  # the mean
    assert best[-1] == pytest.approx(6.5, abs=0.05)  # half-way between the extremes


def test_scaling_the_unit_scales_the_loss_by_its_power():
    x, y = torch.tensor([1.0, 5.0]), torch.tensor([2.0, -1.0])

    assert power_loss(4 * x, 4 * y, exponent=1.5) == 8 * power_loss(x, y, exponent=1.5)


def test_shifting_or_exchanging_both_changes_nothing():
    x, y = torch.tensor([1.0, 5.0]), torch.tensor([2.0, -1.0])

    assert power_loss(x + 8, y + 8) == power_loss(x, y) == power_loss(y, x)


def test_the_mean_power_grows_with_the_exponent():
    x, y = drawn(20, 4), drawn(20, 5)

    means = [power_loss(x, y, exponent=k).item() ** (1 / k) for k in EXPONENTS]

    assert means == sorted(means)
    assert means[-1] < (x - y).abs().max()


def test_float16_does_not_overflow_where_the_power_would():
    big = torch.tensor([8192.0], dtype=torch.float16)

    assert power_loss(big, -big) == 2.0**21


@pytest.mark.parametrize("exponent", [0.5, 0, -2, float("nan")])
def test_an_exponent_below_1_is_refused(exponent):
    with pytest.raises(ValueError, match=rf"^exponent must be at least 1, but is {exponent}\.$"):
        power_loss(torch.zeros(2), torch.zeros(2), exponent=exponent)
