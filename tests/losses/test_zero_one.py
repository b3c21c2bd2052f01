"""What holds for the 0-1 loss and the perceptron's: one counts mistakes, the other weighs them."""

import pytest
import torch
from sklearn import metrics

from lossedu.losses import hinge_loss, perceptron_loss, zero_one_loss

BOTH = [zero_one_loss, perceptron_loss]


def drawn(n=40, seed=0):
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(n, generator=generator, dtype=torch.float64)
    return scores, 1 - 2 * (torch.arange(n) % 2)


def slopes(loss, scores, targets):
    leaf = scores.clone().requires_grad_()
    loss(leaf, targets, reduction="sum").backward()
    return leaf.grad


def expected_loss(loss, score, p):
    """The expected loss of a score where +1 has probability p."""
    two = torch.tensor([score, score], dtype=torch.float64)
    return loss(two, torch.tensor([1, -1]), weight=torch.tensor([p, 1 - p]).double()).item()


def test_mistakes_by_hand():
    scores = torch.tensor([2.0, -0.1, -3.0, 0.5])
    targets = torch.tensor([1, 1, -1, -1])

    assert zero_one_loss(scores, targets, reduction="none").tolist() == [0.0, 1.0, 0.0, 1.0]
    assert perceptron_loss(scores, targets, reduction="none").tolist() == pytest.approx(
        [0, 0.1, 0, 0.5]
    )


def test_the_mean_is_the_error_rate_of_scikit_learn():
    scores, targets = drawn()

    got = zero_one_loss(scores, targets)

    assert got.item() == metrics.zero_one_loss(targets.numpy(), scores.sign().numpy())


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_a_score_of_0_is_a_mistake_that_costs_the_perceptron_nothing(zero):
    scores, targets = torch.tensor([zero, zero]), torch.tensor([1, -1])

    assert zero_one_loss(scores, targets, reduction="none").tolist() == [1.0, 1.0]
    assert perceptron_loss(scores, targets, reduction="none").tolist() == [0.0, 0.0]
    assert slopes(perceptron_loss, scores, targets).tolist() == [0.0, 0.0]


def test_backward_through_the_count_of_mistakes_gives_zeros():
    assert (slopes(zero_one_loss, *drawn()) == 0).all()


def test_slope_of_the_perceptron_is_minus_the_target_where_it_errs():
    scores, targets = drawn()

    got = slopes(perceptron_loss, scores, targets)

    wrong = (scores > 0) != (targets > 0)
    assert got[wrong].tolist() == (-targets[wrong]).tolist()
    assert (got[~wrong] == 0).all()
    assert wrong.any()


def test_the_perceptron_is_a_hinge_without_a_margin():
    scores, targets = drawn()

    got = perceptron_loss(scores, targets, reduction="none")

    assert torch.equal(got, hinge_loss(scores, targets, margin=0.0, reduction="none"))


def test_a_step_along_the_slope_is_the_update_of_rosenblatt():
    # w + x of each mistake: from w = (0.5, 0) the point (-1, 2), a +1, is wrong; then it is right.
    inputs, weights = torch.tensor([[-1.0, 2.0]]), torch.tensor([0.5, 0.0], requires_grad=True)
    target = torch.tensor([1])

    perceptron_loss(inputs @ weights, target).backward()
    updated = weights.detach() - weights.grad

    assert updated.tolist() == [-0.5, 2.0]
    assert zero_one_loss(inputs @ updated, target) == 0


@pytest.mark.parametrize("p", [0.1, 0.4, 0.7])
def test_a_score_of_0_is_the_perceptrons_optimum_for_every_distribution(p):
    around = [expected_loss(perceptron_loss, s, p) for s in (-1e-3, 1e-3, -5, 5)]

    assert expected_loss(perceptron_loss, 0.0, p) == 0
    assert min(around) > 0


def test_scaling_the_scores_changes_no_mistake_but_scales_the_perceptrons_loss():
    scores, targets = drawn()

    assert zero_one_loss(8 * scores, targets) == zero_one_loss(scores, targets)
    assert perceptron_loss(8 * scores, targets) == 8 * perceptron_loss(scores, targets)


@pytest.mark.parametrize("loss", BOTH)
def test_flipping_scores_and_targets_changes_nothing(loss):
    scores, targets = drawn()

    assert loss(-scores, -targets) == loss(scores, targets) > 0


@pytest.mark.parametrize("loss", BOTH)
@pytest.mark.parametrize("dtype", [torch.int8, torch.int64, torch.float16, torch.float64])
def test_targets_may_have_any_dtype(loss, dtype):
    scores, targets = drawn()

    assert loss(scores, targets.to(dtype)) == loss(scores, targets)


@pytest.mark.parametrize("loss", BOTH)
def test_targets_of_0_and_1_are_refused_with_a_hint(loss):
    with pytest.raises(
        ValueError, match=r"^targets must be -1 or \+1, but contains 0 at index 1 \(and 1 more\)\."
    ) as caught:
        loss(torch.zeros(3), torch.tensor([1, 0, 0]))

    assert "Hint: targets look like 0 and 1; pass 2 * targets - 1." in str(caught.value)


@pytest.mark.parametrize("loss", BOTH)
@pytest.mark.parametrize("wrong", [2.0, 0.5, float("nan")])
def test_targets_that_are_no_signs_are_refused_without_the_hint(loss, wrong):
    with pytest.raises(ValueError, match=rf"^targets must be -1 or \+1, but contains {wrong:g} "):
        loss(torch.zeros(2), torch.tensor([-1.0, wrong]))
