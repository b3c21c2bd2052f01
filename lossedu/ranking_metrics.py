"""What a ranking is worth: DCG, NDCG, reciprocal rank, average precision.

Chapter: ``ranking/metrics``.  The trap: ties.  Equal scores are taken in the order in which they
came here, unless DCG and NDCG are asked to average over them; a library that does so always, or
sorts them the other way round, reports another number for the same model.  None of these has a
gradient: they are what ranking losses stand in for.
"""

from typing import get_args

import torch
from torch import Tensor

from lossedu.arguments.checks import check_choice, check_count, check_no_nan
from lossedu.arguments.gains import Gain, Ties, averaged_over_ties, discounted, discounts, gains
from lossedu.arguments.lists import Lists, as_lists
from lossedu.arguments.ordering import falling


def _checked(scores: Tensor, relevance: Tensor, mask: Tensor | None, k: int | None) -> Lists:
    if k is not None:
        check_count("k", k)
    lists = as_lists(scores.detach(), relevance, mask)
    check_no_nan("scores", lists.scores)  # it has no rank
    return lists


def dcg(
    scores: Tensor,
    relevance: Tensor,
    *,
    k: int | None = None,
    gain: Gain = "exponential",
    ties: Ties = "stable",
    mask: Tensor | None = None,
) -> Tensor:
    r"""Sum gains, each discounted by the logarithm of its rank.

    .. math:: \mathrm{DCG@}k = \sum_{r=1}^{k} \frac{g_{\pi(r)}}{\log_2(1 + r)}, \qquad
        g = 2^\text{relevance} - 1

    Args:
        scores: Shape ``(..., n)``, floating point: the items of a list on the last axis.
        relevance: How relevant each item is, at least 0, the same shape.
        k: Ranks that count, at least 1; None counts all.
        gain: ``"exponential"``, or ``"linear"`` (the relevance itself).
        ties: What equal scores are worth.  ``"stable"``: the order in which they came, so shuffle
            rows once.  ``"average"``: the mean over all their orders, as in scikit-learn: each
            tied item has the mean gain of its group.
        mask: True where an item counts, the same shape: False marks padding.

    Returns:
        One value a list, shape ``(...)``, float64, at least 0.

    Raises:
        TypeError: If scores are not floating point, or mask is not boolean.
        ValueError: If shapes differ, scores hold NaN, relevance is negative or not finite, or an
            option is out of range.

    Example:
        >>> dcg(torch.tensor([0.2, 0.9]), torch.tensor([1, 0])).item()
        0.6309297535714575

    References:
        K. Jarvelin, J. Kekalainen, Cumulated gain-based evaluation of IR techniques, TOIS 20, 2002;
        C. Burges et al., ICML 2005 (exponential gain); F. McSherry, M. Najork, Computing
        information retrieval performance measures efficiently in the presence of tied scores, ECIR
        2008 (ties).
    """
    lists = _checked(scores, relevance, mask, k)
    worth, largest = gains(lists.relevance, lists.shown, gain)
    total = _reached(lists, worth, k, ties)
    return lists.back(total * torch.exp2(largest.squeeze(-1)))


def ndcg(
    scores: Tensor,
    relevance: Tensor,
    *,
    k: int | None = None,
    gain: Gain = "exponential",
    ties: Ties = "stable",
    mask: Tensor | None = None,
) -> Tensor:
    r"""Divide DCG by that of the best order.

    .. math:: \mathrm{NDCG@}k = \mathrm{DCG@}k \,/\, \mathrm{IDCG@}k

    Args:
        scores: Shape ``(..., n)``, floating point: the items of a list on the last axis.
        relevance: How relevant each item is, at least 0, the same shape.
        k: Ranks that count, at least 1; None counts all.
        gain: ``"exponential"``, or ``"linear"`` as in scikit-learn.
        ties: What equal scores are worth.  ``"stable"``: the order in which they came, so shuffle
            rows once.  ``"average"``: the mean over all their orders, as in scikit-learn: each
            tied item has the mean gain of its group.
        mask: True where an item counts, the same shape: False marks padding.

    Returns:
        One value a list in [0, 1], shape ``(...)``, float64; 0 for lists in which nothing is
        relevant, as in scikit-learn.  Average over the others.

    Raises:
        TypeError: If scores are not floating point, or mask is not boolean.
        ValueError: If shapes differ, scores hold NaN, relevance is negative or not finite, or an
            option is out of range.

    Example:
        >>> ndcg(torch.tensor([0.2, 0.9]), torch.tensor([1, 0])).item()
        0.6309297535714575

    References:
        K. Jarvelin, J. Kekalainen, Cumulated gain-based evaluation of IR techniques, TOIS 20, 2002;
        F. McSherry, M. Najork, Computing information retrieval performance measures efficiently in
        the presence of tied scores, ECIR 2008 (ties).
    """
    lists = _checked(scores, relevance, mask, k)
    worth, _ = gains(lists.relevance, lists.shown, gain)
    reached = _reached(lists, worth, k, ties)
    best = discounted(worth, falling(lists.relevance, lists.shown), k)
    return lists.back(reached / torch.where(best > 0, best, torch.ones_like(best)))


def _reached(lists: Lists, worth: Tensor, k: int | None, ties: Ties) -> Tensor:
    """The discounted gains in the order of the scores."""
    check_choice("ties", ties, get_args(Ties))
    order = falling(lists.scores, lists.shown)
    if ties == "stable":
        return discounted(worth, order, k)
    ranked, shown, worth = (t.gather(-1, order) for t in (lists.scores, lists.shown, worth))
    tied = torch.zeros_like(shown)
    tied[:, 1:] = (ranked[:, 1:] == ranked[:, :-1]) & (shown[:, 1:] == shown[:, :-1])
    return (averaged_over_ties(worth, tied) * discounts(worth.shape[-1], k, worth)).sum(-1)


def mean_reciprocal_rank(
    scores: Tensor, relevance: Tensor, *, k: int | None = None, mask: Tensor | None = None
) -> Tensor:
    r"""Average one over the rank of the first relevant item.

    .. math:: \mathrm{MRR} = \frac{1}{L} \sum_{l=1}^{L} \frac{1}{\min \{r:
        \text{relevant}_{\pi_l(r)}\}}

    Args:
        scores: Shape ``(..., n)``, floating point: the items of a list on the last axis.
        relevance: Above 0 for relevant items, the same shape.
        k: Ranks that count, at least 1; None counts all.
        mask: True where an item counts, the same shape: False marks padding.

    Returns:
        A scalar in [0, 1], float64, over all lists that have an item; a list without a relevant
        item among the ranks counts 0.

    Raises:
        TypeError: If scores are not floating point, or mask is not boolean.
        ValueError: If shapes differ, scores or relevance hold NaN, or k is below 1.

    Example:
        >>> scores = torch.tensor([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0]])
        >>> mean_reciprocal_rank(scores, torch.tensor([[0, 1, 0], [1, 0, 0]])).item()
        0.75

    References:
        E. M. Voorhees, The TREC-8 question answering track report, 1999.
    """
    lists = _checked(scores, relevance, mask, k)
    relevant = _ranked_relevance(lists, k)
    rank = torch.arange(1, relevant.shape[-1] + 1, dtype=torch.float64, device=relevant.device)
    best = torch.where(relevant, 1 / rank, 0.0)
    first = best.amax(-1) if best.shape[-1] else best.sum(-1)
    return first.sum() / lists.shown.any(-1).sum().clamp(min=1)


def average_precision(
    scores: Tensor, relevance: Tensor, *, k: int | None = None, mask: Tensor | None = None
) -> Tensor:
    r"""Average the precision at the ranks of the relevant items.

    .. math:: \mathrm{AP} = \frac{1}{R} \sum_{r} [\text{relevant}_{\pi(r)}] \;
        \frac{\#\text{relevant among the first } r}{r}

    Args:
        scores: Shape ``(..., n)``, floating point: the items of a list on the last axis.
        relevance: Above 0 for relevant items, the same shape.
        k: Ranks that count, at least 1; None counts all.  R is then at most k.
        mask: True where an item counts, the same shape: False marks padding.

    Returns:
        One value a list in [0, 1], shape ``(...)``, float64; 0 for lists in which nothing is
        relevant.  Its mean over lists is MAP.

    Raises:
        TypeError: If scores are not floating point, or mask is not boolean.
        ValueError: If shapes differ, scores or relevance hold NaN, or k is below 1.

    Example:
        >>> average_precision(torch.tensor([3.0, 2.0, 1.0]), torch.tensor([1, 0, 1])).item()
        0.8333333333333333

    References:
        C. D. Manning, P. Raghavan, H. Schutze, Introduction to information retrieval, 2008, section
        8.4.
    """
    lists = _checked(scores, relevance, mask, k)
    relevant = _ranked_relevance(lists, k).double()
    rank = torch.arange(1, relevant.shape[-1] + 1, dtype=torch.float64, device=relevant.device)
    precision = (relevant * relevant.cumsum(-1) / rank).sum(-1)
    number = ((lists.relevance > 0) & lists.shown).sum(-1)
    number = number if k is None else number.clamp(max=k)
    return lists.back(precision / number.clamp(min=1))


def _ranked_relevance(lists: Lists, k: int | None) -> Tensor:
    """Whether each rank holds a relevant item, among those that count."""
    order = falling(lists.scores, lists.shown)
    relevant = ((lists.relevance > 0) & lists.shown).gather(-1, order)
    if k is not None:
        relevant[..., k:] = False
    return relevant
