"""What holds for Huber loss and its smooth relatives: a square inside, a line outside."""

import math

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import special
from torch.nn import functional

from lossedu.losses import huber_loss, l1_loss, log_cosh_loss, mse_loss, pseudo_huber_loss

DELTAS = [0.3, 1.0, 4.0]
WITH_DELTA = [huber_loss, pseudo_huber_loss]
ALL = [*WITH_DELTA, log_cosh_loss]


def drawn(n=40, seed=0):
    return 3 * torch.randn(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def slopes(loss, errors, **options):
    leaf = errors.clone().requires_grad_()
    loss(leaf, torch.zeros_like(errors), reduction="sum", **options).backward()
    return leaf.grad


def test_values_by_hand():
    # Huber, delta 2: 1^2 / 2 = 0.5; on the seam 2^2 / 2 = 2; beyond it 2 (5 - 1) = 8.
    # Pseudo-Huber, delta 3, error 4: 9 (5/3 - 1) = 6.  log cosh(log 2) = log((2 + 1/2) / 2).
    x, y = torch.tensor([1.0, -2.0, 5.0]), torch.zeros(3)

    assert huber_loss(x, y, delta=2, reduction="none").tolist() == [0.5, 2.0, 8.0]
    assert pseudo_huber_loss(y + 4, y, delta=3).item() == pytest.approx(6)
    assert log_cosh_loss(y + math.log(2), y).item() == pytest.approx(math.log(5 / 4))


@pytest.mark.parametrize("delta", DELTAS)
def test_agrees_with_torch_and_scipy(delta):
    x, y = drawn(), drawn(seed=1)

    got = huber_loss(x, y, delta=delta, reduction="none")
    pseudo = pseudo_huber_loss(x, y, delta=delta, reduction="none")

    smooth = functional.smooth_l1_loss(x, y, beta=delta, reduction="none")
    torch.testing.assert_close(got, functional.huber_loss(x, y, delta=delta, reduction="none"))
    torch.testing.assert_close(got, delta * smooth)
    errors = (x - y).numpy()
    torch.testing.assert_close(got, torch.from_numpy(special.huber(delta, errors)))
    torch.testing.assert_close(pseudo, torch.from_numpy(special.pseudo_huber(delta, errors)))


def test_log_cosh_agrees_with_numpy_on_both_sides_of_its_seam():
    x = torch.linspace(-3, 3, 61, dtype=torch.float64)

    got = log_cosh_loss(x, torch.zeros_like(x), reduction="none")

    expected = np.logaddexp(x.numpy(), -x.numpy()) - math.log(2)
    torch.testing.assert_close(got, torch.from_numpy(expected), rtol=0, atol=1e-15)


@pytest.mark.parametrize("loss", WITH_DELTA)
def test_a_small_delta_leaves_absolute_error_and_a_large_one_half_of_the_squared(loss):
    x, y = drawn(), drawn(seed=1)

    torch.testing.assert_close(loss(x, y, delta=1e-9) / 1e-9, l1_loss(x, y))
    torch.testing.assert_close(loss(x, y, delta=1e9), mse_loss(x, y) / 2)


@pytest.mark.parametrize("loss", WITH_DELTA)
def test_delta_has_the_unit_of_the_target(loss):
    x, y = drawn(), drawn(seed=1)

    rescaled = loss(8 * x, 8 * y, delta=8 * 1.5)

    torch.testing.assert_close(rescaled, 64 * loss(x, y, delta=1.5))
    assert abs(loss(8 * x, 8 * y, delta=1.5) / (64 * loss(x, y, delta=1.5)) - 1) > 0.1


@pytest.mark.parametrize("delta", DELTAS)
def test_slope_is_the_clipped_error_or_delta_times_a_sine(delta):
    errors = delta * torch.tensor([-9.0, -1.0, -0.5, 0.0, 0.5, 1.0, 9.0])

    got = slopes(huber_loss, errors, delta=delta)

    assert got.tolist() == pytest.approx([delta * e for e in (-1, -1, -0.5, 0, 0.5, 1, 1)])
    # An error of 3 at delta 4 makes a right triangle: 4 * 3/5.
    assert slopes(pseudo_huber_loss, torch.tensor([3.0]), delta=4).item() == pytest.approx(2.4)


@pytest.mark.parametrize("loss", ALL)
@pytest.mark.parametrize("error", [1e5, 1e10, 1e20, 1e30])
def test_slope_is_bounded_where_the_square_of_the_error_would_overflow(loss, error):
    got = slopes(loss, torch.tensor([error, -error]))

    assert got.tolist() == pytest.approx([1.0, -1.0], rel=1e-6)


@pytest.mark.parametrize("loss", ALL)
def test_small_errors_keep_their_digits(loss):
    x = torch.tensor([1e-9, 1e-30], dtype=torch.float64)

    got = loss(x, torch.zeros_like(x), reduction="none")

    assert got.tolist() == pytest.approx([5e-19, 5e-61], rel=1e-14)


@pytest.mark.parametrize("loss", WITH_DELTA)
@pytest.mark.parametrize("delta", [1e-30, 1e-42, 1e-60])
def test_a_tiny_delta_costs_nothing_on_the_target(loss, delta):
    x = torch.zeros(1, requires_grad=True)

    value = loss(x, torch.zeros(1), delta=delta)
    value.backward()

    assert value == 0
    assert x.grad.item() == 0


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e3))
@example(4 / 3, 1.0)
def test_pseudo_huber_is_at_least_four_fifths_of_huber_and_never_more(error, delta):
    x, y = torch.tensor([error], dtype=torch.float64), torch.zeros(1, dtype=torch.float64)

    smooth, sharp = pseudo_huber_loss(x, y, delta=delta), huber_loss(x, y, delta=delta)

    # In units of delta the least share is at 4/3: (5/3 - 1) / (4/3 - 1/2) = 4/5.
    assert 0.8 * sharp * (1 - 1e-12) <= smooth <= sharp * (1 + 1e-12)


def test_the_best_constant_lies_between_median_and_mean():
    # targets 0, 0, 9 at delta 3: the slope 2 c - 3 is 0 at 1.5; median 0, mean 3
    targets = torch.tensor([0.0, 0.0, 9.0], dtype=torch.float64)
    grid = torch.linspace(0, 9, 181, dtype=torch.float64)

    costs = torch.stack([huber_loss(c.expand(3), targets, delta=3) for c in grid])

    assert grid[costs.argmin()].item() == pytest.approx(1.5)


@pytest.mark.parametrize("loss", ALL)
def test_mirroring_or_shifting_both_changes_nothing(loss):
    x, y = torch.tensor([1.0, 5.0]), torch.tensor([2.0, -1.0])

    assert loss(-x, -y) == loss(y, x) == loss(x + 8, y + 8) == loss(x, y)


@pytest.mark.parametrize("loss", WITH_DELTA)
@pytest.mark.parametrize("delta", [0.0, -1.0, float("inf"), float("nan")])
def test_a_delta_that_is_not_above_0_and_finite_is_refused(loss, delta):
    with pytest.raises(ValueError, match=rf"^delta must be above 0 and finite, but is {delta}\.$"):
        loss(torch.zeros(2), torch.zeros(2), delta=delta)
