"""What holds for the cumulative link loss: levels share one probability, and order is all."""

import math

import mpmath
import pytest
import torch

from lossedu.losses import binary_cross_entropy_with_logits, cumulative_link_loss

LEVELS = torch.tensor([0, 1])
THRESHOLDS = torch.tensor([-1.5, 0.25, 2.0], dtype=torch.float64)


def drawn(n=12, seed=0):
    """Scores, and a level from 0 to 3 for each."""
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.randn(n, generator=generator, dtype=torch.float64), torch.arange(n) % 4


def in_fifty_digits(score, level, thresholds):
    """The negative logarithm of a difference of two sigmoids, where that costs nothing."""
    with mpmath.workdps(50):
        ends = [-mpmath.inf, *map(mpmath.mpf, thresholds), mpmath.inf]
        below = [1 / (1 + mpmath.exp(score - end)) for end in ends]
        return float(-mpmath.log(below[level + 1] - below[level]))


def test_three_levels_by_hand_and_their_best_thresholds():
    # Thresholds at -log 3 and log 3, score 0: P(Y <= 0) = 1/4, P(Y <= 1) = 3/4, so 1/4, 1/2, 1/4.
    # Of levels with these frequencies no other thresholds cost less.
    ends = torch.tensor([-math.log(3), math.log(3)], dtype=torch.float64, requires_grad=True)
    levels = torch.tensor([0, 1, 1, 2])

    got = cumulative_link_loss(torch.zeros(4).double(), levels, ends, reduction="none")
    got.sum().backward()

    assert got.exp().tolist() == pytest.approx([4, 2, 2, 4], rel=1e-14)
    assert ends.grad.tolist() == pytest.approx([0, 0], abs=1e-14)


@pytest.mark.parametrize("thresholds", [(-1.0, 1.0), (-8.0, 8.0), (-18.0, 17.0), (0.0, 1e-9)])
def test_agrees_with_fifty_digits(thresholds):
    scores = torch.tensor([-30.0, -3.0, 0.0, 0.5, 20.0], dtype=torch.float64)
    ends = torch.tensor(thresholds, dtype=torch.float64)

    for level in range(3):
        levels = torch.full((5,), level)
        got = cumulative_link_loss(scores, levels, ends, reduction="none").tolist()
        expected = [in_fifty_digits(score, level, thresholds) for score in scores.tolist()]
        assert got == pytest.approx(expected, rel=1e-12, abs=0)


def test_levels_share_a_probability_of_1_and_merge_when_a_threshold_goes():
    scores, _ = drawn()

    def probability(level, ends):
        levels = torch.full(scores.shape, level)
        return cumulative_link_loss(scores, levels, ends, reduction="none").neg().exp()

    merged = probability(1, THRESHOLDS[[0, 2]])

    torch.testing.assert_close(sum(probability(k, THRESHOLDS) for k in range(4)), scores * 0 + 1)
    torch.testing.assert_close(merged, probability(1, THRESHOLDS) + probability(2, THRESHOLDS))


def test_one_threshold_is_binary_cross_entropy_of_the_score_above_it():
    scores, levels = drawn()[0], torch.arange(12) % 2

    got = cumulative_link_loss(scores, levels, torch.tensor([0.5]).double(), reduction="none")

    expected = binary_cross_entropy_with_logits(scores - 0.5, levels.double(), reduction="none")
    torch.testing.assert_close(got, expected, rtol=1e-13, atol=0)


def test_without_a_threshold_the_only_level_is_certain():
    scores = drawn()[0].requires_grad_()

    loss = cumulative_link_loss(scores, torch.zeros(12).long(), torch.zeros(0).double())
    loss.backward()

    assert loss == 0
    assert (scores.grad == 0).all()


def test_shifting_or_turning_around_both_scores_and_thresholds_changes_nothing():
    scores, levels = drawn()

    shifted = cumulative_link_loss(scores + 16, levels, THRESHOLDS + 16)
    turned = cumulative_link_loss(-scores, 3 - levels, -THRESHOLDS.flip(0))

    expected = cumulative_link_loss(scores, levels, THRESHOLDS)
    torch.testing.assert_close(shifted, expected)
    torch.testing.assert_close(turned, expected)


def test_slope_in_the_score_is_1_less_two_sigmoids_and_within_1():
    scores = torch.tensor([-1e4, -3.0, 0.0, 3.0, 1e4], dtype=torch.float64, requires_grad=True)
    ends = torch.tensor([-1.0, 2.0], dtype=torch.float64)

    cumulative_link_loss(scores, torch.ones(5).long(), ends, reduction="sum").backward()

    expected = [1 - 1 / (1 + math.exp(s - 2)) - 1 / (1 + math.exp(s + 1)) for s in (-3, 0, 3)]
    assert scores.grad.tolist() == pytest.approx([-1, *expected, 1], rel=1e-13)


def test_gradients_of_scores_and_thresholds_pass_gradcheck():
    scores, levels = drawn()
    leaves = scores.requires_grad_(), THRESHOLDS.clone().requires_grad_()

    def loss(s, t):
        return cumulative_link_loss(s, levels, t)

    assert torch.autograd.gradcheck(loss, leaves)
    assert torch.autograd.gradgradcheck(loss, leaves)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
def test_far_out_it_is_the_distance_to_the_level_where_sigmoids_cancel(dtype):
    scores = torch.tensor([1024.0, -1024.0, 1024.0], dtype=dtype, requires_grad=True)
    ends = torch.tensor([-1.0, 1.0])

    got = cumulative_link_loss(scores, torch.tensor([0, 2, 1]), ends, reduction="none")
    got.sum().backward()

    width = -math.log(1 - math.exp(-2))
    assert got.dtype == torch.float32
    assert got.tolist() == pytest.approx([1025, 1025, 1023 + width])
    assert scores.grad.tolist() == [1.0, -1.0, 1.0]


def test_a_mask_hides_nan_scores_and_levels_that_do_not_exist():
    scores, levels = drawn()
    mask = torch.arange(12) % 3 != 0
    expected = cumulative_link_loss(scores[mask], levels[mask], THRESHOLDS)
    scores = torch.where(mask, scores, torch.nan).requires_grad_()

    got = cumulative_link_loss(scores, torch.where(mask, levels, 99), THRESHOLDS, mask=mask)
    got.backward()

    torch.testing.assert_close(got, expected)
    assert (scores.grad[~mask] == 0).all()
    assert (scores.grad[mask] != 0).all()


def test_leading_dimensions_are_batch_for_vmap_and_a_weight_too():
    scores, levels = drawn()
    folded, weight = (scores.reshape(3, 4), levels.reshape(3, 4)), torch.arange(12.0).reshape(3, 4)

    got = cumulative_link_loss(*folded, THRESHOLDS, weight=weight, reduction="none")
    mapped = torch.func.vmap(lambda s, y: cumulative_link_loss(s, y, THRESHOLDS))(*folded)

    flat = cumulative_link_loss(scores, levels, THRESHOLDS, reduction="none").reshape(3, 4)
    torch.testing.assert_close(got, weight * flat)
    torch.testing.assert_close(mapped, flat.mean(-1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("thresholds", [[1.0, 1.0], [1.0, 0.0], [0.0, 2.0, 1.5], [0.0, math.nan]])
def test_thresholds_that_do_not_increase_are_refused(thresholds, dtype):
    ends = torch.tensor(thresholds, dtype=dtype)

    with pytest.raises(ValueError, match=r"^thresholds must increase, but ") as caught:
        cumulative_link_loss(torch.zeros(2), torch.tensor([0, 1]), ends)

    assert "targets" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "wrong", "message"),
    [
        (TypeError, {"targets": torch.zeros(2)}, "targets must be integer levels, but has dtype"),
        (TypeError, {"scores": LEVELS}, "scores must be a floating-point tensor"),
        (TypeError, {"thresholds": LEVELS}, "thresholds must be a floating-point tensor"),
        (TypeError, {"mask": torch.ones(2)}, "mask must be a boolean tensor"),
        (ValueError, {"thresholds": torch.zeros(1, 3)}, r"thresholds must have the shape \(3,\)"),
        (ValueError, {"targets": LEVELS[:1]}, r"targets must have the shape \(2,\) of one level"),
        (ValueError, {"targets": LEVELS + 3}, "targets must be levels 0 to 3, but contains 4 at"),
        (ValueError, {"targets": LEVELS - 2}, "targets must be levels 0 to 3, but contains -2 at"),
    ],
)
def test_what_does_not_fit_is_refused(error, wrong, message):
    given = {"scores": torch.zeros(2), "targets": LEVELS, "thresholds": THRESHOLDS}

    with pytest.raises(error, match=f"^{message}"):
        cumulative_link_loss(**{**given, **wrong})
