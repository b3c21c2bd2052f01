"""What holds for DCG, NDCG, reciprocal rank and average precision."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    dcg_score,
    label_ranking_average_precision_score,
)
from sklearn.metrics import ndcg_score as sklearn_ndcg

from lossedu.ranking_metrics import average_precision, dcg, mean_reciprocal_rank, ndcg

ALL = [dcg, ndcg, mean_reciprocal_rank, average_precision]
KS = [1, 3, 6, 100, None]


def drawn(lists=5, n=6, seed=0):
    """Scores without ties, and grades 0 to 3, with something relevant in every list."""
    generator = torch.Generator().manual_seed(seed)
    scores = torch.rand(lists, n, generator=generator, dtype=torch.float64).argsort(-1).double()
    grades = torch.randint(4, (lists, n), generator=generator)
    grades[:, 0] = grades[:, 0].clamp(min=1)
    return scores, grades


def test_all_four_by_hand():
    # Ranked, the grades are 0, 3, 1: gains 0, 7, 1.
    scores, grades = torch.tensor([1.0, 3.0, 2.0]), torch.tensor([1, 0, 3])
    reached, best = 7 / math.log2(3) + 1 / 2, 7 + 1 / math.log2(3)

    assert dcg(scores, grades).item() == pytest.approx(reached)
    assert dcg(scores, grades, gain="linear").item() == pytest.approx(3 / math.log2(3) + 1 / 2)
    assert dcg(scores, grades, k=1) == 0
    assert ndcg(scores, grades).item() == pytest.approx(reached / best)
    assert ndcg(scores, grades, k=2).item() == pytest.approx(7 / math.log2(3) / best)
    assert mean_reciprocal_rank(scores, grades) == 0.5
    assert average_precision(scores, grades).item() == pytest.approx((1 / 2 + 2 / 3) / 2)


@pytest.mark.parametrize("k", KS)
def test_dcg_and_ndcg_agree_with_scikit_learn(k):
    scores, grades = drawn()
    pair = grades.numpy(), scores.numpy()
    exponential = 2 ** grades.numpy() - 1, scores.numpy()

    assert dcg(scores, grades, k=k, gain="linear").mean().item() == pytest.approx(
        dcg_score(*pair, k=k)
    )
    assert dcg(scores, grades, k=k).mean().item() == pytest.approx(dcg_score(*exponential, k=k))
    assert ndcg(scores, grades, k=k, gain="linear").mean().item() == pytest.approx(
        sklearn_ndcg(*pair, k=k)
    )
    assert ndcg(scores, grades, k=k).mean().item() == pytest.approx(sklearn_ndcg(*exponential, k=k))


def test_average_precision_agrees_with_scikit_learn_list_by_list():
    scores, grades = drawn()
    relevant = grades > 1
    relevant[0] = False

    got = average_precision(scores, relevant)

    expected = [
        average_precision_score(r, s) for r, s in zip(relevant[1:], scores[1:], strict=True)
    ]
    assert got.tolist() == pytest.approx([0.0, *expected])
    rows = relevant[1:].numpy(), scores[1:].numpy()
    assert got[1:].mean().item() == pytest.approx(label_ranking_average_precision_score(*rows))


@pytest.mark.parametrize("k", KS)
def test_reciprocal_rank_and_average_precision_agree_with_a_loop(k):
    scores, grades = drawn()
    firsts, averages = [], []
    for row, grade in zip(scores.tolist(), (grades - 1).tolist(), strict=True):
        ranked = sorted(range(6), key=lambda i: -row[i])[:k]
        hits = [r for r, i in enumerate(ranked, 1) if grade[i] > 0]
        firsts.append(1 / hits[0] if hits else 0)
        wanted = min(sum(g > 0 for g in grade), k or 6)
        averages.append(sum((i + 1) / r for i, r in enumerate(hits)) / wanted if wanted else 0)

    relevance = (grades - 1).clamp(min=0)

    assert mean_reciprocal_rank(scores, relevance, k=k).item() == pytest.approx(sum(firsts) / 5)
    assert average_precision(scores, relevance, k=k).tolist() == pytest.approx(averages)


@given(st.permutations(range(6)), st.permutations(range(6)))
def test_any_order_is_worth_no_more_than_the_best(order, grades):
    scores, relevance = torch.tensor(order).double(), torch.tensor(grades)

    assert 0 < ndcg(scores, relevance) <= ndcg(relevance.double(), relevance) == 1
    assert dcg(scores, relevance) <= dcg(relevance.double(), relevance) + 1e-12


@pytest.mark.parametrize("metric", ALL)
def test_only_the_order_of_scores_matters_not_the_place_of_items_nor_the_size(metric):
    scores, grades = drawn()
    order = torch.tensor([4, 2, 0, 5, 1, 3])

    expected = metric(scores.requires_grad_(), grades)

    assert expected.dtype == torch.float64
    assert not expected.requires_grad
    torch.testing.assert_close(metric(scores[:, order], grades[:, order]), expected)
    torch.testing.assert_close(metric(4e3 * (scores - 2.5), grades), expected)
    for dtype in (torch.float16, torch.bfloat16, torch.float32):
        assert torch.equal(metric(scores.to(dtype), grades), expected)


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize("k", [2, None])
def test_padding_is_the_same_as_leaving_out(metric, k):
    scores, grades = drawn()
    mask = torch.tensor([True, False, True, True, False, True]).expand(5, 6)
    padded = torch.where(mask, scores, torch.nan), torch.where(mask, grades.double(), torch.nan)

    got = metric(*padded, mask=mask, k=k)

    torch.testing.assert_close(got, metric(scores[:, mask[0]], grades[:, mask[0]], k=k))


@pytest.mark.parametrize("metric", ALL)
def test_an_item_of_score_minus_infinity_is_last_and_still_before_padding(metric):
    scores, grades = torch.tensor([9.0, 1.0, -torch.inf]), torch.tensor([0, 0, 1])
    mask = torch.tensor([False, True, True])

    assert metric(scores, grades, mask=mask) == metric(scores[1:], grades[1:])


def test_items_of_equal_score_are_taken_in_the_order_in_which_they_came():
    ties = torch.zeros(3)

    assert mean_reciprocal_rank(ties, torch.tensor([0, 0, 1])).item() == pytest.approx(1 / 3)
    assert average_precision(ties, torch.tensor([0, 1, 0])) == 0.5
    assert dcg(ties, torch.tensor([0, 0, 1])) == 0.5
    assert ndcg(ties, torch.tensor([0, 0, 1])) == 0.5


def over_all_orders(metric, scores, grades, **options):
    """The mean over all orders of the rows, each with ties in the order in which they came."""
    orders = list(itertools.permutations(range(len(scores))))
    worth = [metric(scores[list(one)], grades[list(one)], **options).item() for one in orders]
    return sum(worth) / len(worth)


@pytest.mark.parametrize("k", [1, 2, 3, None])
@pytest.mark.parametrize("gain", ["exponential", "linear"])
@pytest.mark.parametrize("metric", [dcg, ndcg])
def test_tied_scores_averaged_are_worth_the_mean_over_all_orders_of_the_rows(metric, gain, k):
    scores, grades = torch.tensor([2.0, 1.0, 1.0, 2.0, 1.0]), torch.tensor([0, 3, 0, 2, 1])

    got = metric(scores, grades, k=k, gain=gain, ties="average")

    assert got.item() == pytest.approx(over_all_orders(metric, scores, grades, k=k, gain=gain))


@pytest.mark.parametrize("k", KS)
def test_tied_scores_averaged_agree_with_scikit_learn(k):
    scores, grades = drawn(lists=40, n=9, seed=3)
    tied = (scores / 3).floor()
    assert (tied.sort(-1).values.diff() == 0).any(-1).all()
    pair = grades.numpy(), tied.numpy()

    linear = {"k": k, "gain": "linear", "ties": "average"}
    assert dcg(tied, grades, **linear).mean().item() == pytest.approx(dcg_score(*pair, k=k))
    assert ndcg(tied, grades, **linear).mean().item() == pytest.approx(sklearn_ndcg(*pair, k=k))
    assert ndcg(tied, grades, k=k).mean().item() != pytest.approx(
        ndcg(tied, grades, k=k, ties="average").mean().item()
    )


@pytest.mark.parametrize("metric", [dcg, ndcg])
def test_averaging_over_ties_changes_nothing_where_there_are_none(metric):
    scores, grades = drawn()

    torch.testing.assert_close(metric(scores, grades, ties="average"), metric(scores, grades))


@pytest.mark.parametrize("k", KS)
@pytest.mark.parametrize("metric", [dcg, ndcg])
def test_padding_ties_with_nobody(metric, k):
    """Hidden items stand last with a score of their own, -inf or 0 or whatever they hold."""
    scores = torch.tensor([[-torch.inf, 1.0, 0.0, -torch.inf, 0.0, 1.0]])
    grades, mask = torch.tensor([[3, 1, 2, 0, 9, 0]]), torch.tensor([[1, 1, 1, 1, 0, 0]]).bool()

    got = metric(scores, grades, k=k, ties="average", mask=mask)

    torch.testing.assert_close(got, metric(scores[:, :4], grades[:, :4], k=k, ties="average"))


def test_a_model_that_knows_nothing_is_worth_the_mean_of_all_orders_whatever_the_file():
    grades = torch.tensor([3, 2, 2, 1, 0, 0])
    nothing = torch.zeros(6)

    assert ndcg(nothing, grades) == 1  # the file happens to be sorted
    fair = ndcg(nothing, grades, ties="average")
    torch.testing.assert_close(ndcg(nothing, grades.flip(0), ties="average"), fair)
    assert 0.5 < fair < 0.9
    assert ndcg(nothing, 0 * grades, ties="average") == 0
    assert ndcg(torch.zeros(2, 0), torch.zeros(2, 0), ties="average").tolist() == [0.0, 0.0]
    assert ndcg(nothing[:1], grades[:1], ties="average") == 1


@pytest.mark.parametrize("metric", [dcg, ndcg])
def test_an_unknown_rule_for_ties_is_refused(metric):
    with pytest.raises(ValueError, match="ties must be one of 'stable', 'average', but is 'mean'"):
        metric(torch.ones(2), torch.ones(2), ties="mean")


def test_lists_in_which_nothing_is_relevant_are_worth_nothing():
    scores, nothing = drawn()[0], torch.zeros(5, 6)

    for metric in (dcg, ndcg, average_precision):
        assert metric(scores, nothing).tolist() == [0.0] * 5
    assert mean_reciprocal_rank(scores, nothing) == 0


def test_reciprocal_rank_counts_lists_without_a_hit_but_not_those_without_an_item():
    scores = torch.tensor([[2.0, 1.0], [2.0, 1.0], [2.0, 1.0]])
    relevance = torch.tensor([[0, 1], [0, 0], [1, 1]])
    mask = torch.tensor([[True, True], [True, True], [False, False]])

    assert mean_reciprocal_rank(scores, relevance, mask=mask) == 0.25
    assert mean_reciprocal_rank(scores[:, :0], relevance[:, :0]) == 0
    assert mean_reciprocal_rank(scores[:0], relevance[:0]) == 0


@pytest.mark.parametrize("metric", [dcg, ndcg, average_precision])
def test_leading_dimensions_are_lists_and_empty_ones_are_worth_nothing(metric):
    scores, grades = drawn(6)

    got = metric(scores.reshape(2, 3, 6), grades.reshape(2, 3, 6))

    assert torch.equal(got, metric(scores, grades).reshape(2, 3))
    assert torch.equal(got[1, 2], metric(scores[5], grades[5]))
    assert metric(torch.zeros(2, 0), torch.zeros(2, 0)).tolist() == [0.0, 0.0]
    assert metric(torch.zeros(0, 4), torch.zeros(0, 4)).shape == (0,)


def test_one_relevant_item_alone_is_ranked_first():
    assert [metric(torch.tensor([-1e4]), torch.tensor([1])).item() for metric in ALL] == [1.0] * 4


def test_grades_too_large_for_their_gains_still_have_an_ndcg():
    scores, grades = torch.tensor([1.0, 2.0]), torch.tensor([2000, 0])

    assert ndcg(scores, grades).item() == pytest.approx(1 / math.log2(3))


@pytest.mark.parametrize("metric", ALL)
def test_what_does_not_fit_is_refused(metric):
    two = torch.tensor([1.0, 2.0])

    with pytest.raises(ValueError, match="scores and relevance must have the same shape"):
        metric(two, two[:1])
    with pytest.raises(ValueError, match="relevance must hold numbers, but contains nan"):
        metric(two, torch.tensor([1.0, torch.nan]))
    with pytest.raises(ValueError, match="scores must hold numbers, but contains nan at index 1"):
        metric(torch.tensor([1.0, torch.nan]), two)
    with pytest.raises(TypeError, match="scores must be a floating-point tensor"):
        metric(two.long(), two)
    with pytest.raises(TypeError, match="mask must be a boolean tensor"):
        metric(two, two, mask=two)


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize("k", [0, -1, 0.5])
def test_less_than_one_rank_is_refused(metric, k):
    with pytest.raises(ValueError, match="k must be "):
        metric(torch.ones(2), torch.ones(2), k=k)


@pytest.mark.parametrize("metric", [dcg, ndcg])
def test_an_unknown_gain_is_refused(metric):
    with pytest.raises(ValueError, match="gain must be one of 'exponential', 'linear', but is 'sq"):
        metric(torch.ones(2), torch.ones(2), gain="squared")


@pytest.mark.parametrize("gain", ["exponential", "linear"])
@pytest.mark.parametrize("wrong", [-1.0, float("inf")])
@pytest.mark.parametrize("metric", [dcg, ndcg])
def test_grades_below_zero_or_without_end_are_refused(metric, wrong, gain):
    scores, grades = drawn(1)
    grades = grades.double()
    grades[0, 2] = wrong

    with pytest.raises(ValueError, match="relevance must be finite and not negative, but"):
        metric(scores, grades, gain=gain)
