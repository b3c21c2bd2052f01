"""Pairs of items of a list, the better one first: all at once, by tiles, or never formed.

A pair costs ``charge(s_i - s_j)``.  All at once is the formula as it stands, n^2 numbers a list.
By tiles it is the same sum with the closed-form slope, a few rows at a time: n numbers, and half of
the work, because items sorted by relevance only ever meet those behind them.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from lossedu.arguments.checks import all_finite
from lossedu.arguments.lists import Lists
from lossedu.arguments.ordering import falling
from lossedu.losses._fast.bipartite import Meeting, meetings
from lossedu.losses._fast.closed_form import attached

Charge = Callable[[Tensor], Tensor]
Weights = Callable[[slice, slice], Tensor]
Both = Callable[[Tensor], tuple[Tensor, Tensor]]

_TILE = 2**17


def better(relevance: Tensor, shown: Tensor) -> Tensor:
    """Which pairs count: ``[l, i, j]`` is True where item i of list l is more relevant than j."""
    both = shown.unsqueeze(-1) & shown.unsqueeze(-2)
    return (relevance.unsqueeze(-1) > relevance.unsqueeze(-2)) & both


def pair_counts(relevance: Tensor, shown: Tensor) -> Tensor:
    """How many pairs each list has: for each item, those before the first of its grade."""
    grades = torch.where(shown, relevance, torch.inf).sort(dim=-1).values
    position = torch.arange(grades.shape[-1], device=grades.device)
    same = torch.nn.functional.pad(grades[..., 1:] == grades[..., :-1], (1, 0))
    lower = torch.where(same, 0, position).cummax(-1).values
    real = position < shown.sum(-1, keepdim=True)
    return (lower * real).sum(-1)


def every_pair(lists: Lists, scores: Tensor, charge: Charge) -> Tensor:
    """The sum of all pairs' charges, a list at a time, by the formula as it stands."""
    return all_pairs(scores, better(lists.relevance, lists.shown).to(scores.dtype), charge)


def all_pairs(scores: Tensor, pairs: Tensor, charge: Charge) -> Tensor:
    """The sum of the charges of each list, as the formula says it; ``pairs`` are weights."""
    gaps = scores.unsqueeze(-1) - scores.unsqueeze(-2)
    # What no pair needs is not computed: a charge that overflowed there would spoil the gradient.
    needed = pairs != 0
    gaps = torch.where(needed, gaps, torch.zeros_like(gaps))
    return torch.where(needed, charge(gaps) * pairs, torch.zeros_like(gaps)).sum((-2, -1))


def tiled(
    lists: Lists,
    scores: Tensor,
    order: Tensor,
    weights: Weights,
    both: Both,
    careful: bool = False,
) -> tuple[Tensor, Tensor]:
    """The same sums and their slopes in the scores, both in float64, by tiles.

    Args:
        lists: Who is more relevant than whom.
        scores: Shape ``(lists, n)``.
        order: Items by falling relevance, hidden ones last; a pair's better item stands first.
        weights: Given rows and columns in that order, the pairs' weights, shape ``(lists, rows,
            columns)``; 0 where a pair does not count.  The tensor may be overwritten.
        both: What gaps cost, and the derivative; the gaps may be overwritten.
        careful: Whether charges may overflow, as they may where a score is not finite: a pair that
            does not count must not cost 0 times infinity.
    """
    ranked = scores.gather(-1, order)
    count, n = ranked.shape
    totals = torch.zeros(count, dtype=torch.float64, device=scores.device)
    slopes = torch.zeros(count, n, dtype=torch.float64, device=scores.device)
    lower = _first_lower(lists.relevance.gather(-1, order), lists.shown.gather(-1, order))
    careful = careful or not all_finite(ranked)
    first = 0
    while first < n and lower[first] < n:
        step = max(1, _TILE // (count * (n - lower[first])))
        rows, columns = slice(first, first + step), slice(lower[first], n)
        gaps = ranked[:, rows].unsqueeze(-1) - ranked[:, columns].unsqueeze(-2)
        weight = weights(rows, columns)
        if careful:
            gaps.masked_fill_(weight == 0, 0.0)
        charge, pull = both(gaps)
        totals += charge.mul_(weight).sum((-2, -1), dtype=torch.float64)
        pull.mul_(weight)
        slopes[:, rows] += pull.sum(-1, dtype=torch.float64)
        slopes[:, columns] -= pull.sum(-2, dtype=torch.float64)
        first += step
    return totals, torch.empty_like(slopes).scatter_(-1, order, slopes)


def _first_lower(grades: Tensor, shown: Tensor) -> list[int]:
    """For each position, in whichever list it is soonest, the first item of a lower grade."""
    n = grades.shape[-1]
    rising = -torch.where(shown, grades, -torch.inf)
    behind = torch.searchsorted(rising, rising, right=True)
    behind = torch.where(shown, behind, torch.full_like(behind, n))
    return behind.amin(0).tolist() if len(grades) else [n] * n


def pairs_by_tiles(
    lists: Lists, scores: Tensor, charge: Charge, both: Both, careful: bool = False
) -> Tensor:
    """The same sums in O(n) memory."""
    order = falling(lists.relevance, lists.shown)
    grades, shown = lists.relevance.gather(-1, order), lists.shown.gather(-1, order)

    def weights(rows: slice, columns: slice) -> Tensor:
        differ = grades[:, rows].unsqueeze(-1) > grades[:, columns].unsqueeze(-2)
        both = shown[:, rows].unsqueeze(-1) & shown[:, columns].unsqueeze(-2)
        return (differ & both).to(scores.dtype)

    with torch.no_grad():
        totals, slopes = tiled(lists, scores.detach(), order, weights, both, careful)
    kept = totals.to(scores.dtype), [slopes.to(scores.dtype)]
    return attached(*kept, [scores], lambda leaf: every_pair(lists, leaf, charge))


def _centre(scores: Tensor, shown: Tensor) -> Tensor:
    """About the mean of each list: distances are what counts, and exact for small numbers.

    A whole number makes no new ties.  It comes from whole numbers, whose sum is that of every
    order: half a unit more or less would move the scores to where other gaps meet the margin.
    """
    most = 2.0 ** (62 - max(1, scores.shape[-1]).bit_length())
    whole = scores.nan_to_num(nan=0.0).round().clamp(-most, most).long()
    return (whole.sum(-1) // shown.sum(-1).clamp(min=1)).double()


Meet = Callable[[Meeting], tuple[Tensor, Tensor]]


def pairs_by_meeting(
    lists: Lists, scores: Tensor, charge: Charge, both: Both, prepared: Callable[[Tensor], Meet]
) -> Tensor:
    """The same sums without forming a pair; by tiles, where something is not finite.

    Args:
        lists: Who is more relevant than whom.
        scores: What is compared.
        charge: What a gap costs, for second derivatives.
        both: What gaps cost, and the derivative, for tiles.
        prepared: Given flat scores, float64, a function from a meeting to the charge of each of its
            groups and its slope in each score.
    """
    found = _met(lists, scores.detach().double(), prepared)
    if found is None:
        return pairs_by_tiles(lists, scores, charge, both, careful=True)
    totals, slopes = (sums.to(scores.dtype) for sums in found)
    return attached(totals, [slopes], [scores], lambda leaf: every_pair(lists, leaf, charge))


def _met(
    lists: Lists, scores: Tensor, prepared: Callable[[Tensor], Meet]
) -> tuple[Tensor, Tensor] | None:
    """Each list's charge and its slopes; None where a score is infinite, or a square overflows."""
    list_of, item = lists.shown.nonzero(as_tuple=True)
    exact = torch.where(lists.shown, scores, 0.0)
    if not all_finite(exact):
        return None
    centre = _centre(exact, lists.shown)
    totals, slopes = torch.zeros_like(centre), torch.zeros_like(exact)
    if len(item):
        flat = exact[list_of, item] - centre[list_of]
        meet = prepared(flat)
        pull = torch.zeros_like(flat)
        for meeting in meetings(lists.relevance[list_of, item], list_of):
            charged, pulled = meet(meeting)
            totals.index_add_(0, meeting.list_of, charged)
            pull += pulled
        slopes[list_of, item] = pull
    return (totals, slopes) if all_finite(totals) and all_finite(slopes) else None
