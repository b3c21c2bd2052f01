r"""What a pair of items weighs in LambdaRank and its relatives, given how they are ranked now.

With gains over IDCG G, discounts d and :math:`\delta_m = d_m - d_{m+1}`, a pair of which i is the
better weighs :math:`|G_i - G_j|` times

* ``"lambdarank"``: :math:`|d_i - d_j|`, what swapping the two would change;
* ``"ndcg_loss2"``: :math:`\delta_{|\pi_i - \pi_j|}`, by how many ranks they are apart;
* ``"ndcg_loss2pp"``: the first plus mu times the second.

In ``"ndcg_loss1"`` an item weighs :math:`G_i d_i` against every other one, better or not.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from lossedu.arguments.checks import all_finite
from lossedu.arguments.gains import Gain, discounted, discounts, gains
from lossedu.arguments.lists import Lists
from lossedu.arguments.ordering import falling
from lossedu.losses._binary import surprise_and_slope
from lossedu.losses._fast.pairs import better, tiled

Weighting = Literal["lambdarank", "ndcg_loss1", "ndcg_loss2", "ndcg_loss2pp"]
_TILE = 2**17


@dataclass(frozen=True)
class Ranking:
    """Lists as their scores rank them: all that is constant to the gradient.

    Attributes:
        lists: The items.
        weighting: What pairs weigh.
        mu: The share of rank distances in ``"ndcg_loss2pp"``.
        k: Ranks that count.
        worth: Gains over IDCG.
        discount: By rank, 0 beyond k.
        rank: From 0.
        order: Items by falling score.
        steps: By how much the discount falls behind each distance of ranks.
    """

    lists: Lists
    weighting: Weighting
    mu: float
    k: int | None
    worth: Tensor
    discount: Tensor
    rank: Tensor
    order: Tensor
    steps: Tensor


def ranking_of(lists: Lists, k: int | None, gain: Gain, weighting: Weighting, mu: float) -> Ranking:
    """Rank the items of each list."""
    order = falling(lists.scores, lists.shown)
    worth, _ = gains(lists.relevance, lists.shown, gain)
    best = discounted(worth, falling(lists.relevance, lists.shown), k).unsqueeze(-1)
    worth = worth / torch.where(best > 0, best, torch.ones_like(best))
    n, dtype = order.shape[-1], lists.scores.dtype
    ranked = discounts(n, k, worth).expand_as(worth)
    discount = torch.empty_like(worth).scatter(-1, order, ranked)
    rank = torch.empty_like(order).scatter(
        -1, order, torch.arange(n, device=order.device).expand_as(order)
    )
    falls = discounts(n + 1, None, worth)
    steps = torch.nn.functional.pad(falls[:-1] - falls[1:], (1, 0))  # 0 from itself
    kept = (worth.to(dtype), discount.to(dtype), rank, order, steps.to(dtype))
    return Ranking(lists, weighting, mu, k, *kept)


def gap(rows: Tensor, columns: Tensor) -> Tensor:
    """Each row less each column."""
    return rows.unsqueeze(-1) - columns.unsqueeze(-2)


def _moved(
    ranking: Ranking, discount: tuple[Tensor, Tensor], rank: tuple[Tensor, Tensor]
) -> Tensor:
    """The second factor of a weight, for rows and columns."""
    swapped = gap(*discount).abs_()
    if ranking.weighting == "lambdarank":
        return swapped
    apart = ranking.steps[gap(*rank).abs_()]
    if ranking.k is not None:  # one of the two has to stand among the first
        apart = apart * (gap(discount[0], -discount[1]) > 0)
    return apart if ranking.weighting == "ndcg_loss2" else ranking.mu * apart + swapped


def every_weight(ranking: Ranking) -> Tensor:
    """What each pair weighs, shape ``(lists, n, n)``, row before column; 0 for no pair."""
    lists, worth, discount = ranking.lists, ranking.worth, ranking.discount
    if ranking.weighting == "ndcg_loss1":
        n = worth.shape[-1]
        others = ~torch.eye(n, dtype=torch.bool, device=worth.device) & lists.shown.unsqueeze(-2)
        return torch.where(others, (worth * discount).unsqueeze(-1), 0.0)
    moved = _moved(ranking, (discount, discount), (ranking.rank, ranking.rank))
    counted = better(lists.relevance, lists.shown)
    return torch.where(counted, gap(worth, worth).abs() * moved, 0.0)


def without_all_pairs(scores: Tensor, ranking: Ranking) -> tuple[Tensor, Tensor]:
    """The loss of each list and its slopes, both in float64, in O(n) memory."""
    if ranking.weighting == "ndcg_loss1":
        return _by_rows(scores, ranking)
    return (_by_tiles if ranking.k is None else _top)(scores, ranking)


def _by_rows(scores: Tensor, ranking: Ranking) -> tuple[Tensor, Tensor]:
    """Each item that weighs against all others, a few items at a time."""
    shown, weights = ranking.lists.shown, ranking.worth * ranking.discount
    count, n = scores.shape
    totals = torch.zeros(count, dtype=torch.float64, device=scores.device)
    slopes = torch.zeros(count, n, dtype=torch.float64, device=scores.device)
    finite, step = all_finite(scores), max(1, _TILE // max(1, count * n))
    for first in range(0, n, step):
        rows = slice(first, min(first + step, n))
        weight = weights[:, rows].unsqueeze(-1) * shown.unsqueeze(-2)
        weight.diagonal(first, -2, -1).zero_()
        lead = gap(scores[:, rows], scores)
        if not finite:
            lead.masked_fill_(weight == 0, 0.0)
        charge, pull = surprise_and_slope(lead)
        totals += charge.mul_(weight).sum((-2, -1), dtype=torch.float64)
        pull.mul_(weight)
        slopes[:, rows] += pull.sum(-1, dtype=torch.float64)
        slopes -= pull.sum(-2, dtype=torch.float64)
    return totals, slopes


def _by_tiles(scores: Tensor, ranking: Ranking) -> tuple[Tensor, Tensor]:
    """All pairs, a few rows at a time."""
    lists = ranking.lists
    best_first = falling(lists.relevance, lists.shown)
    worth, discount, rank, shown = (
        part.gather(-1, best_first)
        for part in (ranking.worth, ranking.discount, ranking.rank, lists.shown)
    )

    def weights(rows: slice, columns: slice) -> Tensor:
        # Sorted by relevance the first factor is at least 0, and 0 for pairs of equal relevance.
        weight = gap(worth[:, rows], worth[:, columns]).clamp_(min=0)
        moved = [(part[:, rows], part[:, columns]) for part in (discount, rank)]
        weight.mul_(_moved(ranking, *moved))
        return weight.mul_(shown[:, columns].unsqueeze(-2))

    return tiled(lists, scores, best_first, weights, surprise_and_slope)


def _top(scores: Tensor, ranking: Ranking) -> tuple[Tensor, Tensor]:
    """Only pairs with a member among the first k ranks weigh anything: k rows of n."""
    lists, order = ranking.lists, ranking.order
    n = order.shape[-1]
    ranked, worth, discount, rank, shown, grade = (
        tensor.gather(-1, order)
        for tensor in (
            *(scores, ranking.worth, ranking.discount, ranking.rank),
            *(lists.shown, lists.relevance),
        )
    )
    totals = torch.zeros(len(scores), dtype=torch.float64, device=scores.device)
    slopes = torch.zeros(scores.shape, dtype=torch.float64, device=scores.device)
    finite = all_finite(ranked)
    for place in range(min(ranking.k or n, n)):
        top, rest = slice(place, place + 1), slice(place + 1, n)
        sign = torch.sign(grade[:, top] - grade[:, rest]).to(scores.dtype)
        moved = [(part[:, top], part[:, rest]) for part in (discount, rank)]
        weight = (worth[:, top] - worth[:, rest]).abs_().mul_(_moved(ranking, *moved).squeeze(-2))
        weight.mul_(sign.abs()).mul_(shown[:, rest] & shown[:, top])
        lead = sign * (ranked[:, top] - ranked[:, rest])
        if not finite:  # a pair that does not count must not cost 0 times infinity
            lead.masked_fill_(weight == 0, 0.0)
        charge, pull = surprise_and_slope(lead)
        totals += charge.mul_(weight).sum(-1, dtype=torch.float64)
        pull.mul_(weight).mul_(sign)
        slopes[:, place] += pull.sum(-1, dtype=torch.float64)
        slopes[:, rest] -= pull
    return totals, torch.empty_like(slopes).scatter_(-1, order, slopes)
