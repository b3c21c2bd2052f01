"""What holds for LambdaRank alone: a pair weighs what swapping its items changes in NDCG."""

import math
from functools import partial

import pytest
import torch
from sklearn.metrics import ndcg_score

from lossedu.losses import lambdarank_loss
from lossedu.ranking_metrics import ndcg

LENGTHS = [1, 2, 5, 63, 64, 65, 200, 700]
CUTS = [1, 5, 10, 10**4, None]


def drawn(*shape, seed=0, grades=5):
    generator = torch.Generator().manual_seed(seed)
    scores = 2 * torch.randn(*shape, generator=generator, dtype=torch.float64)
    return scores, torch.randint(0, grades, shape, generator=generator)


def weights_of(s, r, k=None, gain="exponential"):
    """The definition: |delta NDCG| of every pair, the better item's row, the worse one's column."""
    worth = [2.0**x - 1 if gain == "exponential" else float(x) for x in r.tolist()]
    n = len(worth)
    by_rank = [1 / math.log2(2 + place) if place < (k or n) else 0.0 for place in range(n)]
    at = [0.0] * n
    for place, item in enumerate(sorted(range(n), key=lambda i: -s[i].item())):
        at[item] = by_rank[place]
    best = sum(g * d for g, d in zip(sorted(worth, reverse=True), by_rank, strict=True))
    g, d = torch.tensor([worth, at], dtype=torch.float64)
    return (g[:, None] - g).relu() * (d[:, None] - d).abs() / (best or 1.0)


def definition(scores, relevance, sigma=1.0, **options):
    totals = []
    for s, r in zip(scores.double(), relevance, strict=True):
        lead = sigma * (s.unsqueeze(-1) - s)
        charge = torch.logaddexp(torch.zeros_like(lead), -lead)
        totals.append((weights_of(s.detach(), r, **options) * charge).sum())
    return torch.stack(totals)


def found(function, scores, relevance, **options):
    """The value of each list, and the gradient where list l counts l times."""
    leaf = scores.clone().requires_grad_()
    values = function(leaf, relevance, **options)
    (values * torch.arange(1, len(values) + 1)).sum().backward()
    return values.detach(), leaf.grad


each = partial(lambdarank_loss, reduction="none")


def assert_same(got, expected, rtol=1e-12):
    """Equal values; and gradients equal in units of the list's largest."""
    torch.testing.assert_close(got[0], expected[0], rtol=rtol, atol=1e-300, check_dtype=False)
    unit = expected[1].double().abs().amax(-1, keepdim=True).clamp(min=1e-300)
    torch.testing.assert_close(got[1] / unit, expected[1] / unit, rtol=0, atol=rtol)


def test_three_values_by_hand():
    # Ranked second, first, third; gains 3, 1, 0; IDCG = 3 + 1 / log2(3).
    scores = torch.tensor([0.5, 1.0, 0.0], dtype=torch.float64)
    first, second, third = 1, 1 / math.log2(3), 1 / 2
    expected = (
        (3 - 1) * (first - second) * math.log1p(math.exp(0.5))
        + (3 - 0) * (second - third) * math.log1p(math.exp(-0.5))
        + (1 - 0) * (first - third) * math.log1p(math.exp(-1.0))
    ) / (3 * first + second)

    got = lambdarank_loss(scores, torch.tensor([2, 1, 0]))

    assert got.item() == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("k", CUTS)
@pytest.mark.parametrize("n", LENGTHS)
def test_equals_the_definition(n, k):
    for seed in range(2):
        scores, relevance = drawn(3, n, seed=seed)

        for values, rtol in ((scores, 1e-12), (scores.float(), 3e-6)):
            got = found(each, values, relevance, k=k)
            assert got[0].dtype == got[1].dtype == values.dtype
            assert_same(got, found(definition, values, relevance, k=k), rtol)


@pytest.mark.parametrize("k", [5, None])
@pytest.mark.parametrize("n", [5, 64, 65, 200])
@pytest.mark.parametrize("options", [{"sigma": 0.3}, {"sigma": 9.0}, {"gain": "linear"}], ids=str)
def test_equals_the_definition_with_options_and_with_equal_scores(options, n, k):
    scores, relevance = drawn(3, n, seed=2, grades=30)
    for values in (scores, scores.round(), 0 * scores):
        got = found(each, values, relevance, k=k, **options)

        assert_same(got, found(definition, values, relevance, k=k, **options))


@pytest.mark.parametrize("gain", ["exponential", "linear", "scikit-learn's"])
@pytest.mark.parametrize("k", [3, 20, None])
@pytest.mark.parametrize("n", [12, 70])
def test_a_pair_weighs_what_swapping_the_two_changes(n, k, gain):
    scores, relevance = drawn(1, n, seed=5)
    relevance[0, 8:] = 0  # most items, so that there are not too many pairs to swap
    better, worse = (relevance < relevance.T).nonzero(as_tuple=True)
    row = torch.arange(len(better))
    swapped = scores.repeat(len(better), 1)
    swapped[row, better], swapped[row, worse] = scores[0, worse], scores[0, better]

    def worth(orders):
        if gain != "scikit-learn's":
            return ndcg(orders, relevance.expand_as(orders), k=k, gain=gain)
        values = [ndcg_score(relevance, order[None], k=k) for order in orders]
        return torch.tensor(values, dtype=torch.float64)

    kind = "exponential" if gain == "exponential" else "linear"
    got = lambdarank_loss(scores, relevance, k=k, gain=kind)

    charge = torch.log1p(torch.exp(scores[0, worse] - scores[0, better]))
    expected = ((worth(swapped) - worth(scores)).abs() * charge).sum()
    assert got.item() == pytest.approx(expected.item(), rel=1e-11)


@pytest.mark.parametrize("k", [5, None])
@pytest.mark.parametrize("n", [5, 65])
def test_nothing_to_swap_gives_zero_with_zero_gradient(n, k):
    scores, relevance = drawn(3, n, seed=7)
    relevance[1], relevance[2] = 0, 3

    values, slopes = found(each, scores, relevance, k=k)

    assert values[0] > 0
    assert (values[1:] == 0).all()
    assert (slopes[1:] == 0).all()
    mask = torch.tensor([[True], [True], [False]]).expand(3, n)
    mean = lambdarank_loss(scores, relevance, k=k, mask=mask)  # over the lists that have an item
    assert mean.item() == pytest.approx(values[0].item() / 2)


@pytest.mark.parametrize("k", [1, 10, None])
@pytest.mark.parametrize("n", [5, 60, 65, 200])
def test_padding_may_hold_anything_and_items_may_come_in_any_order(n, k):
    scores, relevance = drawn(3, n, seed=8)
    place = torch.randperm(n + 9, generator=torch.Generator().manual_seed(9))[:n]
    padded = torch.tensor([torch.nan, torch.inf, 1e300]).double().repeat(3, n // 3 + 4)[:, : n + 9]
    grades = padded.clone()
    padded[:, place], grades[:, place] = scores, relevance.double()
    mask = torch.zeros(3, n + 9, dtype=torch.bool).index_fill(1, place, True)

    values, slopes = found(each, padded, grades, mask=mask, k=k)

    assert_same((values, slopes[:, place]), found(definition, scores, relevance, k=k))
    assert (slopes[~mask] == 0).all()


@pytest.mark.parametrize("k", [7, None])
def test_second_derivatives_and_torch_func_of_long_lists_are_those_of_the_definition(k):
    scores, relevance = drawn(3, 70, seed=13)
    first, its = scores[:1], relevance[:1]

    bent = torch.autograd.functional.hessian(lambda x: lambdarank_loss(x, its, k=k), first)
    slopes = torch.func.vmap(torch.func.grad(partial(lambdarank_loss, k=k)))(scores, relevance)

    expected = torch.autograd.functional.hessian(lambda x: definition(x, its, k=k).sum(), first)
    torch.testing.assert_close(bent, expected, rtol=1e-11, atol=1e-14)
    each_list = found(definition, scores, relevance, k=k)[1] / torch.tensor([[1], [2], [3]])
    torch.testing.assert_close(slopes, each_list)


@pytest.mark.parametrize("k", [7, None])
@pytest.mark.parametrize("n", [5, 70])
def test_grades_of_thousands_do_not_overflow(n, k):
    scores, below = drawn(2, n, seed=15)

    got = found(each, scores, 5000 - below, k=k)

    assert_same(got, found(definition, scores, 2.0**-below, k=k, gain="linear"))


def test_a_huge_list_with_a_cut_off_is_the_pairs_of_the_first_ranks():
    scores, relevance = drawn(1, 50_000, seed=16)
    gains = 2.0 ** relevance[0].double() - 1
    discount = 1 / torch.log2(torch.arange(2, 12).double())
    ideal = (gains.sort(descending=True).values[:10] * discount).sum()
    top = scores[0].topk(10).indices
    at = torch.zeros(50_000).double().scatter(0, top, discount)
    weight = (gains[top, None] - gains).abs() * (discount[:, None] - at).abs() / ideal
    weight[:, top] /= 2  # two of the first ten meet twice
    lead = torch.sign(relevance[0, top, None] - relevance) * (scores[0, top, None] - scores)

    got = found(each, scores, relevance, k=10)

    assert got[0].item() == pytest.approx((weight * torch.log1p(torch.exp(-lead))).sum().item())
    assert got[1].sum().item() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("option", "rule"),
    [
        ({"k": 0}, "k must be a whole number of at least 1, but is 0"),
        ({"k": 2.5}, "k must be a whole number of at least 1, but is 2.5"),
        ({"sigma": -1.0}, "sigma must be above 0 and finite, but is -1"),
        ({"gain": "log"}, "gain must be one of 'exponential', 'linear', but is 'log'"),
    ],
    ids=str,
)
def test_options_are_checked(option, rule):
    with pytest.raises(ValueError, match=f"^{rule}"):
        lambdarank_loss(torch.zeros(3), torch.arange(3), **option)
