"""LambdaRank: each pair counts by what swapping it would change in NDCG.

Chapter: ``ranking/pairwise``.  The trap: the weights depend on the scores through the ranks, but
have no gradient.  What falls is a bound on the loss of NDCG, rebuilt at every step.
"""

from typing import get_args

import torch
from torch import Tensor

from lossedu.arguments.checks import (
    Number,
    check_choice,
    check_count,
    check_number,
    check_positive,
)
from lossedu.arguments.gains import Gain
from lossedu.arguments.lists import as_lists
from lossedu.arguments.reduction import Reduction, reduced
from lossedu.losses._binary import surprise_of_one
from lossedu.losses._fast.closed_form import attached, fast_path_applies
from lossedu.losses._fast.pairs import all_pairs
from lossedu.losses._lambdas import Weighting, every_weight, ranking_of, without_all_pairs
from lossedu.losses._ranks import BY_SCORE, IDEAL, at_rank
from lossedu.losses._spec import LossSpec, Parameter, SpecialCase

_FEW = 64  # items up to which all pairs at once are as fast as anything else


def lambdarank_loss(
    scores: Tensor,
    relevance: Tensor,
    *,
    k: int | None = None,
    sigma: Number = 1.0,
    gain: Gain = "exponential",
    weighting: Weighting = "lambdarank",
    mu: float = 10.0,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Weigh each pair's logistic loss by what swapping the two would change in NDCG.

    .. math:: \ell = \sum_{r_i > r_j} \left|\Delta \mathrm{NDCG@}k_{ij}\right|
        \log\left(1 + e^{-\sigma (s_i - s_j)}\right), \qquad
        \Delta_{ij} = \frac{(g_i - g_j)(d_i - d_j)}{\mathrm{IDCG@}k}

    with gains :math:`g = 2^r - 1` and discounts :math:`d = 1 / \log_2(1 + \text{rank})`, 0 beyond
    k.  LambdaLoss has the same sum with other weights, which bound 1 - NDCG.

    Args:
        scores: Unbounded scores, shape ``(..., n)``: the items of a list on the last axis.
        relevance: How relevant each item is, at least 0, the same shape.
        k: Ranks that count, at least 1; None counts all.
        sigma: Steepness, above 0.
        gain: ``"exponential"`` or ``"linear"`` (g = r).
        weighting: ``"lambdarank"``: as above.  ``"ndcg_loss2"``: :math:`|g_i - g_j| (d_m - d_{m+1})
            / \mathrm{IDCG}`, m being how many ranks the two are apart; with a cut-off one of them
            must stand within it.  ``"ndcg_loss2pp"``: the first plus mu times the second.
            ``"ndcg_loss1"``: :math:`g_i d_i / \mathrm{IDCG}` in every ordered pair of two items,
            whichever is better.
        mu: For ``"ndcg_loss2pp"``, at least 0; at 0 that is LambdaRank.  10 as in the paper.
        weight: How much each list counts, at least 0, shape ``(...)``; None counts all alike.
        mask: True where an item counts, the shape of the scores: False marks padding.
        reduction: ``"mean"`` over the lists that have an item, ``"sum"`` or ``"none"``.

    Returns:
        Nats weighted by NDCG, in [0, inf): a scalar, or one value a list, 0 for lists in which
        nothing is relevant.  Half precision comes back as float32; every other dtype is kept.

    Gradient:
        Each pair pulls its items apart with :math:`\sigma |\Delta_{ij}| / (1 + e^{\sigma (s_i -
        s_j)})`.  Ranks are constants to it.

    Numerics:
        Ties in the scores are ranked in the order in which they came.  Gains are scaled by the
        largest, so grades of thousands do not overflow.  Lists of over 64 items: with a cut-off
        O(n k), without one by tiles in O(n) memory, both exact with the closed-form slope.  Shorter
        ones, second derivatives, ``torch.func`` and ``torch.compile``: all pairs.

    Raises:
        TypeError: If scores are not floating point, or mask is not boolean.
        ValueError: If shapes differ, relevance is negative or not finite, or an option is out of
            range.

    Example:
        >>> import torch
        >>> scores, relevance = torch.tensor([0.0, 0.0]), torch.tensor([0, 1])
        >>> round(lambdarank_loss(scores, relevance).item(), 6)
        0.25582

    References:
        C. Burges, From RankNet to LambdaRank to LambdaMART, MSR-TR-2010-82; X. Wang, C. Li, N.
        Golbandi, M. Bendersky, M. Najork, The LambdaLoss framework for ranking metric optimization,
        CIKM 2018 (the other weights).
    """
    check_positive("sigma", sigma)
    check_choice("weighting", weighting, get_args(Weighting))
    check_number("mu", mu, low=0.0)
    if k is not None:
        check_count("k", k)
    lists = as_lists(scores, relevance, mask)
    scaled = sigma * lists.scores
    with torch.no_grad():
        ranking = ranking_of(lists, k, gain, weighting, mu)
    few = lists.scores.shape[-1] <= _FEW

    def plain(leaf: Tensor) -> Tensor:
        return all_pairs(leaf, every_weight(ranking), surprise_of_one)

    if few or not fast_path_applies():
        totals = plain(scaled)
    else:
        with torch.no_grad():
            found, slopes = without_all_pairs(scaled.detach(), ranking)
        dtype = scaled.dtype
        totals = attached(found.to(dtype), [slopes.to(dtype)], [scaled], plain)
    return reduced(lists.back(totals), weight, lists.back(lists.shown.any(-1)), reduction)


_PAIR = "log(1 + exp(sigma*(s[j] - s[i])))"
_WORSE = f"above(y[i], y[j])*(2**y[i] - 2**y[j])*{_PAIR}"
_SWAP = f"Abs({at_rank(BY_SCORE, 'i')} - {at_rank(BY_SCORE, 'j')})"
# Of an item and itself, which is no pair, the distance is made 1, for at 0 there is no discount.
_APART = f"(Abs({BY_SCORE('i')} - {BY_SCORE('j')}) + 1 - above(i, j) - above(j, i))"
_STEP = f"(log(2)/log(1 + {_APART}) - log(2)/log(2 + {_APART}))"


def _over_pairs(weighed: str) -> str:
    return f"Sum(Sum({weighed}, (j, 1, C)), (i, 1, C))/{IDEAL}"


_SIGMA = Parameter(
    name="sigma",
    low=0.0,
    high=float("inf"),
    at_low="every order costs log 2",
    at_high="sigma times the lead that is missing",
    binds={"sigma": "sigma"},
    off={"sigma": "1"},
    samples=(0.5, 1.0, 3.0),
)

SPEC = LossSpec(
    function=lambdarank_loss,
    title="LambdaRank loss",
    family="ranking",
    chapter="ranking/pairwise",
    inputs="score",
    unit="list",
    targets="grade",
    argument="s",
    formula=_over_pairs(f"{_WORSE}*{_SWAP}"),
    domain="how relevant each item is, at least 0",
    noise_model="none: the weights follow the ranking",
    estimand="a ranking of high NDCG",
    parameters=(_SIGMA,),
    kinks=("0",),
    references=("burges2010", "wang2018"),
)

ALL_PAIRS_SPEC = LossSpec(
    function=lambdarank_loss,
    title="NDCG-Loss1",
    family="ranking",
    chapter="ranking/pairwise",
    inputs="score",
    unit="list",
    targets="grade",
    variant={"weighting": "ndcg_loss1"},
    argument="s",
    formula=_over_pairs(
        f"(above(i, j) + above(j, i))*(2**y[i] - 1)*{_PAIR}*{at_rank(BY_SCORE, 'i')}"
    ),
    domain="how relevant each item is, at least 0",
    noise_model="none: the weights follow the ranking",
    estimand="a ranking of high NDCG",
    parameters=(_SIGMA,),
    kinks=("0",),
    references=("wang2018",),
)

APART_SPEC = LossSpec(
    function=lambdarank_loss,
    title="NDCG-Loss2",
    family="ranking",
    chapter="ranking/pairwise",
    inputs="score",
    unit="list",
    targets="grade",
    variant={"weighting": "ndcg_loss2"},
    argument="s",
    formula=_over_pairs(f"{_WORSE}*{_STEP}"),
    domain="how relevant each item is, at least 0",
    noise_model="none: the weights follow the ranking",
    estimand="a ranking of high NDCG",
    parameters=(_SIGMA,),
    kinks=("0",),
    references=("wang2018",),
)

BOTH_SPEC = LossSpec(
    function=lambdarank_loss,
    title="NDCG-Loss2++",
    family="ranking",
    chapter="ranking/pairwise",
    inputs="score",
    unit="list",
    targets="grade",
    variant={"weighting": "ndcg_loss2pp"},
    argument="s",
    formula=_over_pairs(f"{_WORSE}*({_SWAP} + mu*{_STEP})"),
    domain="how relevant each item is, at least 0",
    noise_model="none: the weights follow the ranking",
    estimand="a ranking of high NDCG",
    parameters=(
        _SIGMA,
        Parameter(
            name="mu",
            low=0.0,
            high=float("inf"),
            at_low="LambdaRank",
            at_high="mu times NDCG-Loss2",
            binds={"mu": "mu"},
            off={"mu": "10"},
            samples=(1.0, 10.0),
        ),
    ),
    kinks=("0",),
    special_cases=(SpecialCase(settings={"mu": 0.0}, equals="lambdarank_loss"),),
    references=("wang2018",),
)
