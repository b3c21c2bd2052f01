"""What a long computation with products shows, and how much memory its vectors may take."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from lossedu.landscape.curvature.operators import Counted, Operator
from lossedu.training import progress as bars

BASIS_MEMORY = 2**30
"""Bytes of a basis, unless told otherwise; a constant, for bits depend on how many rows it has."""
_EVERY_S = 0.1


class _Watched(Counted):
    """Products that are counted where somebody can see it."""

    show: bars.Progress
    _shown_s = 0.0

    def __matmul__(self, vector: Tensor) -> Tensor:
        product = super().__matmul__(vector)
        now = time.monotonic()
        if now - self._shown_s > _EVERY_S:
            self._shown_s = now
            self.show(self.products, {})
        return product


@contextmanager
def watched(operator: Operator, total: int, *, shown: bool) -> Iterator[Counted]:
    """An operator whose products are counted and, in a terminal, shown.

    Args:
        operator: What multiplies.
        total: How many products there may be.
        shown: Whether to show a bar.
    """
    with bars.progress_bar(total, shown=shown) as show:
        counted = _Watched(operator)
        counted.show = show
        yield counted


def rows_in(memory: int, operator: Operator) -> int:
    """How many vectors of an operator's size fit into so many bytes."""
    return memory // (operator.size * torch.finfo(operator.dtype).bits // 8)
