"""What holds for quantile loss alone: its minimiser is the quantile, and its sides add up."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mean_pinball_loss

from lossedu.losses import l1_loss, quantile_loss

LEVELS = [0.05, 0.25, 0.5, 0.9]


def drawn(n, seed):
    return torch.randn(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_three_values_by_hand():
    # tau = 0.75: 4 too low costs 0.75 * 4 = 3; 4 too high costs 0.25 * 4 = 1.
    x, y = torch.tensor([0.0, 4.0, 2.0]), torch.tensor([4.0, 0.0, 2.0])

    assert quantile_loss(x, y, quantile=0.75, reduction="none").tolist() == [3.0, 1.0, 0.0]


@pytest.mark.parametrize("level", [0.0, *LEVELS, 1.0])
def test_agrees_with_scikit_learn(level):
    x, y = drawn(50, 0), drawn(50, 1)

    got = quantile_loss(x, y, quantile=level)

    assert got.item() == pytest.approx(mean_pinball_loss(y, x, alpha=level), rel=1e-12)


def test_the_default_is_half_of_the_absolute_error():
    x, y = drawn(9, 2), drawn(9, 3)

    torch.testing.assert_close(quantile_loss(x, y), l1_loss(x, y) / 2)


@pytest.mark.parametrize("level", LEVELS)
def test_a_sample_quantile_minimises_it(level):
    targets = drawn(37, 4)  # 37 times the level is no integer, so the minimiser is unique

    costs = [
        quantile_loss(torch.full_like(targets, c), targets, quantile=level)
        for c in targets.tolist()
    ]

    best = targets[int(torch.stack(costs).argmin())].item()
    assert best == np.quantile(targets.numpy(), level, method="inverted_cdf")


def test_a_high_quantile_makes_under_prediction_expensive():
    low, high = torch.tensor([-1.0]), torch.tensor([1.0])
    target = torch.zeros(1)

    too_low = quantile_loss(low, target, quantile=0.9)
    too_high = quantile_loss(high, target, quantile=0.9)

    assert too_low / too_high == pytest.approx(9)


@pytest.mark.parametrize("level", [0.0, 0.25, 0.75, 1.0])
def test_gradient_is_minus_tau_below_and_the_rest_above(level):
    x = torch.tensor([-1e-20, -5.0, 1e-20, 5.0, 0.0], requires_grad=True)

    quantile_loss(x, torch.zeros(5), quantile=level, reduction="sum").backward()

    assert x.grad.tolist() == [-level, -level, 1 - level, 1 - level, 0.0]


def test_at_its_ends_only_one_side_costs():
    x = torch.tensor([-3.0, 3.0])

    assert quantile_loss(x, torch.zeros(2), quantile=0.0, reduction="none").tolist() == [0.0, 3.0]
    assert quantile_loss(x, torch.zeros(2), quantile=1.0, reduction="none").tolist() == [3.0, 0.0]


@given(st.floats(0, 1))
def test_a_level_and_its_complement_add_to_the_absolute_error(level):
    x, y = drawn(6, 5), drawn(6, 6)

    both = quantile_loss(x, y, quantile=level) + quantile_loss(x, y, quantile=1 - level)

    torch.testing.assert_close(both, l1_loss(x, y))


@given(st.integers(0, 16))
def test_mirroring_both_exchanges_a_level_and_its_complement(sixteenths):
    level = sixteenths / 16  # so that 1 - level is exact
    x, y = drawn(6, 7), drawn(6, 8)

    got = quantile_loss(-x, -y, quantile=level)

    assert got == quantile_loss(x, y, quantile=1 - level)


def test_the_two_ends_of_an_interval_cost_its_interval_score():
    # Gneiting and Raftery 2007: width + 2 / a times the miss, for an interval that misses a share a
    a, y = 0.2, torch.tensor([0.5, 3.0, -4.0], dtype=torch.float64)
    low, high = torch.full_like(y, -1.0), torch.full_like(y, 2.0)

    ends = [
        quantile_loss(end, y, quantile=level, reduction="none")
        for end, level in ((low, a / 2), (high, 1 - a / 2))
    ]

    # width 3; misses 0, 1 and 3, each at 2 / 0.2 = 10
    assert (2 / a * sum(ends)).tolist() == pytest.approx([3.0, 13.0, 33.0])


def test_it_scales_with_the_unit_and_ignores_a_shift():
    x, y = torch.tensor([1.0, 5.0]), torch.tensor([2.0, -1.0])

    plain = quantile_loss(x, y, quantile=0.25)

    assert quantile_loss(8 * x + 4, 8 * y + 4, quantile=0.25) == 8 * plain


@pytest.mark.parametrize("level", [-0.1, 1.5, 90, float("nan")])
def test_a_level_outside_0_to_1_is_refused(level):
    with pytest.raises(ValueError, match=rf"^quantile must lie in \[0, 1\], but is {level}\.$"):
        quantile_loss(torch.zeros(2), torch.zeros(2), quantile=level)
