"""What holds for KL divergence and for the entropy of a prediction alone."""

import math

import pytest
import scipy.special
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from lossedu.losses import kl_divergence, prediction_entropy

ENTRIES = st.lists(st.floats(-30, 30), min_size=4, max_size=4)


def drawn(*shape, seed=0):
    return 2 * torch.randn(
        *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def slope(loss, logits, *args):
    leaf = logits.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(leaf, *args, reduction="sum"), leaf)
    return gradient


def test_two_classes_by_hand():
    # p = (1/4, 3/4) and q = (1/2, 1/2): log(2)/2 + log(2/3)/2 = log(4/3)/2.
    logits = torch.tensor([[0.0, math.log(3)]], dtype=torch.float64)

    got = kl_divergence(logits, torch.full_like(logits, 0.5))

    assert got.item() == pytest.approx(math.log(4 / 3) / 2, rel=1e-14)


def test_agrees_with_scipy_row_by_row_and_its_mean_with_what_torch_calls_batchmean():
    logits, q = drawn(9, 5), drawn(9, 5, seed=1).softmax(-1)

    got = kl_divergence(logits, q, reduction="none")

    p = scipy.special.softmax(logits.numpy(), axis=-1)
    assert got.tolist() == pytest.approx(scipy.stats.entropy(q.numpy(), p, axis=-1), rel=1e-12)
    batchmean = functional.kl_div(logits.log_softmax(-1), q, reduction="batchmean")
    torch.testing.assert_close(got.mean(), batchmean)


@given(ENTRIES, ENTRIES)
def test_it_is_never_below_zero_but_for_rounding(first, second):
    logits, other = torch.tensor([first, second], dtype=torch.float64)

    assert kl_divergence(logits, other.softmax(-1)) >= -1e-14


def test_the_divergence_of_a_distribution_from_itself_is_zero_with_zero_gradient():
    logits = drawn(6, 4)
    q = logits.softmax(-1)

    assert kl_divergence(logits, q, reduction="none").abs().max() < 1e-15
    assert slope(kl_divergence, logits, q).abs().max() < 1e-15


def test_it_is_cross_entropy_less_the_entropy_of_the_target():
    logits, target_logits = drawn(7, 4), drawn(7, 4, seed=1)
    q = target_logits.softmax(-1)

    got = kl_divergence(logits, q, reduction="none")

    charged = functional.cross_entropy(logits, q, reduction="none")
    torch.testing.assert_close(got, charged - prediction_entropy(target_logits, reduction="none"))


def test_classes_of_target_zero_contribute_nothing():
    logits = torch.tensor([[1.0, -2.0, 0.5]], dtype=torch.float64)
    q = torch.tensor([[0.25, 0.0, 0.75]], dtype=torch.float64)

    got = kl_divergence(logits, q)

    terms = scipy.special.rel_entr(q.numpy(), scipy.special.softmax(logits.numpy()))
    assert got.item() == pytest.approx(terms.sum(), rel=1e-13)
    torch.testing.assert_close(slope(kl_divergence, logits, q), logits.softmax(-1) - q)


def test_an_impossible_class_is_free_where_the_target_excludes_it_and_infinite_elsewhere():
    logits = torch.tensor([[0.0, -torch.inf, 0.0]])
    excluded, possible = torch.tensor([[[0.5, 0.0, 0.5]], [[0.5, 0.5, 0.0]]])

    assert kl_divergence(logits, excluded) == 0
    assert (slope(kl_divergence, logits, excluded) == 0).all()
    assert kl_divergence(logits, possible) == torch.inf


def test_it_is_not_symmetric():
    narrow, wide = torch.tensor([[5.0, 0.0, 0.0]]), torch.zeros(1, 3)

    assert kl_divergence(narrow, wide.softmax(-1)) > 2 * kl_divergence(wide, narrow.softmax(-1))


def test_shifting_all_logits_or_renaming_the_classes_changes_nothing():
    logits, q, order = drawn(6, 4), drawn(6, 4, seed=1).softmax(-1), [2, 0, 3, 1]

    expected = kl_divergence(logits, q)

    torch.testing.assert_close(kl_divergence(logits + 100, q), expected)
    torch.testing.assert_close(kl_divergence(logits[:, order], q[:, order]), expected)
    torch.testing.assert_close(
        prediction_entropy(100 + logits[:, order]), prediction_entropy(logits)
    )


def test_the_entropy_agrees_with_scipy():
    logits = drawn(9, 5)

    got = prediction_entropy(logits, reduction="none")

    p = scipy.special.softmax(logits.numpy(), axis=-1)
    assert got.tolist() == pytest.approx(scipy.stats.entropy(p, axis=-1), rel=1e-12)


def test_the_entropy_is_log_c_for_no_idea_and_zero_for_certainty():
    assert prediction_entropy(torch.full((1, 8), 3.0)).item() == pytest.approx(math.log(8))
    assert prediction_entropy(torch.tensor([[1e4, -1e4, 0.0]])) == 0
    assert prediction_entropy(torch.tensor([[7.0]])) == 0


def test_the_entropy_of_two_independent_choices_is_the_sum_of_theirs():
    first, second = drawn(1, 3), drawn(1, 5, seed=1)
    both = (first.unsqueeze(-1) + second.unsqueeze(-2)).flatten(1)

    torch.testing.assert_close(
        prediction_entropy(both), prediction_entropy(first) + prediction_entropy(second)
    )


def test_an_impossible_class_adds_no_entropy_and_gets_no_gradient():
    logits = torch.tensor([[0.0, math.log(3), -torch.inf]], dtype=torch.float64)

    torch.testing.assert_close(prediction_entropy(logits), prediction_entropy(logits[:, :2]))
    torch.testing.assert_close(
        slope(prediction_entropy, logits)[:, :2], slope(prediction_entropy, logits[:, :2])
    )
    assert slope(prediction_entropy, logits)[0, 2] == 0


def test_what_is_no_probability_is_refused():
    with pytest.raises(ValueError, match=r"target_probabilities must lie in \[0, 1\], but contai"):
        kl_divergence(torch.zeros(1, 2), torch.tensor([[1.5, -0.5]]))
