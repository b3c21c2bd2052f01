"""The part of InfoNCE that costs: a logarithm of a sum over everybody else, by tiles.

The plain formula holds a matrix of all similarities, and its gradient another.  Here a few rows at
a time are made, summed and forgotten; backward makes them again.  Memory is that of the embeddings
and one tile.
"""

from functools import partial
from typing import Any

import torch
from torch import Tensor

from lossedu.losses._fast.closed_form import fast_path_applies, is_batch_of_gradients, through

_TILE = 2**20
_ROWS = 64  # fewer would make a slow product


def others(queries: Tensor, keys: Tensor, excluded: Tensor, hidden: Tensor | None) -> Tensor:
    """The logarithm of the summed exponentials of each query's products with the other keys.

    Args:
        queries: Shape ``(n, d)``, already divided by the temperature.
        keys: Shape ``(m, d)``.
        excluded: For each query, the numbers of the keys that do not count, shape ``(n, e)``.
        hidden: True for keys that count for nobody, shape ``(m,)``.
    """
    if fast_path_applies():
        found: Tensor = _Others.apply(queries, keys, excluded, hidden)  # type: ignore[no-untyped-call]
        return found
    return _plain(queries, keys, excluded, hidden)


def _plain(queries: Tensor, keys: Tensor, excluded: Tensor, hidden: Tensor | None) -> Tensor:
    products = queries @ keys.mT
    if hidden is not None:
        products = torch.where(hidden, -torch.inf, products)
    products = products.scatter(-1, excluded, -torch.inf)
    # Where nobody else is there, a sum of nothing would have a gradient of NaN.
    alone = (products == -torch.inf).all(-1, keepdim=True)
    total = torch.logsumexp(torch.where(alone, 0.0, products), dim=-1)
    return torch.where(alone.squeeze(-1), -torch.inf, total)


class _Others(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, queries: Tensor, keys: Tensor, excluded: Tensor, hidden: Tensor | None
    ) -> Tensor:
        total, most = queries.new_empty(len(queries)), torch.finfo(queries.dtype).max
        for rows, tile in _tiles(queries, keys, excluded, hidden):
            largest = tile.amax(-1, keepdim=True).clamp_(-most, most)
            total[rows] = tile.sub_(largest).exp_().sum(-1).log_() + largest.squeeze(-1)
        ctx.save_for_backward(queries, keys, excluded, total)
        ctx.hidden = hidden
        return total

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
        queries, keys, excluded, total = ctx.saved_tensors
        if torch.is_grad_enabled() or is_batch_of_gradients(outer[0]):
            plain = partial(_plain, excluded=excluded, hidden=ctx.hidden)
            return *through(plain, (queries, keys), outer), None, None
        to_queries, to_keys = torch.zeros_like(queries), torch.zeros_like(keys)
        alone = total == -torch.inf
        level = torch.where(alone, torch.zeros_like(total), total).unsqueeze(-1)
        pull = torch.where(alone, torch.zeros_like(total), outer[0]).unsqueeze(-1)
        for rows, tile in _tiles(queries, keys, excluded, ctx.hidden):
            shares = tile.sub_(level[rows]).exp_().mul_(pull[rows])
            torch.mm(shares, keys, out=to_queries[rows])
            to_keys.addmm_(shares.mT, queries[rows])
        return to_queries, to_keys, None, None


def _tiles(queries: Tensor, keys: Tensor, excluded: Tensor, hidden: Tensor | None) -> Any:
    """Rows of the matrix of products, a few at a time, in one buffer."""
    step = max(1, min(len(queries), max(_ROWS, _TILE // max(1, len(keys)))))
    buffer = queries.new_empty(step, len(keys))
    for first in range(0, len(queries), step):
        rows = slice(first, min(first + step, len(queries)))
        tile = torch.mm(queries[rows], keys.mT, out=buffer[: rows.stop - first])
        if hidden is not None:
            tile.masked_fill_(hidden, -torch.inf)
        yield rows, tile.scatter_(-1, excluded[rows], -torch.inf)
