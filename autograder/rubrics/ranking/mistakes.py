"""Known mistakes of the ranking assignment: the measure, and what a swap changes in it.

Those of the losses are in `ranking_pairs` and `ranking_lists`.
"""

from autograder.checks.bank import Bank, Mistake, Recipe
from autograder.rubrics.ranking.list_mistakes import LIST_MISTAKES, LIST_RECIPES
from autograder.rubrics.ranking.pair_mistakes import PAIR_MISTAKES, PAIR_RECIPES

_LAMBDARANK = "reference/loss-atlas.html#lambdarank-loss"

_NDCG = Recipe(
    "ndcg",
    "scores, relevance, k",
    {
        "gain": "gain = 2.0 ** relevance.double() - 1",
        "rank": "rank = torch.arange(1, len(scores) + 1).double()",
        "discount": "discount = 1 / torch.log2(1 + rank)",
        "order": "order = torch.argsort(scores, descending=True, stable=True)",
        "reached": "reached = (gain[order] * discount)[:k].sum()",
        "best": "best = (gain.sort(descending=True).values * discount)[:k].sum()",
        "nothing": "if not relevance.any():\n    return torch.zeros(())",
        "value": "value = reached / best",
        "result": "return value",
    },
)

_WEIGHTS = Recipe(
    "lambdarank_weights",
    "scores, relevance",
    {
        "gain": "gain = 2.0 ** relevance.double() - 1",
        "order": "order = torch.argsort(scores, descending=True, stable=True)",
        "rank": "rank = torch.argsort(order) + 1",
        "discount": "discount = 1 / torch.log2(1 + rank.double())",
        "place": "place = torch.arange(1, len(scores) + 1).double()",
        "best": "best = (gain.sort(descending=True).values / torch.log2(1 + place)).sum()",
        "gaps": "gain_gap = gain.unsqueeze(1) - gain.unsqueeze(0)",
        "moves": "move = discount.unsqueeze(1) - discount.unsqueeze(0)",
        "change": "change = gain_gap * move",
        "size": "change = change.abs()",
        "nothing": "if not relevance.any():\n    return torch.zeros_like(change)",
        "result": "return change / best",
    },
)

_REVERSED_TIES = "order = torch.argsort(scores, stable=True).flip(0)"
_ASCENDING = "order = torch.argsort(scores, stable=True)"


def _ndcg(name: str, says: str, **steps: str) -> Mistake:
    return Mistake(f"ndcg-{name}", "ndcg", says, _LAMBDARANK, steps)


def _weights(name: str, says: str, **steps: str) -> Mistake:
    return Mistake(f"weights-{name}", "lambdarank_weights", says, _LAMBDARANK, steps)


_OF_NDCG = (
    _ndcg(
        "linear-gain",
        "The gain of a grade is 2 to its power, less 1; you seem to use the grade itself.",
        gain="gain = relevance.double()",
    ),
    _ndcg(
        "gain-without-minus-one",
        "You take 2 to the power of the grade as the gain. Subtract 1, or useless items are worth "
        "something.",
        gain="gain = 2.0 ** relevance.double()",
    ),
    _ndcg(
        "rank-from-zero",
        "Your ranks seem to start at 0, so the first discount divides by log2(1) = 0. The first "
        "rank is 1.",
        rank="rank = torch.arange(len(scores)).double()",
    ),
    _ndcg(
        "discount-one-late",
        "Your discounts are one rank late: the first item is divided by log2(3). With ranks from 1 "
        "the discount is log2(1 + rank).",
        discount="discount = 1 / torch.log2(2 + rank)",
    ),
    _ndcg(
        "no-discount",
        "Your sum does not discount: an item counts the same at every rank up to k.",
        discount="discount = torch.ones_like(rank)",
    ),
    _ndcg(
        "discount-by-rank",
        "You divide gains by the rank itself; the discount is log2(1 + rank), which falls more "
        "slowly.",
        discount="discount = 1 / rank",
    ),
    _ndcg(
        "ascending",
        "Your order starts with the lowest score. A higher score means further up.",
        order=_ASCENDING,
    ),
    _ndcg(
        "unsorted",
        "You take the items in the order in which they came. An item's rank comes from its score.",
        order="order = torch.arange(len(scores))",
    ),
    _ndcg(
        "ranks-as-order",
        "You use the ranks to reorder the items. What reorders them is the argsort of the scores; "
        "its own argsort gives ranks.",
        order="order = torch.argsort(torch.argsort(scores, descending=True, stable=True))",
    ),
    _ndcg(
        "ties-reversed",
        "Items of equal score come out in reverse: a flipped ascending sort does that. Sort "
        "descending and stable instead.",
        order=_REVERSED_TIES,
    ),
    _ndcg(
        "ties-by-relevance",
        "Among equal scores you put the more relevant item first, which flatters the model. Equal "
        "scores keep the order in which they came.",
        order="first = torch.argsort(relevance, descending=True, stable=True)\n"
        "order = first[torch.argsort(scores[first], descending=True, stable=True)]",
    ),
    _ndcg(
        "ideal-not-cut",
        "The best order is summed over all ranks, yours over k. The same cut-off belongs to both.",
        best="best = (gain.sort(descending=True).values * discount).sum()",
    ),
    _ndcg(
        "only-ideal-cut",
        "You cut off the best order at k, but not the model's. The same cut-off belongs to both.",
        reached="reached = (gain[order] * discount).sum()",
    ),
    _ndcg(
        "no-cut",
        "k seems to have no effect: both sums stop after k ranks.",
        reached="reached = (gain[order] * discount).sum()",
        best="best = (gain.sort(descending=True).values * discount).sum()",
    ),
    _ndcg(
        "one-rank-too-few",
        "You sum over k - 1 ranks. A slice up to k already holds k of them.",
        reached="reached = (gain[order] * discount)[:max(k - 1, 0)].sum()",
        best="best = (gain.sort(descending=True).values * discount)[:max(k - 1, 0)].sum()",
    ),
    _ndcg(
        "not-normalised",
        "This is DCG. NDCG divides it by the DCG of the best order.",
        value="value = reached",
    ),
    _ndcg(
        "ideal-from-scores",
        "Your best order is that of the scores, so every list gets 1. The best order sorts by "
        "relevance.",
        best="best = (gain[order] * discount)[:k].sum()",
    ),
    _ndcg(
        "nan-for-nothing",
        "Where nothing is relevant you divide 0 by 0. NDCG is 0 there.",
        nothing="",
    ),
    _ndcg(
        "one-for-nothing",
        "Where nothing is relevant you give 1. The task counts such a list as 0.",
        nothing="if not relevance.any():\n    return torch.ones(())",
    ),
)

_OF_WEIGHTS = (
    _weights(
        "not-normalised",
        "This is the change of DCG. Divide by the DCG of the best order to get that of NDCG.",
        result="return change",
    ),
    _weights(
        "normalised-by-current",
        "You divide by the DCG of the present order. NDCG divides by that of the best one.",
        best="best = (gain * discount).sum()",
    ),
    _weights(
        "places-for-ranks",
        "You discount by the place in the input. An item's discount belongs to its rank among the "
        "scores.",
        rank="rank = torch.arange(1, len(scores) + 1)",
    ),
    _weights(
        "order-for-ranks",
        "You use the argsort of the scores as ranks. It says which item stands at a rank; its own "
        "argsort says which rank an item has.",
        rank="rank = order + 1",
    ),
    _weights(
        "ascending",
        "Your ranks start at the lowest score. A higher score means further up.",
        order=_ASCENDING,
    ),
    _weights(
        "ties-reversed",
        "Items of equal score get their ranks in reverse. Sort descending and stable, so that they "
        "keep the order in which they came.",
        order=_REVERSED_TIES,
    ),
    _weights(
        "linear-gain",
        "The gain of a grade is 2 to its power, less 1; you seem to use the grade itself.",
        gain="gain = relevance.double()",
    ),
    _weights(
        "gain-without-minus-one",
        "The 1 that is missing in your gains cancels in a swap, but not in the best DCG that you "
        "divide by. The gain is 2 to the power of the grade, less 1.",
        gain="gain = 2.0 ** relevance.double()",
    ),
    _weights(
        "rank-from-zero",
        "Your ranks start at 0, so one discount divides by log2(1) = 0. The first rank is 1.",
        rank="rank = torch.argsort(order)",
    ),
    _weights(
        "discount-by-rank",
        "You discount by 1 / rank; NDCG discounts by 1 / log2(1 + rank).",
        discount="discount = 1 / rank.double()",
        best="best = (gain.sort(descending=True).values / place).sum()",
    ),
    _weights(
        "signed",
        "Some of your weights are negative. A weight is the absolute change.",
        size="",
    ),
    _weights(
        "one-half",
        "Half of your matrix is missing: entry (i, j) equals entry (j, i).",
        size="change = change.abs() * (gain_gap > 0)",
    ),
    _weights(
        "gains-alone",
        "You weigh by the gap between gains alone. What a swap changes is that gap times the gap "
        "between the discounts.",
        change="change = gain_gap",
    ),
    _weights(
        "discounts-alone",
        "You weigh by the gap between discounts alone. A swap of two equally relevant items "
        "changes nothing.",
        change="change = move",
    ),
    _weights(
        "nan-for-nothing",
        "Where nothing is relevant you divide 0 by 0. No swap changes anything there: all 0.",
        nothing="",
    ),
)

BANK = Bank(
    (_NDCG, _WEIGHTS, *PAIR_RECIPES, *LIST_RECIPES),
    (*_OF_NDCG, *_OF_WEIGHTS, *PAIR_MISTAKES, *LIST_MISTAKES),
)
