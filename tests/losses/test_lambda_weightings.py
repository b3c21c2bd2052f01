"""What holds for the weights of the LambdaLoss paper: NDCG-Loss1, NDCG-Loss2 and NDCG-Loss2++."""

import math
from functools import partial

import pytest
import torch

from lossedu.losses import lambdarank_loss
from lossedu.ranking_metrics import ndcg
from tests.losses.test_lambdarank import assert_same, drawn, found

WEIGHTINGS = ["ndcg_loss1", "ndcg_loss2", "ndcg_loss2pp"]
every_weighting = pytest.mark.parametrize("weighting", WEIGHTINGS)
BITS = math.log(2)


def weights_of(s, r, weighting, k=None, gain="exponential", mu=10.0):
    """What each pair of one list weighs, pair after pair, ranks from 1 on."""
    n, numbers = len(s), s.tolist()
    order = sorted(range(n), key=lambda i: -numbers[i])
    rank = {item: place for place, item in enumerate(order, 1)}
    worth = [2.0**x - 1 if gain == "exponential" else float(x) for x in r.tolist()]
    d = [1 / math.log2(1 + m) if m >= 1 else math.inf for m in range(n + 2)]
    kept = [0.0 if k is not None and m > k else d[m] for m in range(n + 2)]
    best = sum(g * kept[m] for m, g in enumerate(sorted(worth, reverse=True), 1)) or 1.0
    found = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            if weighting == "ndcg_loss1" and i != j:
                found[i][j] = worth[i] / best * kept[rank[i]]
            if weighting != "ndcg_loss1" and worth[i] > worth[j]:
                m = abs(rank[i] - rank[j])
                near = (d[m] - d[m + 1]) * (k is None or min(rank[i], rank[j]) <= k)
                swap = abs(kept[rank[i]] - kept[rank[j]])
                moved = near if weighting == "ndcg_loss2" else swap + mu * near
                found[i][j] = (worth[i] - worth[j]) / best * moved
    return torch.tensor(found, dtype=torch.float64).reshape(n, n)


def of_a_list(s, r, weighting, sigma=1.0, **options):
    lead = sigma * (s.unsqueeze(-1) - s)
    charge = torch.logaddexp(torch.zeros_like(lead), -lead)
    return (weights_of(s.detach(), r, weighting, **options) * charge).sum()


def definition(scores, relevance, **options):
    return torch.stack([of_a_list(s, r, **options) for s, r in zip(scores, relevance, strict=True)])


def each(weighting, **options):
    return partial(lambdarank_loss, weighting=weighting, reduction="none", **options)


def test_three_values_by_hand():
    # Ranked second, first, third with gains 3, 1, 0; d = 1, 1 / log2(3), 1 / 2.
    scores, relevance = torch.tensor([0.5, 1.0, 0.0]).double(), torch.tensor([2, 1, 0])
    d = [1, 1 / math.log2(3), 1 / 2, 1 / math.log2(5)]
    ideal = 3 * d[0] + d[1]
    cost = {gap: math.log1p(math.exp(-gap)) for gap in (-0.5, 0.5, 1.0)}
    near, far = d[0] - d[1], d[1] - d[2]  # one rank apart, two ranks apart

    got = {w: lambdarank_loss(scores, relevance, weighting=w).item() for w in WEIGHTINGS}

    one = 3 * d[1] * (cost[-0.5] + cost[0.5]) + d[0] * (cost[0.5] + cost[1.0])
    two = 2 * near * cost[-0.5] + 3 * near * cost[0.5] + far * cost[1.0]
    swaps = lambdarank_loss(scores, relevance).item()
    assert got["ndcg_loss1"] == pytest.approx(one / ideal, rel=1e-14)
    assert got["ndcg_loss2"] == pytest.approx(two / ideal, rel=1e-14)
    assert got["ndcg_loss2pp"] == pytest.approx(swaps + 10 * two / ideal, rel=1e-14)


def test_values_of_another_implementation():
    """Of allRank's own tests, in bits; its NDCG-Loss1 pairs each item with itself as well."""
    scores = torch.tensor([0.5, 0.3, 0.5], dtype=torch.float64)

    first = lambdarank_loss(scores, scores, weighting="ndcg_loss1") / BITS
    both = lambdarank_loss(scores, scores, weighting="ndcg_loss2pp") / BITS

    ordered = scores.sort(descending=True).values
    with_itself = first + ndcg(ordered, ordered)
    assert both.item() == pytest.approx(1.1244146823, rel=1e-6)
    assert with_itself.item() == pytest.approx(2.9272110462, rel=0.02)


@every_weighting
@pytest.mark.parametrize("k", [1, 4, 100, None])
@pytest.mark.parametrize("n", [1, 2, 9, 66])
def test_equals_the_definition(weighting, n, k):
    scores, relevance = drawn(2, n)

    for values, rtol in ((scores, 1e-11), (scores.float(), 1e-5)):
        got = found(each(weighting), values, relevance, k=k)
        expected = found(definition, values.double(), relevance, weighting=weighting, k=k)
        assert_same(got, expected, rtol)


@every_weighting
@pytest.mark.parametrize("n", [8, 66])
@pytest.mark.parametrize("options", [{"sigma": 4.0}, {"gain": "linear"}, {"mu": 0.5}], ids=str)
def test_equals_the_definition_with_options_and_with_equal_scores(weighting, options, n):
    scores, relevance = drawn(2, n, seed=1)

    for values in (scores.round(), 0 * scores):
        got = found(each(weighting), values, relevance, **options)
        assert_same(
            got, found(definition, values, relevance, weighting=weighting, **options), 1e-11
        )


@every_weighting
@pytest.mark.parametrize("n", [12, 70])
def test_in_bits_it_lies_above_what_is_missing_to_an_ndcg_of_one(weighting, n):
    for seed in range(20):
        scores, relevance = drawn(5, n, seed=seed)

        bits = each(weighting)(scores, relevance) / BITS

        assert (bits >= 1 - ndcg(scores, relevance)).all()


@pytest.mark.parametrize("n", [10, 70])
def test_a_mu_of_zero_is_lambdarank(n):
    scores, relevance = drawn(3, n, seed=3)

    got = found(each("ndcg_loss2pp", mu=0.0), scores, relevance)

    assert_same(got, found(partial(lambdarank_loss, reduction="none"), scores, relevance))


@every_weighting
@pytest.mark.parametrize("k", [3, None])
@pytest.mark.parametrize("n", [7, 80])
def test_padding_may_hold_anything(weighting, n, k):
    scores, relevance = drawn(2, n, seed=4)
    mask = torch.arange(n + 3) >= 3
    padded = torch.cat([torch.tensor([[torch.nan, torch.inf, 1e300]] * 2), scores], dim=-1)
    grades = torch.cat([torch.tensor([[torch.nan, 9.0, -1.0]] * 2), relevance.double()], dim=-1)

    values, slopes = found(each(weighting), padded, grades, k=k, mask=mask.expand(2, n + 3))

    assert_same((values, slopes[:, 3:]), found(each(weighting), scores, relevance, k=k))
    assert (slopes[:, :3] == 0).all()


@every_weighting
@pytest.mark.parametrize("n", [5, 70])
def test_where_nothing_is_relevant_nothing_is_lost(weighting, n):
    scores, relevance = drawn(2, n, seed=5)

    values, slopes = found(each(weighting), scores, 0 * relevance)

    assert (values == 0).all()
    assert (slopes == 0).all()
    assert lambdarank_loss(scores[:, :0], relevance[:, :0], weighting=weighting) == 0


@every_weighting
@pytest.mark.parametrize("n", [5, 70])
def test_equal_grades_are_no_pair_but_in_the_first(weighting, n):
    scores, _ = drawn(1, n, seed=6)

    value = lambdarank_loss(scores, torch.full_like(scores, 2), weighting=weighting)

    assert (value > 0) == (weighting == "ndcg_loss1")


@every_weighting
def test_a_score_that_is_nan_is_seen_and_extremes_are_finite(weighting):
    for n in (6, 70):
        scores, relevance = drawn(2, n, seed=7)
        scores[0, 2] = torch.nan
        values = each(weighting)(scores, relevance)
        assert values[0].isnan()
        assert values[1].isfinite()
        for dtype in (torch.float16, torch.float32):
            wide = (1e4 * scores[1:]).clamp(-6e4, 6e4).to(dtype)
            value, slopes = found(each(weighting), wide, relevance[1:])
            assert value.isfinite().all()
            assert slopes.isfinite().all()


@every_weighting
@pytest.mark.parametrize("k", [5, None])
def test_second_derivatives_and_transforms_of_long_lists_are_those_of_all_pairs(weighting, k):
    scores, relevance = drawn(2, 66, seed=8)

    def loss(x, y):
        return lambdarank_loss(x, y, weighting=weighting, k=k)

    (slope,) = torch.autograd.functional.vjp(lambda x: loss(x, relevance[0]), scores[0])[1:]
    slopes = torch.func.vmap(torch.func.grad(loss))(scores, relevance)

    torch.testing.assert_close(slopes[0], slope, rtol=1e-9, atol=1e-12)
    bent = torch.autograd.functional.hessian(lambda x: loss(x, relevance[0]), scores[0])
    expected = torch.autograd.functional.hessian(
        lambda x: of_a_list(x, relevance[0], weighting, k=k), scores[0]
    )
    torch.testing.assert_close(bent, expected, rtol=1e-9, atol=1e-12)


def test_options_are_checked():
    three = torch.zeros(3), torch.arange(3)

    with pytest.raises(
        ValueError, match=r"^weighting must be one of 'lambdarank', 'ndcg_loss1', 'n"
    ):
        lambdarank_loss(*three, weighting="ndcg")
    with pytest.raises(ValueError, match=r"^mu must be at least 0, but is -1\.0"):
        lambdarank_loss(*three, weighting="ndcg_loss2pp", mu=-1.0)
