"""Listwise ranking: the list as one event, a first choice (ListNet) or a whole order (ListMLE).

Chapter: ``ranking/listwise``.  The trap: equal relevance.  An order of tied items is not something
that was observed, and a loss that invents one teaches the order of the file.
"""

import math
from typing import Literal, get_args

import torch
from torch import Tensor

from lossedu.arguments.checks import can_look, check_choice, check_values, extremes
from lossedu.arguments.lists import Lists, as_lists, check_lists
from lossedu.arguments.ordering import falling
from lossedu.arguments.reduction import Reduction, accumulation_dtype, reduced
from lossedu.losses._binary import surprise_of_one
from lossedu.losses._classes import gaps_and_rest
from lossedu.losses._fast.tied_orders import tied_orders
from lossedu.losses._row_surprise import surprise_of_shares
from lossedu.losses._spec import LossSpec

Ties = Literal["stable", "exact"]


def listnet_loss(
    scores: Tensor,
    relevance: Tensor,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Take cross-entropy between two first choices: by relevance, and by score.

    .. math:: \ell = -\sum_{i=1}^{n} q_i \log p_i, \qquad q = \mathrm{softmax}(r), \quad
        p = \mathrm{softmax}(s)

    Args:
        scores: Unbounded scores, shape ``(..., n)``: the items of a list on the last axis.
        relevance: How relevant each item is, any numbers, the same shape; the difference of two is
            the log-odds that one is chosen before the other.
        weight: How much each list counts, at least 0, shape ``(...)``; None counts all alike.
        mask: True where an item counts, the shape of the scores: False marks padding.
        reduction: ``"mean"`` over the lists that have an item, ``"sum"`` or ``"none"``.

    Returns:
        Nats, at least the entropy of q: a scalar, or one value a list, 0 for lists without items.
        Half precision comes back as float32; every other dtype is kept.

    Gradient:
        :math:`p_i - q_i`; its Euclidean norm is bounded by :math:`\sqrt 2`.

    Numerics:
        As for `cross_entropy` with soft targets: finite for all finite scores and relevance.

    Raises:
        TypeError: If scores are not floating point, or mask is not boolean.
        ValueError: If shapes differ, relevance holds NaN, or reduction is unknown.

    Example:
        >>> import torch
        >>> round(listnet_loss(torch.zeros(2), torch.tensor([1, 0])).item(), 6)
        0.693147

    References:
        Z. Cao, T. Qin, T.-Y. Liu, M.-F. Tsai, H. Li, Learning to rank: from pairwise approach to
        listwise approach, ICML 2007.
    """
    check_lists(scores, relevance, mask)
    if mask is None and (shares := _first_choices(scores, relevance)) is not None:
        values = surprise_of_shares(scores, shares, None, 0.0)
        return reduced(values, weight, None, reduction)
    lists = as_lists(scores, relevance, mask)
    if lists.scores.shape[-1] == 0:
        return reduced(lists.back(lists.scores.sum(-1)), weight, _kept(lists), reduction)
    most = torch.finfo(lists.relevance.dtype).max
    check_values("relevance", lists.relevance, low=-math.inf, high=most, rule="be below infinity")
    chosen = torch.where(lists.shown, lists.relevance, -torch.inf)
    chosen = torch.where(lists.shown.any(-1, keepdim=True), chosen, torch.zeros_like(chosen))
    shares = chosen.softmax(-1).to(lists.scores.dtype)
    hidden = ~lists.shown & lists.shown.any(-1, keepdim=True)
    gaps, rest = gaps_and_rest(torch.where(hidden, -torch.inf, lists.scores))
    costs = shares * (torch.where(hidden, torch.zeros_like(gaps), gaps) + rest.unsqueeze(-1))
    return reduced(lists.back(costs.sum(-1)), weight, _kept(lists), reduction)


def _first_choices(scores: Tensor, relevance: Tensor) -> Tensor | None:
    """Who comes first by relevance; None unless it is seen to be finite."""
    if relevance.requires_grad or not can_look(relevance):
        return None
    dtype = accumulation_dtype(scores)
    same = relevance.is_floating_point() and accumulation_dtype(relevance) is dtype
    grades = relevance.to(dtype if same else torch.float64)
    if not all(math.isfinite(bound) for bound in extremes(grades)):
        return None
    return grades.softmax(-1).to(dtype)


def listmle_loss(
    scores: Tensor,
    relevance: Tensor,
    *,
    ties: Ties = "stable",
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge the negative log-probability of the order of relevance (Plackett-Luce).

    .. math:: \ell = -\log \prod_{k=1}^{n} \frac{e^{s_{\pi(k)}}}{\sum_{l \ge k} e^{s_{\pi(l)}}},
        \qquad r_{\pi(1)} \ge r_{\pi(2)} \ge \dots

    Args:
        scores: Unbounded scores, shape ``(..., n)``: the items of a list on the last axis.
        relevance: How relevant each item is, any numbers, the same shape; only their order counts.
        ties: ``"stable"``: items of equal relevance are taken in the order in which they came.
            ``"exact"``: the probability of *any* order among them, in O(200 n) memory.
        weight: How much each list counts, at least 0, shape ``(...)``; None counts all alike.
        mask: True where an item counts, the shape of the scores: False marks padding.
        reduction: ``"mean"`` over the lists that have an item, ``"sum"`` or ``"none"``.

    Returns:
        Nats, in [0, inf), summed over positions, so it grows with the list: a scalar, or one value
        a list, 0 for lists without items.  Half precision comes back as float32; others are kept.

    Gradient:
        Position by position, the softmax over what is left minus what was taken.

    Numerics:
        Each position is the softplus of the rest's logarithm less the taken score.  Exact ties are
        the integral over the time at which the last tied item is taken, by a trapezoidal rule whose
        error is below 1e-13.

    Special cases:
        Two items: binary cross-entropy of the difference of their scores.  All tied and exact: 0.

    Raises:
        TypeError: If scores are not floating point, or mask is not boolean.
        ValueError: If shapes differ, relevance holds NaN, or an option is unknown.

    Example:
        >>> import torch
        >>> round(listmle_loss(torch.zeros(3), torch.tensor([2, 1, 0])).item(), 6)
        1.791759

    References:
        F. Xia, T.-Y. Liu, J. Wang, W. Zhang, H. Li, Listwise approach to learning to rank, ICML
        2008; R. L. Plackett, The analysis of permutations, Applied Statistics 24, 1975.
    """
    check_choice("ties", ties, get_args(Ties))
    lists = as_lists(scores, relevance, mask)
    order = falling(lists.relevance, lists.shown)
    shown = lists.shown.gather(-1, order)
    ranked = lists.scores.gather(-1, order)
    ranked = torch.where(shown, ranked, -torch.inf)
    left = torch.logcumsumexp(ranked.flip(-1), dim=-1).flip(-1)
    if ties == "exact":
        grades = lists.relevance.gather(-1, order)
        values = tied_orders(ranked, left, grades, shown)
    else:
        after = torch.cat([left[:, 1:], torch.full_like(left[:, :1], -torch.inf)], dim=-1)
        # The last item is certain.  What is not computed there cannot spoil the gradient.
        counts = after != -torch.inf  # NaN counts
        lead = torch.where(counts, ranked, 0.0) - torch.where(counts, after, 0.0)
        values = torch.where(counts, surprise_of_one(lead), torch.zeros_like(lead)).sum(-1)
    return reduced(lists.back(values), weight, _kept(lists), reduction)


def _kept(lists: Lists) -> Tensor:
    return lists.back(lists.shown.any(-1))


SPEC = LossSpec(
    function=listnet_loss,
    title="ListNet loss",
    family="ranking",
    chapter="ranking/listwise",
    inputs="score",
    unit="list",
    targets="grade",
    argument="s",
    formula="Sum(q[i]*(log(Sum(exp(s[j]), (j, 1, C))) - s[i]), (i, 1, C))",
    link={"q[i]": "exp(y[i])/Sum(exp(y[j]), (j, 1, C))"},
    domain="the log-odds of being chosen first",
    noise_model="categorical: the first choice",
    estimand="the relevance, up to a constant",
    references=("cao2007",),
)

_LATER = "above(y[i], y[j]) + (1 - above(y[i], y[j]))*(1 - above(y[j], y[i]))*(1 - above(i, j))"

LISTMLE_SPEC = LossSpec(
    function=listmle_loss,
    title="ListMLE loss",
    family="ranking",
    chapter="ranking/listwise",
    inputs="score",
    unit="list",
    targets="grade",
    argument="s",
    formula=f"Sum(log(Sum(({_LATER})*exp(s[j]), (j, 1, C))) - s[i], (i, 1, C))",
    domain="any numbers; only their order counts",
    noise_model="Plackett-Luce",
    estimand="the log-odds of being chosen before another",
    references=("xia2008", "plackett1975"),
)
