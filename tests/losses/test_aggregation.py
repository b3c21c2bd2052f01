"""Means over parts, put together by their counts, are the mean over the whole."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lossedu.losses import aggregate_losses, mse_loss


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_three_workers_by_hand():
    # (1 * 10 + 4 * 3 + 5 * 2) / 10 = 3.2, where the mean of means would be 5.
    got = aggregate_losses(torch.tensor([10.0, 3.0, 2.0]), torch.tensor([1, 4, 5]))

    assert got.item() == pytest.approx(3.2)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6))
def test_it_is_the_mean_over_the_pooled_examples(counts):
    losses = drawn(sum(counts)).abs()

    # A worker without examples has a mean over nothing, which is NaN.
    means = torch.stack([part.mean() for part in losses.split(counts)])

    expected = losses.mean() if sum(counts) else torch.zeros((), dtype=torch.float64)
    torch.testing.assert_close(aggregate_losses(means, torch.tensor(counts)), expected)


def test_it_undoes_the_split_of_a_weighted_loss_too():
    x, y, weight = drawn(12), drawn(12, seed=1), drawn(12, seed=2).abs()
    parts = [slice(0, 2), slice(2, 9), slice(9, 12)]

    means = torch.stack([mse_loss(x[s], y[s], weight=weight[s]) for s in parts])
    got = aggregate_losses(means, torch.stack([weight[s].sum() for s in parts]))

    torch.testing.assert_close(got, mse_loss(x, y, weight=weight))


def test_equal_counts_make_it_the_mean_of_means_and_one_worker_its_own():
    means = drawn(5)

    torch.testing.assert_close(aggregate_losses(means, torch.full((5,), 8)), means.mean())
    assert aggregate_losses(means[:1], torch.tensor([8])) == means[0]


def test_further_axes_are_aggregated_each_alone():
    means, counts = drawn(3, 4), torch.tensor([[1, 2, 0, 5], [0, 0, 0, 1], [7, 1, 0, 2]])

    got = aggregate_losses(means, counts)

    alone = [aggregate_losses(means[:, i], counts[:, i]) for i in range(4)]
    assert got.shape == (4,)
    torch.testing.assert_close(got, torch.stack(alone))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_nobody_with_an_example_gives_zero_of_the_same_dtype_with_zero_gradient(dtype):
    means = torch.full((2,), torch.nan, dtype=dtype, requires_grad=True)

    got = aggregate_losses(means, torch.zeros(2))
    got.backward()

    assert got == 0
    assert got.dtype == dtype
    assert (means.grad == 0).all()
    assert aggregate_losses(means[:0], torch.zeros(0)) == 0


def test_the_gradient_is_the_share_of_each_worker():
    means = torch.tensor([3.0, torch.nan, -1.0], requires_grad=True)

    aggregate_losses(means, torch.tensor([30, 0, 10])).backward()

    assert means.grad.tolist() == [0.75, 0.0, 0.25]


def test_gradcheck_passes():
    means = drawn(3, 2).requires_grad_()
    counts = torch.tensor([[3.0, 0.0], [1.0, 2.0], [0.0, 5.0]])

    assert torch.autograd.gradcheck(lambda m: aggregate_losses(m, counts), means)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_means_are_summed_in_float32(dtype):
    means = torch.tensor([1e4, 2e4, 6e4], dtype=dtype)

    got = aggregate_losses(means, torch.tensor([10**6, 10**6, 10**6]))

    assert got == aggregate_losses(means.float(), torch.ones(3)).to(dtype)


@pytest.mark.parametrize("extreme", [1e4, -1e4, 1e30])
def test_the_mean_of_equal_extremes_is_that_extreme(extreme):
    means, counts = torch.full((3,), extreme), torch.tensor([10**9, 1, 10**9])

    torch.testing.assert_close(aggregate_losses(means, counts), torch.tensor(extreme))


def test_integer_means_are_refused():
    with pytest.raises(TypeError, match="local_means must be a floating-point tensor, but has dty"):
        aggregate_losses(torch.tensor([1, 2]), torch.tensor([1, 2]))


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (torch.tensor([1, -2]), "counts must be at least 0 and finite, but contains -2 at index 1"),
        (torch.tensor([1, 2, 3]), "local_means and counts must have the same shape"),
        (torch.tensor([[1], [2]]), "local_means and counts must have the same shape"),
        (torch.tensor([torch.nan, 1.0]), "counts must be at least 0 and finite, but contains nan"),
    ],
)
def test_counts_that_do_not_fit_are_refused(counts, message):
    with pytest.raises(ValueError, match=message):
        aggregate_losses(torch.ones(2), counts)
