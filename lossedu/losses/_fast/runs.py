"""Groups that stand one after another in a flat tensor, laid out as rows.

A prefix sum over many groups at once must not let one group feel the size of another: subtracting
a running total of 1e16 leaves nothing of a group of ones.  As rows of a matrix every group has its
own sum.  Few entries share one matrix, which saves time; of many, groups of about one length do,
so that less than half of a matrix is padding.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

_SMALL = 2**13


def as_rows(group: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Lay flat entries out as rows, one a group.

    Args:
        group: The group of each entry, rising.

    Yields:
        For groups that share a matrix, the positions of their entries, shape ``(rows, n)``, and
        which of these are real: behind its end a row repeats its last entry.
    """
    numbers, sizes = torch.unique_consecutive(group, return_counts=True)
    if not len(numbers):
        return
    starts = sizes.cumsum(0) - sizes
    lengths = torch.ceil(torch.log2(sizes.double()))
    if len(sizes) * int(sizes.max()) <= _SMALL:
        lengths = torch.zeros_like(lengths)
    for length in torch.unique(lengths):
        rows = lengths == length
        longest = int(sizes[rows].max())
        step = torch.arange(longest, device=group.device)
        real = step < sizes[rows].unsqueeze(-1)
        yield starts[rows].unsqueeze(-1) + step.minimum(sizes[rows].unsqueeze(-1) - 1), real


def sums_behind(values: Tensor, group: Tensor) -> Tensor:
    """For each entry, the sum of its group's values from it on."""
    sums = torch.empty_like(values)
    for index, real in as_rows(group):
        rows = torch.where(real, values[index], 0.0)
        sums[index[real]] = rows.flip(-1).cumsum(-1).flip(-1)[real]
    return sums
