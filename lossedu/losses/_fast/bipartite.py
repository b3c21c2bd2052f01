"""All pairs of unequal relevance, as a few meetings of two camps.

Number the grades of a list 0, 1, 2 ...  Two unequal numbers have a highest bit in which they
differ; above it they agree.  So for each bit, items that agree above it form groups, and in a group
every item with the bit set meets every item without it: each pair meets exactly once, and G grades
need log2(G) meetings instead of G.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

_AT_ONCE = 2**18


@dataclass(frozen=True)
class Meeting:
    """Flat items of all lists, in groups of two camps; as a row for each bit.

    Attributes:
        group: The group of each item, shape ``(bits, items)``, numbered through from 0.
        upper: Whether the item belongs to the more relevant camp, the same shape.
        list_of: The list that each group is of.
    """

    group: Tensor
    upper: Tensor
    list_of: Tensor

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return len(self.list_of)


def meetings(relevance: Tensor, list_of: Tensor) -> Iterator[Meeting]:
    """Split flat items into meetings that hold every pair of unequal relevance of a list once.

    Few items meet for all bits at once, which saves time; many for one bit after the other, which
    saves memory.
    """
    if len(relevance) == 0:
        return
    grade = torch.unique(relevance, return_inverse=True)[1]
    bits = int(grade.max()).bit_length()
    together = max(1, _AT_ONCE // len(relevance))
    for first in range(0, bits, together):
        bit = torch.arange(first, min(first + together, bits), device=grade.device).unsqueeze(-1)
        # A key is a bit, a list, and what is left of a grade.
        shift = bits - first
        spread = int(list_of[-1]) + 1 << shift
        key = (bit - first) * spread + (list_of << shift) + (grade >> (bit + 1))
        found, group = numbered(key)
        yield Meeting(group, (grade >> bit) & 1 == 1, (found % spread) >> shift)


def numbered(keys: Tensor) -> tuple[Tensor, Tensor]:
    """The distinct keys, rising, and the number of each; by counting where that is cheap."""
    top = int(keys.max()) + 1
    if top > 4 * keys.numel():
        found, number = torch.unique(keys, return_inverse=True)
        return found, number
    present = torch.bincount(keys.flatten(), minlength=top) > 0
    return present.nonzero().squeeze(-1), (present.cumsum(0) - 1)[keys]
