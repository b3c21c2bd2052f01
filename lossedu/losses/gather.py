"""One batch out of many processes, so that a loss of pairs means what it means in one process.

Chapter: ``beyond/many-machines``.  The trap: gathering without gradient trains on a fraction of the
true gradient, and gathering with the wrong one on a multiple of it.
"""

from typing import Any

import torch
import torch.distributed
from torch import Tensor
from torch.autograd.function import once_differentiable


def gather_batch(rows: Tensor) -> Tensor:
    r"""Gather the rows of all processes; the gradient comes back to the process that sent them.

    .. math:: X = (x_1, \dots, x_P), \qquad
        \frac{\partial}{\partial x_p} \sum_{r=1}^{P} \ell_r(X)

    Every process computes the loss of the whole batch.  The gradient of a process's rows is summed
    over all of them, P times that of the one loss; `DistributedDataParallel` divides by P when it
    averages over processes, and what results is the gradient of the gathered batch in one process.
    (Without it, divide by the number of processes yourself.)

    Args:
        rows: Shape ``(n, ...)``; the same shape in every process.

    Returns:
        Shape ``(n * processes, ...)``, in the order of the processes.  Outside a process group, the
        rows as they are.

    Example:
        >>> gather_batch(torch.ones(2, 3)).shape
        torch.Size([2, 3])

    References:
        T. Chen et al., A simple framework for contrastive learning of visual representations, ICML
        2020, section 2.2 (global negatives).
    """
    if not torch.distributed.is_available() or not torch.distributed.is_initialized():
        return rows
    gathered: Tensor = _Gather.apply(rows)  # type: ignore[no-untyped-call]
    return gathered


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        parts = [torch.empty_like(rows) for _ in range(torch.distributed.get_world_size())]
        torch.distributed.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    @staticmethod
    @once_differentiable  # a second derivative would need the other processes' slopes
    def backward(ctx: Any, *outer: Tensor) -> Tensor:
        total = outer[0].contiguous().clone()
        torch.distributed.all_reduce(total)
        own = total.chunk(torch.distributed.get_world_size())[torch.distributed.get_rank()]
        return own.contiguous()
