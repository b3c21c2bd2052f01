"""What holds for listwise losses alone: Plackett-Luce, with ties as all orders that they allow."""

import itertools
import math
from functools import cache, partial

import pytest
import torch

from lossedu.losses import listmle_loss, listnet_loss

LENGTHS = [1, 2, 5, 63, 64, 65, 200, 700]
LOSSES = {
    "listnet": listnet_loss,
    "listmle": listmle_loss,
    "listmle, exact": partial(listmle_loss, ties="exact"),
}
every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
exact = LOSSES["listmle, exact"]


def drawn(*shape, seed=0, grades=4):
    generator = torch.Generator().manual_seed(seed)
    scores = 2 * torch.randn(*shape, generator=generator, dtype=torch.float64)
    return scores, torch.randint(0, grades, shape, generator=generator)


def surprise_of(order, s):
    """The definition of Plackett-Luce: one choice after the other, among what is left."""
    return sum(s[order[p:]].logsumexp(0) - s[order[p]] for p in range(len(order)))


def in_order(scores, relevance):
    """ListMLE by the definition; Python's sort keeps the order of what is equal."""
    orders = [sorted(range(len(r)), key=lambda i, r=r: -r[i]) for r in relevance.tolist()]
    return torch.stack([surprise_of(o, s) for o, s in zip(orders, scores.double(), strict=True)])


def in_any_order(scores, relevance):
    """The surprise of the grades: over all permutations that never raise the relevance."""
    values = []
    for s, r in zip(scores, relevance, strict=True):
        orders = map(list, itertools.permutations(range(len(s))))
        allowed = [surprise_of(o, s) for o in orders if (r[o].diff() <= 0).all()]
        values.append(-(-torch.stack(allowed)).logsumexp(0))
    return torch.stack(values)


def first_choices(scores, relevance):
    """ListNet by the definition."""
    chosen = relevance.double().exp() / relevance.double().exp().sum(-1, keepdim=True)
    left = scores.double().logsumexp(-1, keepdim=True)
    return (chosen * (left - scores.double())).sum(-1)


def found(function, scores, relevance, **options):
    """The value of each list, and the gradient where list l counts l times."""
    leaf = scores.clone().requires_grad_()
    values = function(leaf, relevance, **options)
    (values * torch.arange(1, len(values) + 1)).sum().backward()
    return values.detach(), leaf.grad


def assert_same(got, expected, rtol=1e-12):
    torch.testing.assert_close(got[0], expected[0], rtol=rtol, atol=rtol, check_dtype=False)
    torch.testing.assert_close(got[1], expected[1], rtol=10 * rtol, atol=10 * rtol)


def test_three_values_by_hand():
    # Rates 3, 2, 1: first with 3/6, second with 2/3, third for certain.
    scores = torch.tensor([3.0, 2.0, 1.0], dtype=torch.float64).log()

    ordered = listmle_loss(scores, torch.tensor([2, 1, 0]))
    tied = exact(scores, torch.tensor([1, 1, 0]))
    last = exact(scores, torch.tensor([1, 0, 0]))
    choice = listnet_loss(scores, torch.zeros(3))

    assert ordered.item() == pytest.approx(math.log(6 / 3 * 3 / 2), rel=1e-14)
    assert tied.item() == pytest.approx(-math.log(3 / 6 * 2 / 3 + 2 / 6 * 3 / 4), rel=1e-12)
    assert last.item() == pytest.approx(math.log(2), rel=1e-12)
    assert choice.item() == pytest.approx(math.log(6) - math.log(6) / 3, rel=1e-14)


@pytest.mark.parametrize("n", LENGTHS)
def test_listmle_equals_the_definition(n):
    for seed in range(2):
        scores, relevance = drawn(2, n, seed=seed)

        for values, rtol in ((scores, 1e-12), (scores.float(), 2e-6)):
            got = found(listmle_loss, values, relevance, reduction="none")
            assert got[0].dtype == got[1].dtype == values.dtype
            assert_same(got, found(in_order, values, relevance), rtol)


@pytest.mark.parametrize("scale", [0.1, 1.0, 20.0])
def test_all_orders_together_are_certain(scale):
    scores = scale * drawn(5, seed=3)[0]
    ranks = torch.tensor(list(itertools.permutations(range(5))))

    for loss in (listmle_loss, exact):
        surprises = loss(scores.expand_as(ranks), ranks, reduction="none")

        assert (-surprises).exp().sum().item() == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("grades", [1, 2, 3])
def test_exact_ties_are_every_order_that_relevance_allows(n, grades):
    scores, relevance = drawn(3, n, seed=10 * n + grades, grades=grades)
    scores *= torch.tensor([[1.0], [0.01], [15.0]]).double()

    got = found(exact, scores, relevance, reduction="none")

    assert_same(got, found(in_any_order, scores, relevance))


def test_second_derivatives_of_exact_ties_are_those_of_every_order():
    scores, relevance = drawn(1, 5, seed=4)[0], torch.tensor([[1, 0, 1, 2, 0]])

    got = torch.autograd.functional.hessian(lambda x: exact(x, relevance), scores)
    expected = torch.autograd.functional.hessian(lambda x: in_any_order(x, relevance)[0], scores)

    torch.testing.assert_close(got, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("rest", [-20.0, 0.0, 3.0, 30.0])
@pytest.mark.parametrize("m", [3, 12])
def test_exact_ties_equal_the_recursion_over_who_of_them_comes_first(m, rest):
    scores = torch.cat([drawn(m, seed=m)[0], torch.tensor([rest]).double()])
    rates = scores.exp().tolist()

    @cache
    def all_of(waiting):
        """The probability that all of these come before the last item."""
        members = [i for i in range(m) if waiting >> i & 1]
        total = math.fsum(rates[i] for i in members) + rates[m]
        return math.fsum(rates[i] / total * all_of(waiting ^ 1 << i) for i in members) or 1.0

    got = exact(scores, torch.tensor([1] * m + [0]))

    assert got.item() == pytest.approx(-math.log(all_of(2**m - 1)), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("m", "n"), [(1, 1), (10, 100), (30, 300), (200, 50), (100, 1000)])
@pytest.mark.parametrize("score", [-30.0, -3.0, 0.0, 3.0, 30.0])
def test_exact_ties_of_many_equal_scores_have_a_closed_form(m, n, score):
    # While j of them are left, one of them is next with j a / (j a + n).
    scores = torch.cat([torch.full((m,), score), torch.zeros(n)]).double().requires_grad_()
    rate = math.exp(score)

    got = exact(scores, torch.cat([torch.ones(m), torch.zeros(n)]))
    (slopes,) = torch.autograd.grad(got, scores)

    expected = math.fsum(math.log1p(n / (j * rate)) for j in range(1, m + 1))
    slope = -math.fsum(n / (j * rate + n) for j in range(1, m + 1)) / m
    assert got.item() == pytest.approx(expected, rel=1e-12, abs=1e-12)
    torch.testing.assert_close(
        slopes[:m], torch.full_like(slopes[:m], slope), rtol=1e-9, atol=1e-13
    )


@every_loss
@pytest.mark.parametrize("n", [1, 5, 65])
@pytest.mark.parametrize("lowest", [-1.0, -math.inf])
def test_padding_may_hold_anything(loss, n, lowest):
    scores, relevance = drawn(2, n, seed=9)
    relevance = relevance.double()
    relevance[:, 1:2] = lowest
    place = torch.randperm(n + 9, generator=torch.Generator().manual_seed(10))[:n].sort().values
    padded = torch.tensor([torch.nan, torch.inf, 1e300]).double().repeat(2, n // 3 + 4)[:, : n + 9]
    grades = padded.clone()
    padded[:, place], grades[:, place] = scores, relevance
    mask = torch.zeros(2, n + 9, dtype=torch.bool).index_fill(1, place, True)

    values, slopes = found(loss, padded, grades, mask=mask, reduction="none")

    assert_same((values, slopes[:, place]), found(loss, scores, relevance, reduction="none"))
    assert (slopes[~mask] == 0).all()


@every_loss
def test_derivatives_beside_padding_are_right_to_the_second(loss):
    scores, relevance = drawn(2, 6, seed=11)
    mask = torch.tensor([[True, True, False, True, False, True], [False] * 6])

    assert torch.autograd.gradgradcheck(
        lambda x: loss(x, relevance, mask=mask), scores.requires_grad_()
    )


@every_loss
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_scores_ten_thousand_apart_have_finite_gradients(loss, dtype):
    relevance = torch.tensor(sorted(set(itertools.permutations([0, 0, 1, 1, 2, 2]))))
    scores = torch.tensor([1e4, -1e4, 0.0, 1e4, -1e4, 5.0], dtype=dtype).repeat(90, 1)

    values, slopes = found(loss, scores, relevance, reduction="none")

    assert values.isfinite().all()
    assert slopes.isfinite().all()


@pytest.mark.parametrize("n", LENGTHS)
def test_listnet_equals_the_definition(n):
    scores, relevance = drawn(3, n, seed=15)

    got = found(listnet_loss, scores, relevance, reduction="none")

    assert_same(got, found(first_choices, scores, relevance))
    p, q = scores.softmax(-1), relevance.double().softmax(-1)
    torch.testing.assert_close(got[1], torch.tensor([[1], [2], [3]]) * (p - q))


def test_huge_lists_of_equal_scores_have_as_many_orders_as_there_are():
    scores = torch.zeros(50_000, dtype=torch.float64, requires_grad=True)

    orders = listmle_loss(scores, torch.zeros(50_000))
    choices = listnet_loss(scores, torch.zeros(50_000))
    (slopes,) = torch.autograd.grad(orders, scores)

    assert orders.item() == pytest.approx(math.lgamma(50_001), rel=1e-12)
    assert choices.item() == pytest.approx(math.log(50_000), rel=1e-12)
    assert slopes[0].item() == pytest.approx(1 / 50_000 - 1, rel=1e-12)


def test_an_infinite_grade_leaves_no_shares():
    with pytest.raises(ValueError, match=r"^relevance must be below infinity, but contains inf"):
        listnet_loss(torch.zeros(3), torch.tensor([math.inf, 0.0, 1.0]))


def test_an_unknown_way_with_ties_is_refused():
    with pytest.raises(ValueError, match=r"^ties must be one of 'stable', 'exact', but is 'any'"):
        listmle_loss(torch.zeros(3), torch.arange(3), ties="any")


@pytest.mark.parametrize("ties", ["stable", "exact"])
@pytest.mark.parametrize("where", range(3))
def test_a_score_that_is_nan_is_not_taken_last_for_nothing(ties, where):
    scores = torch.tensor([1.0, 2.0, 3.0])
    scores[where] = torch.nan

    assert listmle_loss(scores, torch.tensor([2, 1, 0]), ties=ties).isnan()
