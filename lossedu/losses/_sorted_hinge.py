"""Hinge losses of all pairs of two camps by one sort and prefix sums.

An item of the upper camp at score s pays for every item of the lower camp above s - margin.  Sorted
by score, with the upper camp lowered by the margin, those are a tail.  From one place to the next
all distances into the tail grow by the same step, so their sums and sums of squares are prefix sums
of terms that are at least 0: no pair is ever formed, and nothing cancels.
"""

import torch
from torch import Tensor

from lossedu.losses._bipartite import Meeting
from lossedu.losses._runs import as_rows


def sorted_hinge(
    scores: Tensor, meeting: Meeting, order: Tensor, margin: float, power: int
) -> tuple[Tensor, Tensor]:
    """The charge of each group, and its slope in each score.

    Args:
        scores: Flat scores, float64.
        meeting: Who meets whom.
        order: The stable order of ``cat([scores, scores - margin])``.
        margin: What the upper item should lead by.
        power: 1, or 2 for the square of what is missing.
    """
    n = len(scores)
    item = order % n
    lowered = order >= n  # this entry is an item of the upper camp, at its score less the margin
    counts = torch.where(lowered, meeting.upper[item], ~meeting.upper[item])
    item, lowered = item[counts], lowered[counts]
    by_group = meeting.group[item].argsort(stable=True)
    item, lowered = item[by_group], lowered[by_group]
    group = meeting.group[item]
    place = torch.where(lowered, scores[item] - margin, scores[item])
    charged = torch.zeros(meeting.groups, dtype=scores.dtype, device=scores.device)
    slopes = torch.zeros_like(scores)
    for index, real in as_rows(group):
        upper, lower = lowered[index] & real, ~lowered[index] & real
        heads = _missing(place[index], upper, power)
        tails = [t.flip(-1) for t in _missing(-place[index].flip(-1), lower.flip(-1), power)]
        charged[group[index[:, 0]]] = (tails[power] * upper).sum(-1)
        slope = power * torch.where(upper, -tails[power - 1], heads[power - 1])
        slopes.index_add_(0, item[index[real]], slope[real])
    return charged, slopes


def _missing(place: Tensor, counts: Tensor, power: int) -> list[Tensor]:
    """For each entry, over those before it that count: how many, and sums of distances to a power.

    Args:
        place: Rising along each row.
        counts: Which entries are met.
        power: Up to which power of the distance.
    """
    step = place.diff(dim=-1, prepend=place[:, :1])
    number = counts.to(place.dtype)
    number = number.cumsum(-1) - number
    sums = [number, (number * step).cumsum(-1)]
    if power == 2:
        last = torch.cat([torch.zeros_like(sums[1][:, :1]), sums[1][:, :-1]], dim=-1)
        sums.append(((2 * last + number * step) * step).cumsum(-1))
    return sums
