"""What holds for cross-entropy alone."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from lossedu.losses import binary_cross_entropy_with_logits, cross_entropy


def drawn(*shape, seed=0):
    return 3 * torch.randn(
        *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def plain_python(row, shares):
    """Cross-entropy from its definition, in ordinary arithmetic."""
    largest = max(row)
    log_total = largest + math.log(sum(math.exp(z - largest) for z in row))
    return -sum(q * (z - log_total) for z, q in zip(row, shares, strict=True) if q)


def test_three_values_by_hand():
    # -log(1/2) = 0.693..., log(1 + e) = 1.313..., log(1 + 1/e) = 0.313...
    got = binary_cross_entropy_with_logits(
        torch.tensor([0.0, 1.0, 1.0], dtype=torch.float64),
        torch.tensor([1.0, 0.0, 1.0]).double(),
        reduction="none",
    )

    assert got.tolist() == pytest.approx(
        [math.log(2), math.log(1 + math.e), math.log(1 + 1 / math.e)]
    )


@pytest.mark.parametrize("pos_weight", [None, 3.0])
def test_binary_agrees_with_torch(pos_weight):
    logits, targets = drawn(20), torch.rand(20, generator=torch.Generator().manual_seed(1)).double()
    weight = None if pos_weight is None else torch.tensor(pos_weight, dtype=torch.float64)

    got = binary_cross_entropy_with_logits(logits, targets, pos_weight=pos_weight)

    expected = functional.binary_cross_entropy_with_logits(logits, targets, pos_weight=weight)
    torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 1.0])
def test_categorical_agrees_with_torch(label_smoothing):
    logits, targets = drawn(12, 5), torch.arange(12) % 5
    targets[3] = -100

    got = cross_entropy(logits, targets, label_smoothing=label_smoothing)

    expected = functional.cross_entropy(logits, targets, label_smoothing=label_smoothing)
    torch.testing.assert_close(got, expected)


def test_soft_targets_agree_with_torch_and_with_plain_arithmetic():
    logits, shares = drawn(6, 4), drawn(6, 4, seed=1).softmax(-1)

    got = cross_entropy(logits, shares, reduction="none")

    torch.testing.assert_close(got, functional.cross_entropy(logits, shares, reduction="none"))
    by_hand = [plain_python(z, q) for z, q in zip(logits.tolist(), shares.tolist(), strict=True)]
    assert got.tolist() == pytest.approx(by_hand, rel=1e-12)


def test_pos_weight_may_differ_by_label():
    logits, targets = drawn(3, 2), torch.ones(3, 2).double()
    weight = torch.tensor([1.0, 5.0], dtype=torch.float64)

    got = binary_cross_entropy_with_logits(logits, targets, pos_weight=weight, reduction="none")

    plain = binary_cross_entropy_with_logits(logits, targets, reduction="none")
    torch.testing.assert_close(got, plain * weight)


@given(st.lists(st.floats(-300, 300), min_size=2, max_size=6), st.floats(-1e3, 1e3))
def test_adding_a_constant_to_all_logits_changes_nothing(row, shift):
    logits = torch.tensor([row], dtype=torch.float64)
    target = torch.tensor([0])

    torch.testing.assert_close(
        cross_entropy(logits + shift, target), cross_entropy(logits, target), rtol=1e-9, atol=1e-9
    )


@given(st.floats(-1e4, 1e4))
def test_two_classes_are_the_binary_loss_of_the_difference(z):
    two = torch.tensor([[0.0, z]], dtype=torch.float64)

    got = cross_entropy(two, torch.tensor([1]))

    one = binary_cross_entropy_with_logits(two[0, 1:], torch.ones(1).double())
    tiny = torch.finfo(one.dtype).tiny  # below it numbers have fewer digits
    torch.testing.assert_close(got, one, rtol=1e-13, atol=tiny)


def test_gradient_is_probability_minus_target():
    logits = drawn(5, 3).requires_grad_()
    targets = torch.arange(5) % 3

    cross_entropy(logits, targets, reduction="sum").backward()

    expected = logits.detach().softmax(-1) - functional.one_hot(targets, 3)
    torch.testing.assert_close(logits.grad, expected)


def test_a_tiny_loss_keeps_its_digits_where_torch_gives_zero():
    logits = torch.tensor([[50.0, 0.0]], dtype=torch.float64)

    got = cross_entropy(logits, torch.tensor([0])).item()

    assert got == pytest.approx(math.exp(-50), rel=1e-12)
    assert functional.cross_entropy(logits, torch.tensor([0])).item() == 0.0


def test_tied_largest_logits_share_the_gradient_as_the_formula_says():
    logits = torch.zeros(1, 4, dtype=torch.float64, requires_grad=True)

    cross_entropy(logits, torch.tensor([2])).backward()

    assert logits.grad.tolist() == [[0.25, 0.25, -0.75, 0.25]]


def test_a_class_ruled_out_by_minus_infinity_costs_and_learns_nothing():
    logits = torch.tensor([[1.0, -torch.inf, 2.0]], dtype=torch.float64, requires_grad=True)

    hard = cross_entropy(logits, torch.tensor([0]))
    soft = cross_entropy(logits, torch.tensor([[1.0, 0.0, 0.0]]).double())
    (hard + soft).backward()

    assert hard.item() == pytest.approx(math.log(1 + math.e))
    assert soft.item() == pytest.approx(hard.item())
    assert logits.grad[0, 1] == 0
    assert logits.grad.isfinite().all()


def test_one_class_is_certain():
    logits = torch.tensor([[3.0], [-1e4]], requires_grad=True)

    loss = cross_entropy(logits, torch.tensor([0, 0]))
    loss.backward()

    assert loss == 0
    assert (logits.grad == 0).all()


def test_all_ignored_gives_zero():
    assert cross_entropy(drawn(3, 4), torch.full((3,), -100)) == 0


def test_label_smoothing_puts_a_floor_under_the_loss():
    # epsilon = 0.1 over 10 classes: the floor is the entropy of (0.91, 0.01 x 9) = 0.5002...
    q = torch.full((10,), 0.01, dtype=torch.float64)
    q[0] = 0.91

    at_best = cross_entropy(q.log().unsqueeze(0), torch.tensor([0]), label_smoothing=0.1)

    assert at_best.item() == pytest.approx(-(q * q.log()).sum().item())
    assert round(at_best.item(), 3) == 0.500


def test_the_slope_in_a_target_of_zero_is_the_surprise_of_its_class():
    logits = torch.tensor([[0.0, 1.0, 2.0]], dtype=torch.float64)
    ours = torch.tensor([[0.0, 0.5, 0.5]], dtype=torch.float64, requires_grad=True)
    torchs = ours.detach().clone().requires_grad_()

    cross_entropy(logits, ours).backward()
    functional.cross_entropy(logits, torchs).backward()

    torch.testing.assert_close(ours.grad, -logits.log_softmax(-1), rtol=1e-14, atol=0)
    torch.testing.assert_close(ours.grad, torchs.grad, rtol=1e-14, atol=0)
