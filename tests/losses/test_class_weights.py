"""What holds for weights of classes and examples, for mining, and for a focus of one's own."""

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from lossedu.losses import (
    adaptive_gamma,
    class_balanced_weights,
    hard_example_mask,
    severity_weights,
    sigmoid_focal_loss,
)


def test_two_classes_by_hand():
    # beta = 1/2: effective numbers 1 and 1 + 1/2 + 1/4 (over 2), so weights go as 7 : 4.
    got = class_balanced_weights(torch.tensor([1, 3]), beta=0.5)

    assert got.tolist() == pytest.approx([14 / 11, 8 / 11])


@pytest.mark.parametrize("beta", [0.1, 0.9, 0.999])
def test_the_effective_number_is_a_geometric_series(beta):
    counts = [1, 7, 40, 300]
    inverse = [1 / sum(Fraction(beta).limit_denominator() ** i for i in range(n)) for n in counts]

    got = class_balanced_weights(torch.tensor(counts), beta=beta)

    assert got.tolist() == pytest.approx([float(4 * w / sum(inverse)) for w in inverse])


def test_at_one_they_are_the_balanced_weights_of_scikit_learn_up_to_a_factor():
    labels = torch.tensor([0] * 70 + [1] * 25 + [2] * 5)
    balanced = compute_class_weight("balanced", classes=labels.unique().numpy(), y=labels.numpy())

    got = class_balanced_weights(labels.bincount(), beta=1.0)

    assert got.tolist() == pytest.approx(3 * balanced / balanced.sum())


def test_at_zero_all_classes_weigh_alike_next_to_one_as_at_one_and_without_examples_nothing():
    counts = torch.tensor([900, 90, 10])

    assert class_balanced_weights(counts, beta=0.0).tolist() == [1.0, 1.0, 1.0]
    torch.testing.assert_close(
        class_balanced_weights(counts, beta=1 - 1e-15), class_balanced_weights(counts, beta=1.0)
    )
    assert class_balanced_weights(0 * counts).tolist() == [0.0, 0.0, 0.0]


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=6), st.floats(0, 1))
def test_weights_sum_to_the_classes_present_and_the_rarer_class_weighs_no_less(counts, beta):
    weights = class_balanced_weights(torch.tensor(counts), beta=beta)

    present = [n > 0 for n in counts]
    assert weights.sum().item() == pytest.approx(sum(present), rel=1e-6)
    assert ((weights > 0).tolist()) == present
    ordered = weights[torch.tensor(counts).argsort(stable=True)][counts.count(0) :]
    assert (ordered.diff() <= 1e-6).all()


def test_severity_weighs_positives_only_and_is_not_looked_at_elsewhere():
    # 20 (1 + 0.5 s): 20 at s = 0, 25 at s = 1/2, 30 at s = 1.
    severity = torch.tensor([0.0, 0.5, 1.0, torch.nan], dtype=torch.float64)

    got = severity_weights(torch.tensor([1, 1, 1, 0]), severity, strength=0.5, pos_weight=20.0)

    assert got.tolist() == [20.0, 25.0, 30.0, 1.0]
    assert got.dtype == torch.float64


@pytest.mark.parametrize(
    ("n", "keep", "kept"),
    [(5, 0.1, 1), (5, 0.2, 1), (5, 0.21, 2), (5, 1.0, 5), (100, 0.07, 7), (100, 0.15, 15)],
)
def test_the_examples_of_largest_loss_are_kept(n, keep, kept):
    losses = torch.randn(n, generator=torch.Generator().manual_seed(0))

    got = hard_example_mask(losses, keep=keep)

    assert set(got.nonzero().flatten().tolist()) == set(losses.topk(kept).indices.tolist())


def test_of_equal_losses_the_earlier_are_kept_and_nan_before_all():
    losses = torch.tensor([[1.0, 1.0, torch.nan], [1.0, torch.inf, 0.0]])

    assert hard_example_mask(losses, keep=0.5).tolist() == [
        [True, False, True],
        [False, True, False],
    ]


def test_only_examples_that_count_are_ranked():
    losses, mask = (
        torch.tensor([9.0, 1.0, torch.nan, 2.0]),
        torch.tensor([False, True, False, True]),
    )

    assert hard_example_mask(losses, keep=0.5, mask=mask).tolist() == [False, False, False, True]
    assert not hard_example_mask(losses, keep=1.0, mask=torch.zeros(4, dtype=torch.bool)).any()
    assert hard_example_mask(losses[:0], keep=0.5).shape == (0,)


def test_a_loss_of_minus_infinity_is_ranked_before_what_the_mask_hides():
    losses, mask = torch.tensor([5.0, -torch.inf]), torch.tensor([False, True])

    assert hard_example_mask(losses, keep=1.0, mask=mask).tolist() == [False, True]


def test_the_focus_is_hard_where_the_truth_is_improbable():
    # p_t is 0.1, 0.2 (not below), 0.9 for ones; 0.1 for the zero.
    odds = [1 / 9, 1 / 4, 9.0, 9.0]
    logits = torch.tensor([math.log(o) for o in odds], dtype=torch.float64)

    got = adaptive_gamma(logits, torch.tensor([1.0, 1.0, 1.0, 0.0]), below=0.19999, hard=4.1)

    assert got.tolist() == [4.1, 3.0, 3.0, 4.1]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_the_focus_of_extreme_logits_fits_focal_loss(dtype):
    logits = torch.tensor([1e4, -1e4], dtype=dtype, requires_grad=True)
    ones = torch.ones(2, dtype=dtype)

    gamma = adaptive_gamma(logits, ones)

    assert gamma.tolist() == [3.0, 5.0]
    assert gamma.dtype == torch.float32
    assert not gamma.requires_grad
    assert sigmoid_focal_loss(logits, ones, gamma=gamma).item() == pytest.approx(5e3, rel=1e-2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: class_balanced_weights(torch.ones(2), beta=1.1), r"beta must lie in \[0, 1\]"),
        (lambda: class_balanced_weights(torch.ones(2, 2)), "counts must have one axis"),
        (lambda: class_balanced_weights(torch.tensor([-1])), "counts must be at least 0"),
        (lambda: severity_weights(torch.ones(1), torch.tensor([1.5])), "severity must lie in"),
        (lambda: hard_example_mask(torch.ones(2), keep=0.0), r"keep must lie in \(0, 1\]"),
        (lambda: adaptive_gamma(torch.ones(1), torch.ones(1), easy=-1.0), "easy must be at least"),
        (lambda: adaptive_gamma(torch.ones(1), torch.ones(1), below=2.0), "below must lie in"),
    ],
)
def test_options_out_of_range_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
