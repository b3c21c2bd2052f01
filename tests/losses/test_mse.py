"""What holds for squared error alone."""

import torch

from lossedu.losses import mse_loss


def test_three_values_by_hand():
    # (1 - 0)^2 = 1, (2 - 4)^2 = 4, (0.5 - 0.5)^2 = 0
    got = mse_loss(torch.tensor([1.0, 2.0, 0.5]), torch.tensor([0.0, 4.0, 0.5]), reduction="none")

    assert got.tolist() == [1.0, 4.0, 0.0]


def test_agrees_with_torch():
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 3, 5, generator=generator, dtype=torch.float64)

    torch.testing.assert_close(mse_loss(x, y), torch.nn.functional.mse_loss(x, y))


def test_scaling_the_unit_scales_the_loss_by_its_square():
    x, y = torch.tensor([1.0, 5.0]), torch.tensor([2.0, -1.0])

    assert mse_loss(10 * x, 10 * y) == 100 * mse_loss(x, y)


def test_shifting_both_changes_nothing():
    x, y = torch.tensor([1.0, 5.0]), torch.tensor([2.0, -1.0])

    assert mse_loss(x + 8, y + 8) == mse_loss(x, y)


def test_float16_does_not_overflow_where_the_square_would():
    big = torch.tensor([1000.0], dtype=torch.float16)

    assert mse_loss(big, -big) == 4e6
