"""LambdaRank: each pair counts by what swapping it would change in NDCG.

Chapter: ``ranking/pairwise``.  The trap: the weights depend on the scores through the ranks, but
have no gradient.  What falls is a bound on the loss of NDCG, rebuilt at every step.
"""

import torch
from torch import Tensor

from lossedu.arguments.checks import Number, all_finite, check_count, check_positive
from lossedu.arguments.gains import Gain, discounted, discounts, gains
from lossedu.arguments.lists import Lists, as_lists
from lossedu.arguments.ordering import falling
from lossedu.arguments.reduction import Reduction, reduced
from lossedu.losses._binary import surprise_and_slope, surprise_of_one
from lossedu.losses._fast.closed_form import attached, fast_path_applies
from lossedu.losses._fast.pairs import all_pairs, better, tiled
from lossedu.losses._spec import LossSpec, Parameter

_FEW = 64  # items up to which all pairs at once are as fast as anything else


def lambdarank_loss(
    scores: Tensor,
    relevance: Tensor,
    *,
    k: int | None = None,
    sigma: Number = 1.0,
    gain: Gain = "exponential",
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Weigh each pair's logistic loss by what swapping the two would change in NDCG.

    .. math:: \ell = \sum_{r_i > r_j} \left|\Delta \mathrm{NDCG@}k_{ij}\right|
        \log\left(1 + e^{-\sigma (s_i - s_j)}\right), \qquad
        \Delta_{ij} = \frac{(g_i - g_j)(d_i - d_j)}{\mathrm{IDCG@}k}

    with gains :math:`g = 2^r - 1` and discounts :math:`d = 1 / \log_2(1 + \text{rank})`, 0 beyond
    k.

    Args:
        scores: Unbounded scores, shape ``(..., n)``: the items of a list on the last axis.
        relevance: How relevant each item is, at least 0, the same shape.
        k: Ranks that count, at least 1; None counts all.
        sigma: Steepness, above 0.
        gain: ``"exponential"`` or ``"linear"`` (g = r).
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
        C. Burges, From RankNet to LambdaRank to LambdaMART, MSR-TR-2010-82; X. Wang et al., The
        LambdaLoss framework, CIKM 2018.
    """
    check_positive("sigma", sigma)
    if k is not None:
        check_count("k", k)
    lists = as_lists(scores, relevance, mask)
    scaled = sigma * lists.scores
    with torch.no_grad():
        worth, discount, order = _swaps(lists, k, gain)
    few = lists.scores.shape[-1] <= _FEW

    def plain(leaf: Tensor) -> Tensor:
        return all_pairs(leaf, _every_swap(lists, worth, discount), surprise_of_one)

    if few or not fast_path_applies():
        totals = plain(scaled)
    else:
        fast = _by_tiles if k is None else _top
        with torch.no_grad():
            found, slopes = fast(scaled.detach(), lists, worth, discount, order, k)
        dtype = scaled.dtype
        totals = attached(found.to(dtype), [slopes.to(dtype)], [scaled], plain)
    return reduced(lists.back(totals), weight, lists.back(lists.shown.any(-1)), reduction)


def _swaps(lists: Lists, k: int | None, gain: Gain) -> tuple[Tensor, Tensor, Tensor]:
    """Each item's gain over IDCG and its discount; and the order of the scores."""
    order = falling(lists.scores, lists.shown)
    worth, _ = gains(lists.relevance, lists.shown, gain)
    best = discounted(worth, falling(lists.relevance, lists.shown), k).unsqueeze(-1)
    worth = worth / torch.where(best > 0, best, torch.ones_like(best))
    n = order.shape[-1]
    ranked = discounts(n, k, worth).expand_as(worth)
    discount = torch.empty_like(worth).scatter(-1, order, ranked)
    return worth.to(lists.scores.dtype), discount.to(lists.scores.dtype), order


def _every_swap(lists: Lists, worth: Tensor, discount: Tensor) -> Tensor:
    counted = better(lists.relevance, lists.shown)
    swap = _gap(worth, worth) * _gap(discount, discount)
    return torch.where(counted, swap.abs(), torch.zeros_like(swap))


def _gap(rows: Tensor, columns: Tensor) -> Tensor:
    return rows.unsqueeze(-1) - columns.unsqueeze(-2)


def _by_tiles(
    scores: Tensor, lists: Lists, worth: Tensor, discount: Tensor, order: Tensor, k: int | None
) -> tuple[Tensor, Tensor]:
    """All pairs, a few rows at a time."""
    best_first = falling(lists.relevance, lists.shown)
    worth, discount = worth.gather(-1, best_first), discount.gather(-1, best_first)
    shown = lists.shown.gather(-1, best_first)

    def weights(rows: slice, columns: slice) -> Tensor:
        # Sorted by relevance the first factor is at least 0, and 0 for pairs of equal relevance.
        swap = _gap(worth[:, rows], worth[:, columns]).clamp_(min=0)
        swap.mul_(_gap(discount[:, rows], discount[:, columns]).abs_())
        return swap.mul_(shown[:, columns].unsqueeze(-2))

    return tiled(lists, scores, best_first, weights, surprise_and_slope)


def _top(
    scores: Tensor, lists: Lists, worth: Tensor, discount: Tensor, order: Tensor, k: int | None
) -> tuple[Tensor, Tensor]:
    """Only pairs with a member among the first k ranks weigh anything: k rows of n."""
    n = order.shape[-1]
    k = min(k or n, n)
    ranked, worth, discount, shown, grade = (
        tensor.gather(-1, order)
        for tensor in (scores, worth, discount, lists.shown, lists.relevance)
    )
    totals = torch.zeros(len(scores), dtype=torch.float64, device=scores.device)
    slopes = torch.zeros(scores.shape, dtype=torch.float64, device=scores.device)
    finite = all_finite(ranked)
    for rank in range(k):
        top, rest = slice(rank, rank + 1), slice(rank + 1, n)
        sign = torch.sign(grade[:, top] - grade[:, rest]).to(scores.dtype)
        swap = (worth[:, top] - worth[:, rest]) * (discount[:, top] - discount[:, rest])
        swap = swap.abs_().mul_(sign.abs()).mul_(shown[:, rest] & shown[:, top])
        lead = sign * (ranked[:, top] - ranked[:, rest])
        if not finite:  # a pair that does not count must not cost 0 times infinity
            lead.masked_fill_(swap == 0, 0.0)
        charge, pull = surprise_and_slope(lead)
        totals += charge.mul_(swap).sum(-1, dtype=torch.float64)
        pull.mul_(swap).mul_(sign)
        slopes[:, rank] += pull.sum(-1, dtype=torch.float64)
        slopes[:, rest] -= pull
    return totals, torch.empty_like(slopes).scatter_(-1, order, slopes)


_RANK = "(1 + Sum({}, (l, 1, C)))"
_BY_SCORE = _RANK.format(
    "above(s[l], s[{0}]) + (1 - above(s[l], s[{0}]))*(1 - above(s[{0}], s[l]))*above({0}, l)"
)
_BY_GRADE = _RANK.format(
    "above(y[l], y[i]) + (1 - above(y[l], y[i]))*(1 - above(y[i], y[l]))*above(i, l)"
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
    formula=(
        "Sum(Sum(above(y[i], y[j])*(2**y[i] - 2**y[j])*log(1 + exp(sigma*(s[j] - s[i])))"
        f"*Abs(log(2)/log(1 + {_BY_SCORE.format('i')}) - log(2)/log(1 + {_BY_SCORE.format('j')}))"
        ", (j, 1, C)), (i, 1, C))"
        f"/Sum((2**y[i] - 1)*log(2)/log(1 + {_BY_GRADE}), (i, 1, C))"
    ),
    domain="how relevant each item is, at least 0",
    noise_model="none: the weights follow the ranking",
    estimand="a ranking of high NDCG",
    parameters=(
        Parameter(
            name="sigma",
            low=0.0,
            high=float("inf"),
            at_low="every order costs log 2",
            at_high="sigma times the lead that is missing",
            binds={"sigma": "sigma"},
            off={"sigma": "1"},
            samples=(0.5, 1.0, 3.0),
        ),
    ),
    kinks=("0",),
    references=("burges2010", "wang2018"),
)
