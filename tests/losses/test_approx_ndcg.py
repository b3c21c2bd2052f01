"""What holds for ApproxNDCG alone: smooth ranks, NDCG in the limit, and no value below 0."""

import math

import mpmath as mp
import pytest
import torch
from scipy.special import expit

from lossedu.losses import approx_ndcg_loss
from lossedu.ranking_metrics import ndcg
from tests.losses.test_lambdarank import assert_same, drawn, found

TEMPERATURES = [0.05, 1.0, 20.0]
every_temperature = pytest.mark.parametrize("temperature", TEMPERATURES)


def of_a_list(s, r, temperature=0.1, gain="exponential"):
    """One minus the mean gain at smooth ranks, by the formula as it stands."""
    worth = [2.0**x - 1 if gain == "exponential" else float(x) for x in r.tolist()]
    best = sum(g / math.log2(1 + m) for m, g in enumerate(sorted(worth, reverse=True), 1))
    above = torch.sigmoid((s - s.unsqueeze(-1)) / temperature)
    ranks = 1 + (above * (1 - torch.eye(len(s)))).sum(-1)
    reached = (torch.tensor(worth, dtype=torch.float64) / torch.log2(1 + ranks)).sum()
    return 1 - reached / best if best else 0 * reached


def definition(scores, relevance, **options):
    return torch.stack([of_a_list(s, r, **options) for s, r in zip(scores, relevance, strict=True)])


def each(scores, relevance, **options):
    return approx_ndcg_loss(scores, relevance, reduction="none", **options)


def test_two_items_by_hand():
    # One ahead by 0.3 at T = 0.1: its rank is 1 + sigmoid(-3), the other's 1 + sigmoid(3).
    scores, relevance = torch.tensor([0.3, 0.0], dtype=torch.float64), torch.tensor([2, 1])
    first, second = (1 / math.log2(2 + expit(x)) for x in (-3, 3))

    got = approx_ndcg_loss(scores, relevance)

    expected = 1 - (3 * first + second) / (3 + 1 / math.log2(3))
    assert got.item() == pytest.approx(expected, rel=1e-13)


@every_temperature
@pytest.mark.parametrize("gain", ["exponential", "linear"])
@pytest.mark.parametrize("n", [1, 2, 9, 64, 65, 130])
def test_equals_the_formula(n, gain, temperature):
    scores, relevance = drawn(2, n)
    options = {"gain": gain, "temperature": temperature}

    for values, rtol in ((scores, 1e-9), (scores.float(), 1e-4)):
        got = found(each, values, relevance, **options)
        expected = found(definition, values.double(), relevance, **options)
        assert got[0].dtype == got[1].dtype == values.dtype
        torch.testing.assert_close(got[0].double(), expected[0], rtol=rtol, atol=1e-7 * rtol)
        unit = expected[1].abs().amax(-1, keepdim=True).clamp(min=1e-12)
        torch.testing.assert_close(
            got[1] / unit, expected[1] / unit, rtol=0, atol=rtol, check_dtype=False
        )


@pytest.mark.parametrize("n", [6, 80])
def test_cold_it_is_one_minus_ndcg(n):
    scores, relevance = drawn(5, n, seed=1)
    apart = scores.argsort(-1).argsort(-1).double()  # no ties

    got = each(apart, relevance, temperature=1e-3)

    torch.testing.assert_close(got, 1 - ndcg(apart, relevance))


def test_cold_tied_items_share_their_mean_rank():
    scores, relevance = torch.tensor([1.0, 1.0, 0.0]).double(), torch.tensor([1, 0, 0])

    got = approx_ndcg_loss(scores, relevance, temperature=1e-3)

    assert got.item() == pytest.approx(1 - 1 / math.log2(1 + 1.5))


@pytest.mark.parametrize("n", [4, 70])
def test_warm_all_ranks_are_alike(n):
    scores, relevance = drawn(1, n, seed=2)
    worth = 2.0 ** relevance[0] - 1
    best = (worth.sort(descending=True).values / torch.log2(torch.arange(2, n + 2))).sum()

    got = approx_ndcg_loss(scores, relevance, temperature=1e9)

    expected = 1 - worth.sum() / math.log2(1 + (n + 1) / 2) / best
    assert got.item() == pytest.approx(expected.item(), rel=1e-6)


@pytest.mark.parametrize("gap", [1.0, 3.0, 8.0, 30.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_ranking_that_is_almost_right_keeps_its_digits(gap, dtype):
    scores = torch.tensor([gap, 0.0], dtype=dtype)

    got = approx_ndcg_loss(scores, torch.tensor([1, 0]), temperature=1.0).item()

    with mp.workdps(80):
        expected = 1 - 1 / mp.log(2 + 1 / (1 + mp.exp(gap)), 2)
        assert got == pytest.approx(float(expected), rel=8 * torch.finfo(dtype).eps)


@pytest.mark.parametrize("n", [2, 5, 100])
def test_it_is_never_negative_and_never_one(n):
    for seed in range(10):
        scores, relevance = drawn(4, n, seed=seed)
        for size in (1e-3, 1.0, 1e3):
            perfect = size * relevance.double()
            values = torch.cat([each(size * scores, relevance), each(perfect, relevance)])
            assert (values >= 0).all()
            assert (values < 1).all()


@pytest.mark.parametrize("n", [6, 90])
def test_padding_may_hold_anything_and_items_may_come_in_any_order(n):
    scores, relevance = drawn(3, n, seed=3)
    place = torch.randperm(n + 4, generator=torch.Generator().manual_seed(9))[:n]
    padded = torch.full((3, n + 4), torch.nan).double()
    grades = padded.clone()
    padded[:, place], grades[:, place] = scores, relevance.double()
    mask = torch.zeros(3, n + 4, dtype=torch.bool).index_fill(1, place, True)

    values, slopes = found(each, padded, grades, mask=mask)

    assert_same((values, slopes[:, place]), found(each, scores, relevance), 1e-10)
    assert (slopes[~mask] == 0).all()


@pytest.mark.parametrize("n", [5, 70])
def test_lists_in_which_nothing_is_relevant_or_shown_lose_nothing(n):
    scores, relevance = drawn(3, n, seed=4)
    relevance[1] = 0
    mask = torch.tensor([[True], [True], [False]]).expand(3, n)

    values, slopes = found(each, scores, relevance, mask=mask)
    mean = approx_ndcg_loss(scores, relevance, mask=mask)

    assert values[0] > 0
    assert (values[1:] == 0).all()
    assert (slopes[1:] == 0).all()
    assert mean.item() == pytest.approx(values[0].item() / 2)  # over the lists that have an item
    assert approx_ndcg_loss(scores[:, :0], relevance[:, :0]) == 0
    assert approx_ndcg_loss(scores[:, :1], relevance[:, :1]) == 0


@pytest.mark.parametrize("n", [6, 70])
def test_extremes_ties_and_nan(n):
    scores, relevance = drawn(2, n, seed=5)

    for dtype in (torch.float16, torch.bfloat16, torch.float32):
        for values in (0 * scores, (1e4 * scores).clamp(-6e4, 6e4)):
            value, slopes = found(each, values.to(dtype), relevance)
            assert value.dtype == torch.float32
            assert value.isfinite().all()
            assert slopes.isfinite().all()
    scores[0, 1] = torch.inf
    assert each(scores, relevance)[0].isfinite()
    scores[0, 1] = torch.nan
    assert each(scores, relevance).isnan().tolist() == [True, False]


@pytest.mark.parametrize("n", [5, 70])
def test_grades_of_thousands_do_not_overflow(n):
    scores, below = drawn(2, n, seed=6)

    got = found(each, scores, 5000 - below)

    assert_same(got, found(each, scores, 2.0**-below, gain="linear"))


@pytest.mark.parametrize("n", [6, 66])
def test_second_derivatives_and_transforms_are_those_of_the_formula(n):
    scores, relevance = drawn(2, n, seed=7)

    def loss(x, y):
        return approx_ndcg_loss(x, y, temperature=1.0)

    slopes = torch.func.vmap(torch.func.grad(loss))(scores, relevance)
    expected = found(lambda x, y: definition(x, y, temperature=1.0), scores, relevance)[1]
    torch.testing.assert_close(slopes, expected / torch.tensor([[1], [2]]), rtol=1e-9, atol=1e-12)
    bent = torch.autograd.functional.hessian(lambda x: loss(x, relevance[0]), scores[0])
    by_hand = torch.autograd.functional.hessian(
        lambda x: of_a_list(x, relevance[0], temperature=1.0), scores[0]
    )
    torch.testing.assert_close(bent, by_hand, rtol=1e-9, atol=1e-12)


def test_a_step_against_the_gradient_raises_ndcg():
    scores, relevance = drawn(8, 20, seed=8)
    before = ndcg(scores, relevance).mean()

    for _ in range(60):
        slope = found(
            lambda x, y: approx_ndcg_loss(x, y, temperature=0.5).reshape(1), scores, relevance
        )
        scores = scores - 20 * slope[1]

    assert ndcg(scores, relevance).mean() > before + 0.1


@pytest.mark.parametrize(
    ("option", "rule"),
    [
        ({"temperature": 0.0}, "temperature must be above 0 and finite, but is 0"),
        ({"gain": "log"}, "gain must be one of 'exponential', 'linear', but is 'log'"),
    ],
    ids=str,
)
def test_options_are_checked(option, rule):
    with pytest.raises(ValueError, match=f"^{rule}"):
        approx_ndcg_loss(torch.zeros(3), torch.arange(3), **option)
    with pytest.raises(ValueError, match=r"^relevance must be finite and not negative"):
        approx_ndcg_loss(torch.zeros(2), torch.tensor([1.0, -1.0]))
