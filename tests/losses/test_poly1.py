"""What holds for the Poly-1 losses alone."""

import math

import pytest
import torch

from lossedu.losses import cross_entropy, sigmoid_poly1_loss, softmax_poly1_loss

COEFFICIENTS = [-1.0, -0.5, 0.0, 1.0, 2.0]


def drawn(*shape, seed=0):
    return 2 * torch.randn(
        *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def by_series(p, epsilon):
    """Terms of the expansion in the missing probability, the first with epsilon more."""
    missing = 1 - p
    return sum(missing**j / j for j in range(1, 4000)) + epsilon * missing


def test_three_values_by_hand():
    # At p = 1/2: log 2 and epsilon halves. A logit of log 3 gives p = 3/4.
    logits = torch.tensor([0.0, math.log(3), math.log(3)], dtype=torch.float64)
    targets = torch.tensor([1, 1, 0])

    got = sigmoid_poly1_loss(logits, targets, epsilon=2.0, reduction="none")

    by_hand = [math.log(2) + 1, math.log(4 / 3) + 0.5, math.log(4) + 1.5]
    assert got.tolist() == pytest.approx(by_hand, rel=1e-14)


@pytest.mark.parametrize("epsilon", COEFFICIENTS)
def test_it_is_the_series_of_cross_entropy_with_another_first_term(epsilon):
    logits, targets = drawn(6, 4) / 2, torch.arange(6) % 4

    got = softmax_poly1_loss(logits, targets, epsilon=epsilon, reduction="none")

    p = logits.softmax(-1).gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    assert p.min() > 0.002, "so that the series below has converged"
    expected = [by_series(share, epsilon) for share in p.tolist()]
    assert got.tolist() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("epsilon", COEFFICIENTS)
def test_it_is_cross_entropy_and_a_multiple_of_what_is_missing(epsilon):
    images, numbers = drawn(2, 4, 3, 5), drawn(2, 3, 5, seed=1).abs().long() % 4
    numbers[0, 0] = -100

    got = softmax_poly1_loss(images, numbers, epsilon=epsilon, axis=1)

    kept = numbers != -100
    rows, truth = images.movedim(1, -1)[kept], numbers[kept]
    missing = 1 - rows.softmax(-1).gather(-1, truth.unsqueeze(-1)).squeeze(-1)
    expected = cross_entropy(rows, truth, reduction="none") + epsilon * missing
    torch.testing.assert_close(got, expected.mean())


@pytest.mark.parametrize("epsilon", COEFFICIENTS)
def test_two_classes_are_the_binary_loss(epsilon):
    z, y = drawn(9), torch.arange(9) % 2

    got = softmax_poly1_loss(torch.stack([0 * z, z], -1), y, epsilon=epsilon, reduction="none")

    expected = sigmoid_poly1_loss(z, y, epsilon=epsilon, reduction="none")
    torch.testing.assert_close(got, expected, rtol=1e-13, atol=0)


def test_without_its_first_term_a_small_loss_keeps_its_digits():
    # For a missing probability x the rest is x^2 / 2 + x^3 / 3 + ...
    for z in (3.0, 10.0, 30.0):
        x = 1 / (1 + math.exp(z))

        got = sigmoid_poly1_loss(torch.tensor([z]).double(), torch.ones(1), epsilon=-1.0)

        expected = sum(x**j / j for j in range(2, 40))
        assert got.item() == pytest.approx(expected, rel=1e-12, abs=0)


@pytest.mark.parametrize("epsilon", COEFFICIENTS)
def test_an_event_that_is_infinitely_sure_costs_nothing_or_all(epsilon):
    logits = torch.tensor([math.inf, -math.inf], dtype=torch.float64)

    for kind in (float, torch.tensor):
        right, wrong = (
            sigmoid_poly1_loss(logits, torch.tensor(y), epsilon=kind(epsilon), reduction="none")
            for y in ([1, 0], [0, 1])
        )

        assert right.tolist() == [0, 0]
        assert wrong.tolist() == [math.inf, math.inf]


@pytest.mark.parametrize("epsilon", [-0.5, 0.0, 1.0])
def test_a_learning_coefficient_has_the_missing_probability_for_its_slope(epsilon):
    logits, targets = drawn(5), (drawn(5, seed=1) > 0).double()
    learning = torch.tensor(epsilon, dtype=torch.float64, requires_grad=True)

    each = sigmoid_poly1_loss(logits, targets, epsilon=learning, reduction="none")
    (slope,) = torch.autograd.grad(each.sum(), learning)

    torch.testing.assert_close(slope, (logits.sigmoid() - targets).abs().sum())
    plain = sigmoid_poly1_loss(logits, targets, epsilon=epsilon, reduction="none")
    torch.testing.assert_close(each, plain)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6, 0.9])
def test_a_positive_coefficient_asks_for_more_confidence_and_a_negative_for_less(share):
    grid = torch.linspace(-8, 8, 16_001, dtype=torch.float64)
    target = torch.full_like(grid, share)

    def asked(epsilon):
        costs = sigmoid_poly1_loss(grid, target, epsilon=epsilon, reduction="none")
        return (grid[costs.argmin()].sigmoid() - 0.5).abs().item()

    assert asked(-0.5) < asked(0.0) < asked(1.0)
    assert asked(0.0) == pytest.approx(abs(share - 0.5), abs=1e-3)


@pytest.mark.parametrize("loss", [sigmoid_poly1_loss, softmax_poly1_loss])
@pytest.mark.parametrize("wrong", [-1.5, math.nan])
def test_a_coefficient_that_could_make_the_loss_negative_is_refused(loss, wrong):
    rows = torch.zeros(2, 2) if loss is softmax_poly1_loss else torch.zeros(2)

    with pytest.raises(ValueError, match=f"epsilon must be at least -1, but is {wrong}"):
        loss(rows, torch.tensor([0, 1]), epsilon=wrong)
