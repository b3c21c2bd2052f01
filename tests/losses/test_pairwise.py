"""What holds for pairwise losses alone: sorting and tiles give the sum over all pairs."""

import math
from functools import partial

import pytest
import torch
from sklearn.metrics import roc_auc_score

from lossedu.losses import pairwise_hinge_loss, pairwise_logistic_loss

LENGTHS = [1, 2, 5, 63, 64, 65, 200, 700]
GRADES = {"binary": 2, "graded": 5, "distinct": 10**9}


def over_pairs(cost, scores, relevance):
    """The definition: the mean cost of each list's pairs, in float64."""
    means = []
    for s, r in zip(scores.double(), relevance, strict=True):
        better, worse = (r.unsqueeze(-1) > r).nonzero(as_tuple=True)
        means.append(cost(s[better] - s[worse]).sum() / max(1, len(better)))
    return torch.stack(means)


def hinge(lead, margin, power=1):
    return torch.where(lead < margin, margin - lead, 0.0) ** power


def logistic(lead, sigma):
    return torch.logaddexp(torch.zeros_like(lead), -sigma * lead)


CASES = [
    (pairwise_hinge_loss, hinge, {"margin": m, "power": q}) for m in (0.0, 0.5, 3.0) for q in (1, 2)
] + [(pairwise_logistic_loss, logistic, {"sigma": sigma}) for sigma in (0.5, 1.0, 7.0)]
every_loss = pytest.mark.parametrize(
    ("loss", "oracle"),
    [(partial(loss, **o), partial(over_pairs, partial(cost, **o))) for loss, cost, o in CASES],
    ids=[f"{cost.__name__}{tuple(o.values())}" for _, cost, o in CASES],
)


def drawn(*shape, seed=0, grades=5):
    generator = torch.Generator().manual_seed(seed)
    scores = 2 * torch.randn(*shape, generator=generator, dtype=torch.float64)
    return scores, torch.randint(0, grades, shape, generator=generator)


def found(function, scores, relevance, **options):
    """The value of each list, and the gradient where list l counts l times."""
    leaf = scores.clone().requires_grad_()
    values = function(leaf, relevance, **options)
    (values * torch.arange(1, len(values) + 1)).sum().backward()
    return values.detach(), leaf.grad


def assert_same(got, expected, rtol=1e-12):
    """Equal values; and gradients equal in units of the list's largest."""
    torch.testing.assert_close(got[0], expected[0], rtol=rtol, atol=rtol / 100, check_dtype=False)
    unit = expected[1].double().abs().amax(-1, keepdim=True).clamp(min=1e-300)
    torch.testing.assert_close(got[1] / unit, expected[1] / unit, rtol=0, atol=rtol)


def assert_equal_on(scores, relevance, loss, oracle, rtol=1e-12):
    got = found(loss, scores, relevance, reduction="none")
    assert got[0].dtype == got[1].dtype == scores.dtype
    assert_same(got, found(oracle, scores, relevance), rtol)


def test_three_values_by_hand():
    # Leads: 0.5 - 1.0 = -0.5, 0.5 - 0.0 = 0.5 and 1.0 - 0.0 = 1.0.
    scores = torch.tensor([0.5, 1.0, 0.0], dtype=torch.float64, requires_grad=True)
    relevance = torch.tensor([2, 1, 0])

    cost = pairwise_hinge_loss(scores, relevance)
    (slopes,) = torch.autograd.grad(cost, scores)

    assert cost.item() == pytest.approx((1.5 + 0.5 + 0) / 3)
    assert slopes.tolist() == pytest.approx([-2 / 3, 1 / 3, 1 / 3])
    assert pairwise_hinge_loss(scores, relevance, power=2).item() == pytest.approx(2.5 / 3)
    assert pairwise_hinge_loss(scores, relevance, margin=2).item() == pytest.approx(5 / 3)
    assert pairwise_logistic_loss(scores, relevance).item() == pytest.approx(
        sum(math.log1p(math.exp(-lead)) for lead in (-0.5, 0.5, 1.0)) / 3
    )


@every_loss
@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("kind", GRADES)
def test_equals_the_mean_over_all_pairs(loss, oracle, n, kind):
    for seed in range(2):
        scores, relevance = drawn(3, n, seed=seed, grades=GRADES[kind])

        assert_equal_on(scores, relevance, loss, oracle)
        assert_equal_on(scores.float(), relevance, loss, oracle, rtol=3e-6)


@every_loss
@pytest.mark.parametrize("n", [5, 65, 200])
def test_equals_it_wherever_the_scores_lie(loss, oracle, n):
    scores, relevance = drawn(2, n, seed=2)
    ahead = scores.clone()
    ahead[:, 3], relevance[:, 3] = 1e4, 9

    assert_equal_on(0 * scores + 0.3, relevance, loss, oracle)
    assert_equal_on(scores.round(decimals=1) * 100, relevance, loss, oracle)
    assert_equal_on(scores + 2**20, relevance, loss, oracle, rtol=1e-9)
    assert_equal_on(ahead, relevance, loss, oracle)


@every_loss
@pytest.mark.parametrize("factor", [1e4, 1e8])
def test_a_list_does_not_feel_the_lists_beside_it(loss, oracle, factor):
    scores, relevance = drawn(2, 200, seed=3)

    assert_equal_on(scores * torch.tensor([[factor], [1]]), relevance, loss, oracle)


@pytest.mark.parametrize("n", [5, 65, 100, 203])
@pytest.mark.parametrize("margin", [0.0, 1.0, 2.0])
def test_on_the_margin_the_slope_of_a_hinge_is_0(n, margin):
    scores = torch.randint(-3, 4, (2, n), generator=torch.Generator().manual_seed(n)).double()
    oracle = partial(over_pairs, partial(hinge, margin=margin))

    assert_equal_on(scores, drawn(2, n)[1], partial(pairwise_hinge_loss, margin=margin), oracle)


def test_in_whatever_order_items_come_the_same_gaps_meet_the_margin():
    # Tenths with a mean of exactly one half: their sum in floating point depends on the order.
    generator = torch.Generator().manual_seed(0)
    half, relevance = (
        torch.randint(0, m, (n,), generator=generator) for m, n in ((61, 50), (3, 100))
    )
    scores = torch.cat([half - 30, 40 - half]).double() * 0.1
    loss = partial(pairwise_hinge_loss, margin=0.2)
    value, slopes = found(loss, scores[None], relevance[None], reduction="none")

    for _ in range(20):
        order = torch.randperm(100, generator=generator)
        got = found(loss, scores[None, order], relevance[None, order], reduction="none")

        torch.testing.assert_close(got[0], value, rtol=1e-12, atol=0)
        torch.testing.assert_close(got[1], slopes[:, order], rtol=0, atol=1e-14)


@every_loss
@pytest.mark.parametrize("n", [5, 65])
def test_a_list_without_a_pair_is_0_and_out_of_the_mean(loss, oracle, n):
    scores, relevance = drawn(3, n, seed=5)
    relevance[1] = 2

    assert_equal_on(scores, relevance, loss, oracle)

    expected = oracle(scores, relevance)[[0, 2]].mean().item()
    assert loss(scores, relevance).item() == pytest.approx(expected, rel=1e-12)
    nothing, slopes = found(loss, scores[1:2], relevance[1:2], reduction="none")
    assert nothing == 0
    assert (slopes == 0).all()


@every_loss
@pytest.mark.parametrize("n", [5, 60, 65, 200])
@pytest.mark.parametrize("lowest", [-1.0, -math.inf])
def test_padding_may_hold_anything_and_items_may_come_in_any_order(loss, oracle, n, lowest):
    scores, relevance = drawn(3, n, seed=6)
    relevance = relevance.double()
    relevance[:, -1] = lowest
    place = torch.randperm(n + 9, generator=torch.Generator().manual_seed(7))[:n]
    padded = torch.tensor([torch.nan, torch.inf, 1e300]).double().repeat(3, n // 3 + 4)[:, : n + 9]
    grades = padded.clone()
    padded[:, place], grades[:, place] = scores, relevance
    mask = torch.zeros(3, n + 9, dtype=torch.bool).index_fill(1, place, True)

    values, slopes = found(loss, padded, grades, mask=mask, reduction="none")

    assert_same((values, slopes[:, place]), found(oracle, scores, relevance))
    assert (slopes[~mask] == 0).all()


@every_loss
def test_second_derivatives_and_torch_func_of_long_lists_are_those_of_the_definition(loss, oracle):
    scores, relevance = drawn(3, 70, seed=11)
    first, its = scores[:1], relevance[:1]

    bent = torch.autograd.functional.hessian(lambda x: loss(x, its), first)
    slopes = torch.func.vmap(torch.func.grad(loss))(scores, relevance)

    expected = torch.autograd.functional.hessian(lambda x: oracle(x, its).sum(), first)
    torch.testing.assert_close(bent, expected, rtol=1e-11, atol=1e-15)
    each = found(oracle, scores, relevance)[1] / torch.tensor([[1], [2], [3]])
    torch.testing.assert_close(slopes, each)


def test_hinges_of_whole_numbers_count_the_wrong_pairs_and_their_square_bounds_them():
    generator = torch.Generator().manual_seed(13)
    scores = torch.randperm(300, generator=generator).double() - 150
    relevance = (torch.rand(300, generator=generator) < 0.3).long()
    wrong = 1 - roc_auc_score(relevance.numpy(), scores.numpy())

    without, with_margin = (pairwise_hinge_loss(scores, relevance, margin=m) for m in (0.0, 1.0))

    assert (with_margin - without).item() == pytest.approx(wrong, abs=1e-12)
    assert pairwise_hinge_loss(scores / 100, relevance, power=2) >= wrong


@pytest.mark.parametrize("power", [1, 2])
def test_a_huge_list_has_the_slopes_of_each_items_own_pairs(power):
    scores, relevance = (row.squeeze(0) for row in drawn(1, 50_000, seed=14))
    leaf = scores.clone().requires_grad_()

    pairwise_hinge_loss(leaf, relevance, power=power).backward()

    per_grade = torch.bincount(relevance).double()
    pairs = (per_grade.sum() ** 2 - (per_grade**2).sum()) / 2
    for i in range(0, 50_000, 2500):
        side = torch.sign(relevance[i] - relevance)
        missing = 1 - side * (scores[i] - scores)
        expected = -(side * power * missing.relu() ** (power - 1) * (missing > 0)).sum() / pairs
        assert leaf.grad[i].item() == pytest.approx(expected.item(), rel=1e-10, abs=1e-16)


@pytest.mark.parametrize(
    ("loss", "option", "rule"),
    [
        (pairwise_hinge_loss, {"margin": math.nan}, "margin must be at least 0, but is nan"),
        (pairwise_hinge_loss, {"power": 3}, "power must be 1 or 2, but is 3"),
        (pairwise_hinge_loss, {"power": 2.0}, "power must be 1 or 2, but is 2.0"),
        (pairwise_logistic_loss, {"sigma": 0.0}, "sigma must be above 0 and finite, but is 0"),
        (pairwise_logistic_loss, {"tolerance": -1e-9}, "tolerance must be at least 0, but is"),
    ],
    ids=["margin", "cube", "float", "sigma", "tolerance"],
)
def test_options_are_checked(loss, option, rule):
    with pytest.raises(ValueError, match=f"^{rule}"):
        loss(torch.zeros(3), torch.arange(3), **option)
