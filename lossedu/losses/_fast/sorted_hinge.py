"""Hinge losses of all pairs of two camps by one sort and prefix sums.

An item of the upper camp at score s pays for every item of the lower camp above s - margin.  Sorted
by score, with the upper camp lowered by the margin, those are a tail.  From one place to the next
all distances into the tail grow by the same step, so their sums and sums of squares are prefix sums
of terms that are at least 0: no pair is ever formed, and nothing cancels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from lossedu.losses._fast.bipartite import Meeting
from lossedu.losses._fast.runs import as_rows


@dataclass(frozen=True)
class Places:
    """Flat scores, and the same scores lowered by the margin, in one rising order.

    Attributes:
        item: Whose place it is.
        lowered: Whether it is the score less the margin.
        place: Where it is, float64.
    """

    item: Tensor
    lowered: Tensor
    place: Tensor


def placed(scores: Tensor, margin: float) -> Places:
    """Sort once, and merge: of equal places, scores come before lowered ones."""
    plain, item = scores.sort(stable=True)
    lower = plain - margin
    n = len(scores)
    before = torch.searchsorted(plain, lower, right=True)
    at_lower = before + torch.arange(n, device=scores.device)
    lowered = torch.zeros(2 * n, dtype=torch.bool, device=scores.device).scatter_(0, at_lower, True)
    # What is not lowered fills the places between, in order.
    at = torch.cat([(~lowered).nonzero().squeeze(-1), at_lower])
    place = plain.new_empty(2 * n).scatter_(0, at, torch.cat([plain, lower]))
    return Places(torch.empty_like(at).scatter_(0, at, item.repeat(2)), lowered, place)


def sorted_hinge(places: Places, meeting: Meeting, power: int) -> tuple[Tensor, Tensor]:
    """The charge of each group, and its slope in each score.

    Args:
        places: Where the scores are.
        meeting: Who meets whom.
        power: 1, or 2 for the square of what is missing.
    """
    bit, at = (places.lowered == meeting.upper[:, places.item]).nonzero(as_tuple=True)
    group = meeting.group[bit, places.item[at]]
    if meeting.groups > 1:
        group, by_group = group.sort(stable=True)
        at = at[by_group]
    item, lowered, place = places.item[at], places.lowered[at], places.place[at]
    charged = torch.zeros(meeting.groups, dtype=place.dtype, device=place.device)
    slopes = torch.zeros(meeting.group.shape[-1], dtype=place.dtype, device=place.device)
    for index, real in as_rows(group):
        upper, spot = lowered.take(index), place.take(index)
        lower, upper = ~upper & real, upper & real
        both = torch.stack([spot, -spot.flip(-1)])
        met = _missing(both, torch.stack([upper, lower.flip(-1)]), power)
        heads, tails = [sums[0] for sums in met], [sums[1].flip(-1) for sums in met]
        charged[group[index[:, 0]]] = (tails[power] * upper).sum(-1)
        slope = power * torch.where(upper, -tails[power - 1], heads[power - 1] * real)
        slopes.index_add_(0, item.take(index).flatten(), slope.flatten())
    return charged, slopes


def _missing(place: Tensor, counts: Tensor, power: int) -> list[Tensor]:
    """For each entry, over those before it that count: how many, and sums of distances to a power.

    Args:
        place: Rising along the last axis.
        counts: Which entries are met.
        power: Up to which power of the distance.
    """
    step = place.diff(dim=-1, prepend=place[..., :1])
    number = counts.to(place.dtype)
    number = number.cumsum(-1) - number
    sums = [number, (number * step).cumsum(-1)]
    if power == 2:
        last = torch.cat([torch.zeros_like(sums[1][..., :1]), sums[1][..., :-1]], dim=-1)
        sums.append(((2 * last + number * step) * step).cumsum(-1))
    return sums
