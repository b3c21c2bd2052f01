"""The expansion in Chebyshev nodes keeps the error it promises, wherever the scores lie."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lossedu.losses import pairwise_logistic_loss
from lossedu.losses._fast.expansion import nodes_for, slope_bound

TOLERANCES = [1e-1, 1e-3, 1e-6, 1e-9, 1e-12]
PLACES = {
    "narrow": lambda z: 0.01 * z,
    "usual": lambda z: 2 * z,
    "wide": lambda z: 100 * z,
    "very wide": lambda z: 1e4 * z,
    "clustered": lambda z: 50 * z.round() + 0.1 * z,
    "two ends": lambda z: 1e4 * torch.sign(z) + z,
    "far away": lambda z: 1e6 + z,
    "one outlier": lambda z: torch.where(z == z.amax(-1, keepdim=True), 1e9, z),
    "whole numbers": lambda z: (3 * z).round(),
    "equal": lambda z: torch.full_like(z, 0.7),
}


def drawn(*shape, seed=0, grades=5):
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(*shape, generator=generator, dtype=torch.float64)
    return scores, torch.randint(0, grades, shape, generator=generator)


def all_pairs(scores, relevance, sigma=1.0):
    """The definition, in float64: value, slopes, and the share of the pairs that an item is in."""
    values, slopes, shares = [], [], []
    for s, r in zip(scores.double(), relevance, strict=True):
        better = (r.unsqueeze(-1) > r).double()
        lead = sigma * (s.unsqueeze(-1) - s)
        wrong = better / (1 + torch.exp(lead.clamp(max=700)))
        count = better.sum().clamp(min=1)
        values.append((better * torch.logaddexp(torch.zeros_like(lead), -lead)).sum() / count)
        slopes.append(sigma * (wrong.sum(0) - wrong.sum(1)) / count)
        shares.append((better.sum(0) + better.sum(1)) / count)
    return torch.stack(values), torch.stack(slopes), torch.stack(shares)


def expanded(scores, relevance, **options):
    leaf = scores.clone().requires_grad_()
    values = pairwise_logistic_loss(leaf, relevance, reduction="none", **options)
    values.sum().backward()
    return values.detach(), leaf.grad


def assert_within(scores, relevance, tolerance, sigma=1.0):
    """Each pair errs by what was promised, and by what rounding the scores once more could move."""
    got, slopes = expanded(scores, relevance, sigma=sigma, tolerance=tolerance)
    expected, exact, shares = all_pairs(scores, relevance, sigma)
    rounding = 1e-13 + 1e-15 * sigma * scores.abs().amax(-1)
    assert ((got - expected).abs() <= 10 * tolerance + rounding * (1 + expected)).all()
    allowed = sigma * shares * (tolerance + rounding).unsqueeze(-1)
    assert ((slopes - exact).abs() <= allowed).all()


@pytest.mark.parametrize("tolerance", TOLERANCES)
@pytest.mark.parametrize("place", PLACES)
def test_slopes_and_charges_err_by_no_more_than_the_tolerance(place, tolerance):
    for n in (65, 200):
        scores, relevance = drawn(3, n, seed=n)
        relevance[1] = 2  # no pair: not the smallest slope is allowed

        assert_within(PLACES[place](scores), relevance, tolerance)


@pytest.mark.parametrize("sigma", [1e-3, 0.5, 20.0, 1e4])
def test_the_tolerance_is_in_units_of_sigma(sigma):
    scores, relevance = drawn(2, 150, seed=1)

    for tolerance in (1e-3, 1e-9):
        assert_within(scores, relevance, tolerance, sigma=sigma)


@given(
    st.lists(st.floats(-60, 60), min_size=65, max_size=80),
    st.sampled_from(TOLERANCES),
    st.integers(1, 80),
)
@settings(max_examples=60)
def test_any_scores_keep_the_bound(scores, tolerance, grades):
    relevance = torch.arange(len(scores)) * 7 % 83 % (grades + 1)

    assert_within(torch.tensor([scores], dtype=torch.float64), relevance[None], tolerance)


def test_a_loose_tolerance_is_used():
    # Otherwise all of the above would hold of a sum over pairs as well.
    scores, relevance = drawn(1, 200, seed=2)

    slopes = {t: expanded(scores, relevance, tolerance=t)[1] for t in (0.0, 1e-1, 1e-3)}

    errors = {t: (slopes[t] - slopes[0.0]).abs().max() for t in (1e-1, 1e-3)}
    assert errors[1e-1] > errors[1e-3]
    assert errors[1e-3] > 1e-12


@pytest.mark.parametrize("n", [2, 64])
def test_short_lists_are_exact_at_any_tolerance(n):
    scores, relevance = drawn(3, n, seed=3)

    loose, exact = (pairwise_logistic_loss(scores, relevance, tolerance=t) for t in (0.1, 0.0))

    assert loose == exact


@pytest.mark.parametrize("tolerance", [0.5, *TOLERANCES])
def test_no_fewer_nodes_would_do(tolerance):
    nodes = nodes_for(tolerance)

    assert slope_bound(nodes) <= tolerance
    assert nodes == 4 or slope_bound(nodes - 1) > tolerance


def test_two_camps_far_apart_cost_nothing_or_their_distance():
    scores = torch.tensor([1e4, -1e4], dtype=torch.float64).repeat_interleave(50)
    relevance = torch.arange(100) < 50

    right = pairwise_logistic_loss(scores, relevance.long(), tolerance=1e-6)
    wrong = pairwise_logistic_loss(scores, (~relevance).long(), tolerance=1e-6)

    assert right == 0
    assert wrong.item() == pytest.approx(2e4, rel=1e-14)


@pytest.mark.parametrize("factor", [1e4, 1e8, 1e12])
def test_a_list_does_not_feel_the_lists_beside_it(factor):
    scores, relevance = drawn(2, 150, seed=5)
    scores *= torch.tensor([[factor], [30.0]]).double()
    expected, exact, shares = all_pairs(scores[1:], relevance[1:])

    values, slopes = expanded(scores, relevance, tolerance=1e-10)

    assert abs(values[1] - expected[0]) <= 1e-9
    assert ((slopes[1] - exact[0]).abs() <= 2e-10 * shares[0]).all()


def test_padding_may_hold_anything():
    scores, relevance = drawn(2, 100, seed=6)
    rows = torch.full((2, 20), torch.nan, dtype=torch.float64)
    mask = torch.arange(120).expand(2, 120) < 100

    padded = torch.cat([scores, rows], -1)
    values, slopes = expanded(padded, torch.cat([relevance, rows], -1), mask=mask, tolerance=1e-12)

    alone, its_slopes = expanded(scores, relevance, tolerance=1e-12)
    torch.testing.assert_close(values, alone, rtol=1e-11, atol=0)
    torch.testing.assert_close(slopes[:, :100], its_slopes, rtol=1e-11, atol=1e-14)
    assert (slopes[:, 100:] == 0).all()


def test_float32_scores_are_expanded_in_float64():
    scores, relevance = drawn(3, 300, seed=7)

    values, slopes = expanded(scores.float(), relevance, tolerance=1e-9)

    expected, exact, _ = all_pairs(scores.float(), relevance)
    assert values.dtype == slopes.dtype == torch.float32
    torch.testing.assert_close(values, expected.float(), rtol=3e-7, atol=0)
    torch.testing.assert_close(slopes, exact.float(), rtol=3e-7, atol=1e-9)


def test_second_derivatives_are_those_of_all_pairs():
    scores, relevance = drawn(1, 70, seed=8)

    loose, exact = (
        torch.autograd.functional.hessian(
            lambda x, t=t: pairwise_logistic_loss(x, relevance, tolerance=t), scores
        )
        for t in (0.1, 0.0)
    )

    assert torch.equal(loose, exact)
    better = (relevance < relevance.T).double()
    p = torch.sigmoid(scores.T - scores)
    curvature = better * p * (1 - p) / better.sum()
    expected = torch.diag((curvature + curvature.T).sum(0)) - curvature - curvature.T
    torch.testing.assert_close(loose[0, :, 0], expected, rtol=1e-11, atol=1e-15)


def test_a_huge_list_counts_doubles_twice_and_has_the_slopes_of_its_own_pairs():
    scores, relevance = drawn(1, 25_000, seed=9)
    value, slopes = expanded(4 * scores, relevance, tolerance=1e-8)

    twice, twice_slopes = expanded(4 * scores.repeat(1, 2), relevance.repeat(1, 2), tolerance=1e-8)

    torch.testing.assert_close(twice, value, rtol=0, atol=2e-7)
    per_grade = torch.bincount(relevance[0]).double()
    pairs = (per_grade.sum() ** 2 - (per_grade**2).sum()) / 2
    for i in range(0, 25_000, 2500):
        side = torch.sign(relevance[0, i] - relevance[0])
        expected = -(side * torch.sigmoid(-side * 4 * (scores[0, i] - scores[0]))).sum() / pairs
        allowed = 1.01e-8 * side.abs().sum() / pairs
        assert abs(slopes[0, i] - expected) <= allowed
        assert abs(2 * twice_slopes[0, i] - expected) <= allowed
