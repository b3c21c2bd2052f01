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


@dataclass(frozen=True)
class Meeting:
    """Flat items of all lists, in groups of two camps.

    Attributes:
        group: The group of each item, numbered from 0.
        upper: Whether the item belongs to the more relevant camp.
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
    """Split flat items into meetings that hold every pair of unequal relevance of a list once."""
    if len(relevance) == 0:
        return
    grade = torch.unique(relevance, return_inverse=True)[1]
    bits = int(grade.max()).bit_length()
    for bit in range(bits):
        shift = bits - bit  # room for what is left of a grade
        keys, group = torch.unique((list_of << shift) | (grade >> (bit + 1)), return_inverse=True)
        yield Meeting(group, (grade >> bit) & 1 == 1, keys >> shift)
