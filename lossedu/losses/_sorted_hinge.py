"""Hinge losses of all pairs of two camps by one sort and prefix sums.

An item of the upper camp at score s pays for every item of the lower camp above s - margin.  Sorted
by score, those are a tail, and sums over tails of 1, s and s^2 are differences of prefix sums: no
pair is ever formed.  Sums are kept in float64 around the middle of the scores.
"""

import torch
from torch import Tensor

from lossedu.losses._bipartite import Meeting


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
    place = scores[item]
    lower = (~lowered).to(scores.dtype)
    ends = torch.bincount(group, minlength=meeting.groups).cumsum(0)
    tails = [_after(place**k * lower, group, ends) for k in range(power + 1)]
    heads = [_before(place**k * lowered, group, ends) for k in range(power + 1)]
    missing = margin - place  # for an item of the upper camp: missing + s_j for every s_j behind it
    reach = margin + place  # for one of the lower camp: reach - s_i for every s_i before it
    if power == 1:
        paid = missing * tails[0] + tails[1]
        slope = torch.where(lowered, -tails[0], heads[0])
    else:
        paid = missing**2 * tails[0] + 2 * missing * tails[1] + tails[2]
        slope = 2 * torch.where(
            lowered, -(missing * tails[0] + tails[1]), reach * heads[0] - heads[1]
        )
    charged = torch.zeros(meeting.groups, dtype=scores.dtype, device=scores.device)
    charged.index_add_(0, group, torch.where(lowered, paid, torch.zeros_like(paid)))
    slopes = torch.zeros_like(scores).index_add_(0, item, slope)
    return charged, slopes


def _before(values: Tensor, group: Tensor, ends: Tensor) -> Tensor:
    """The sum of what stands before each entry in its own group."""
    total = values.cumsum(0)
    base = torch.cat([total.new_zeros(1), total[ends - 1]])[group]
    return total - values - base


def _after(values: Tensor, group: Tensor, ends: Tensor) -> Tensor:
    """The sum of what stands behind each entry in its own group."""
    return values.cumsum(0)[ends - 1][group] - values.cumsum(0)
