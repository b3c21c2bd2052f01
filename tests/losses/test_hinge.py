"""What holds for hinge losses alone: a right sign is not enough, and beyond the margin all is 0."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics
from torch.nn import functional

from lossedu.losses import hinge_loss, smooth_hinge_loss, squared_hinge_loss

ALL = [hinge_loss, squared_hinge_loss, smooth_hinge_loss]
REALS = st.floats(-1e3, 1e3)


def drawn(n=40, seed=0):
    generator = torch.Generator().manual_seed(seed)
    scores = 2 * torch.randn(n, generator=generator, dtype=torch.float64)
    return scores, 1 - 2 * (torch.arange(n) % 2)


def of(loss, score, target=1, **options):
    """The loss of one score."""
    return loss(torch.tensor([score]).double(), torch.tensor([target]), **options).item()


def slopes(loss, scores, targets, **options):
    leaf = torch.tensor(scores, dtype=torch.float64, requires_grad=True)
    loss(leaf, torch.tensor(targets), reduction="sum", **options).backward()
    return leaf.grad.tolist()


def best_score(loss, p, **options):
    """The score with the least expected loss, on a grid, where +1 has probability p."""
    grid = torch.linspace(-3, 3, 121, dtype=torch.float64)
    if_plus = loss(grid, torch.ones(121), reduction="none", **options)
    if_minus = loss(grid, -torch.ones(121), reduction="none", **options)
    return grid[(p * if_plus + (1 - p) * if_minus).argmin()].item()


def test_three_values_by_hand():
    # margins 3, 0.5 and -1 against 1: missing 0, 0.5 and 2
    scores, targets = torch.tensor([3.0, -0.5, 1.0]), torch.tensor([1, -1, -1])

    assert hinge_loss(scores, targets, reduction="none").tolist() == [0.0, 0.5, 2.0]
    assert squared_hinge_loss(scores, targets, reduction="none").tolist() == [0.0, 0.25, 4.0]
    # smoothing 0.5: 0.5^2 / (2 * 0.5) = 0.25 at the seam; 2 - 0.5 / 2 = 1.75 beyond it
    assert smooth_hinge_loss(scores, targets, smoothing=0.5, reduction="none").tolist() == (
        [0.0, 0.25, 1.75]
    )


@pytest.mark.parametrize("margin", [0.0, 1.0, 3.0])
def test_agrees_with_scikit_learn_and_with_torchs_ranking_loss_against_0(margin):
    scores, targets = drawn()

    got = hinge_loss(scores, targets, margin=margin)

    expected = functional.margin_ranking_loss(scores, 0 * scores, targets, margin=margin)
    torch.testing.assert_close(got, expected)
    assert (got.item() == pytest.approx(metrics.hinge_loss(targets, scores))) == (margin == 1)


@pytest.mark.parametrize("smoothing", [0.25, 1.0, 3.0])
def test_smooth_hinge_is_a_one_sided_smooth_l1(smoothing):
    scores, targets = drawn()
    missing = (1 - targets * scores).clamp(min=0)

    expected = functional.smooth_l1_loss(missing, 0 * missing, beta=smoothing)

    torch.testing.assert_close(smooth_hinge_loss(scores, targets, smoothing=smoothing), expected)


@pytest.mark.parametrize("loss", ALL)
@pytest.mark.parametrize("target", [-1, 1])
def test_every_hinge_is_0_with_slope_0_on_and_beyond_the_margin(loss, target):
    scores = [target * 1.0, target * 7.0, target * 1e30]

    assert [of(loss, score, target) for score in scores] == [0, 0, 0]
    assert slopes(loss, scores, [target] * 3) == [0, 0, 0]


def test_slopes_by_hand():
    # Of what is missing: its sign, twice itself, and its share of a smoothing of 2, at most 1.
    assert slopes(hinge_loss, [0.99, -50.0, -0.99, 50.0], [1, 1, -1, -1]) == [-1, -1, 1, 1]
    assert slopes(squared_hinge_loss, [0.5, 3.0], [1, -1]) == [-1, 8]
    assert slopes(squared_hinge_loss, [3.0], [-1], margin=2.0) == [10]
    assert slopes(smooth_hinge_loss, [0.5, -1.0, 9.0], [1, 1, -1], smoothing=2.0) == [-0.25, -1, 1]


@given(REALS, st.floats(0, 10))
def test_smoothing_takes_away_at_most_half_of_itself(score, smoothing):
    sharp, smooth = of(hinge_loss, score), of(smooth_hinge_loss, score, smoothing=smoothing)

    assert sharp - smoothing / 2 - 1e-12 <= smooth <= sharp + 1e-12


@pytest.mark.parametrize("smoothing", [0.0, 1e-9, 1e-30, 1e-60])
def test_without_smoothing_it_is_the_hinge(smoothing):
    scores, targets = drawn()

    got = smooth_hinge_loss(scores.float(), targets, smoothing=smoothing, reduction="none")

    expected = hinge_loss(scores.float(), targets, reduction="none")
    torch.testing.assert_close(got, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("loss", "power"), [(hinge_loss, 1), (squared_hinge_loss, 2)])
def test_scaling_scores_and_margin_scales_the_loss(loss, power):
    scores, targets = drawn()

    got = loss(8 * scores, targets, margin=8.0)

    assert got == 8**power * loss(scores, targets)


@pytest.mark.parametrize("p", [0.1, 0.3, 0.6, 0.9])
def test_the_hinge_finds_the_more_probable_sign_and_its_square_the_probability(p):
    sign = 1 if p > 0.5 else -1

    assert best_score(hinge_loss, p) == pytest.approx(sign)
    assert best_score(hinge_loss, p, margin=2.0) == pytest.approx(2 * sign)
    assert best_score(squared_hinge_loss, p) == pytest.approx(2 * p - 1)
    assert best_score(squared_hinge_loss, p, margin=2.0) == pytest.approx(2 * (2 * p - 1))
    assert best_score(smooth_hinge_loss, p) * sign > 0


def test_float16_does_not_overflow_where_the_square_would():
    scores = torch.tensor([-1023.0], dtype=torch.float16)

    assert squared_hinge_loss(scores, torch.ones(1)) == 2.0**20


@pytest.mark.parametrize("loss", ALL)
def test_targets_of_0_and_1_are_refused(loss):
    with pytest.raises(ValueError, match=r"^targets must be -1 or \+1, but contains 0 at index 0"):
        loss(torch.tensor([5.0, -5.0]), torch.tensor([0.0, 1.0]))


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        (hinge_loss, "margin"),
        (squared_hinge_loss, "margin"),
        (smooth_hinge_loss, "smoothing"),
    ],
)
@pytest.mark.parametrize("wrong", [-1.0, float("nan")])
def test_a_negative_option_is_refused(loss, name, wrong):
    with pytest.raises(ValueError, match=rf"^{name} must be at least 0, but is {wrong}\.$"):
        loss(torch.zeros(2), torch.ones(2), **{name: wrong})
