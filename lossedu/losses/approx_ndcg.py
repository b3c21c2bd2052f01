"""ApproxNDCG: NDCG itself, with ranks that are smooth in the scores.

Chapter: ``ranking/listwise``.  The trap: the temperature.  A cold one is near to NDCG and as flat,
a warm one has a slope everywhere and another best model.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from lossedu.arguments.checks import Number, check_positive
from lossedu.arguments.gains import Gain, gains
from lossedu.arguments.lists import Lists, as_lists
from lossedu.arguments.ordering import falling
from lossedu.arguments.reduction import Reduction, reduced
from lossedu.losses._fast.closed_form import attached, fast_path_applies
from lossedu.losses._ranks import IDEAL
from lossedu.losses._spec import LossSpec, Parameter

_FEW = 64  # items up to which all pairs at once are as fast as anything else
_TILE = 2**17


def approx_ndcg_loss(
    scores: Tensor,
    relevance: Tensor,
    *,
    temperature: Number = 0.1,
    gain: Gain = "exponential",
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Take one minus NDCG at smooth ranks.

    .. math:: \ell = 1 - \frac{1}{\mathrm{IDCG}} \sum_i \frac{g_i}{\log_2 (1 + \hat\pi_i)},
        \qquad \hat\pi_i = 1 + \sum_{j \neq i} \sigma\left(\frac{s_j - s_i}{T}\right)

    with gains :math:`g = 2^r - 1`.

    Args:
        scores: Unbounded scores, shape ``(..., n)``: the items of a list on the last axis.
        relevance: How relevant each item is, at least 0, the same shape.
        temperature: T, above 0, in units of the score; the paper's alpha is 1 / T.  Towards 0 this
            is one minus NDCG, tied items sharing their mean rank; for large values all ranks are
            alike.
        gain: ``"exponential"`` or ``"linear"`` (g = r).
        weight: How much each list counts, at least 0, shape ``(...)``; None counts all alike.
        mask: True where an item counts, the shape of the scores: False marks padding.
        reduction: ``"mean"`` over the lists that have an item, ``"sum"`` or ``"none"``.

    Returns:
        A share of the best DCG, in [0, 1): a scalar, or one value a list, 0 for lists in which
        nothing is relevant.  Half precision comes back as float32; every other dtype is kept.

    Gradient:
        Each pair moves both ranks by :math:`\sigma' / T`; it is not convex.

    Numerics:
        By how much each smooth rank exceeds that of the best order, so a ranking that is almost
        right is relatively exact.  It is never below 0: smooth ranks are means of orders, and the
        discount is convex.  Lists of over 64 items: by tiles, in O(n) memory, with the closed-form
        slope.  Shorter ones, second derivatives, ``torch.func`` and ``torch.compile``: all pairs.

    Special cases:
        A list of one item: 0.

    Raises:
        TypeError: If scores are not floating point, or mask is not boolean.
        ValueError: If shapes differ, relevance is negative or not finite, or an option is out of
            range.

    Example:
        >>> import torch
        >>> scores, relevance = torch.tensor([0.0, 0.0]), torch.tensor([0, 1])
        >>> round(approx_ndcg_loss(scores, relevance).item(), 6)
        0.243529

    References:
        T. Qin, T.-Y. Liu, H. Li, A general approximation framework for direct optimization of
        information retrieval measures, Information Retrieval 13, 2010, section 4.
    """
    check_positive("temperature", temperature)
    lists = as_lists(scores, relevance, mask)
    order = falling(lists.relevance, lists.shown)
    share = _shares(lists, order, gain)
    shown = lists.shown.gather(-1, order)
    ranked = lists.scores.gather(-1, order) / temperature

    def plain(leaf: Tensor) -> Tensor:
        return _lost(_all_at_once(leaf, shown), share)[0]

    if ranked.shape[-1] <= _FEW or not fast_path_applies():
        values = plain(ranked)
    else:
        with torch.no_grad():
            found, slopes = _by_tiles(ranked.detach(), shown, share)
        dtype = ranked.dtype
        values = attached(found.to(dtype), [slopes.to(dtype)], [ranked], plain)
    return reduced(lists.back(values), weight, lists.back(lists.shown.any(-1)), reduction)


def _shares(lists: Lists, order: Tensor, gain: Gain) -> Tensor:
    """What share of IDCG an item has in the best order before its discount, float64."""
    with torch.no_grad():
        worth = gains(lists.relevance, lists.shown, gain)[0].gather(-1, order)
        best = (worth / torch.log2(_behind(worth))).sum(-1, keepdim=True)
        return worth / torch.where(best > 0, best, torch.ones_like(best))


def _behind(like: Tensor) -> Tensor:
    """One more than each rank of the best order."""
    return torch.arange(2, like.shape[-1] + 2, dtype=like.dtype, device=like.device)


def _lost(excess: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """What ranks that exceed the best ones cost each list, and the slope of that in each excess."""
    behind, share = _behind(excess), share.to(excess.dtype)
    late = behind + excess
    fallen = torch.log1p(excess / behind) / (behind.log() * late.log())
    values = math.log(2) * (share * fallen).sum(-1)
    # Rounding may take a loss of 0 below it; NaN stays.
    return values.clamp(min=0), math.log(2) * share / (late * late.log() ** 2)


def _all_at_once(ranked: Tensor, shown: Tensor) -> Tensor:
    """By how much each smooth rank exceeds the place in the best order, where the items stand.

    A pair makes the better item's rank larger and the worse one's smaller by one number.
    """
    pairs = (shown.unsqueeze(-1) & shown.unsqueeze(-2)).triu(1)
    gaps = ranked.unsqueeze(-2) - ranked.unsqueeze(-1)
    behind = torch.where(pairs, gaps, -torch.inf).sigmoid()
    return behind.sum(-1) - behind.sum(-2)


def _by_tiles(ranked: Tensor, shown: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """The loss of each list and its slopes in the scores, both in float64."""
    excess = torch.zeros(ranked.shape, dtype=torch.float64, device=ranked.device)
    for rows, columns, behind in _tiles(ranked, shown):
        excess[:, rows] += behind.sum(-1, dtype=torch.float64)
        excess[:, columns] -= behind.sum(-2, dtype=torch.float64)
    values, pull = _lost(excess, share)
    slopes = torch.zeros_like(excess)
    for rows, columns, behind in _tiles(ranked, shown):
        steep = behind.addcmul(behind, behind, value=-1)  # the slope of a sigmoid
        moved = (pull[:, rows].unsqueeze(-1) - pull[:, columns].unsqueeze(-2)) * steep
        slopes[:, columns] += moved.sum(-2)
        slopes[:, rows] -= moved.sum(-1)
    return values, slopes


def _tiles(ranked: Tensor, shown: Tensor) -> Iterator[tuple[slice, slice, Tensor]]:
    """How far each item is behind those that should stand behind it, a few rows at a time."""
    count, n = ranked.shape
    first = 0
    while first < n:
        step = max(1, _TILE // max(1, count * (n - first)))
        rows, columns = slice(first, min(first + step, n)), slice(first, n)
        gaps = ranked[:, columns].unsqueeze(-2) - ranked[:, rows].unsqueeze(-1)
        pairs = (shown[:, rows].unsqueeze(-1) & shown[:, columns].unsqueeze(-2)).triu(1)
        yield rows, columns, gaps.masked_fill_(~pairs, -torch.inf).sigmoid_()
        first += step


_SMOOTH = "Sum(sigmoid((s[j] - s[i])/temperature), (j, 1, C))"  # 1/2 of it is from itself

SPEC = LossSpec(
    function=approx_ndcg_loss,
    title="ApproxNDCG loss",
    family="ranking",
    chapter="ranking/listwise",
    inputs="score",
    unit="list",
    targets="grade",
    argument="s",
    formula=f"1 - Sum((2**y[i] - 1)*log(2)/log(3/2 + {_SMOOTH}), (i, 1, C))/{IDEAL}",
    domain="how relevant each item is, at least 0",
    noise_model="none",
    estimand="a ranking of high NDCG",
    parameters=(
        Parameter(
            name="temperature",
            low=0.0,
            high=float("inf"),
            at_low="one minus NDCG",
            at_high="all ranks are alike",
            binds={"temperature": "temperature"},
            off={"temperature": "1"},
            samples=(0.1, 1.0),
        ),
    ),
    references=("qin2010",),
)
