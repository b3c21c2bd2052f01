"""The part of InfoNCE that costs: a logarithm of a sum over everybody else, by tiles.

The plain formula holds a matrix of all similarities, and its gradient another.  Here a few rows at
a time are made, summed and forgotten; backward makes them again.  Memory is that of the embeddings
and one tile.  Of few rows the one tile is kept: their exponentials, which backward multiplies by
the embeddings; what they are to be divided by is divided out of the embeddings, which are fewer.
"""

import math
from functools import partial
from typing import Any

import torch
from torch import Tensor

from lossedu.losses._fast.closed_form import fast_path_applies, is_batch_of_gradients, through

_WHOLE = 2**22  # entries of a matrix that is small enough to be kept for backward
_TILE = 2**21
_NEAR = 40.0  # e^40 to e^-40, and a million of them, are far from the ends of float32
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
    with torch.autocast(queries.device.type, enabled=False):  # which would round the products
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
        near = _products_are_near(queries, keys)
        sums, level = queries.new_empty(len(queries)), queries.new_zeros(len(queries))
        most = torch.finfo(queries.dtype).max
        whole = None
        for rows, tile in _tiles(queries, keys, excluded, hidden):
            if not near:
                largest = tile.amax(-1, keepdim=True).clamp_(-most, most)
                level[rows] = largest.squeeze(-1)
                tile.sub_(largest)
            torch.sum(tile.exp_(), -1, out=sums[rows])
            whole = tile if len(tile) == len(queries) else None
        ctx.save_for_backward(queries, keys, excluded, sums, level)
        ctx.hidden, ctx.whole, ctx.near = hidden, whole, near
        return sums.log() + level

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
        queries, keys, excluded, sums, level = ctx.saved_tensors
        if torch.is_grad_enabled() or is_batch_of_gradients(outer[0]):
            plain = partial(_plain, excluded=excluded, hidden=ctx.hidden)
            return *through(plain, (queries, keys), outer), None, None
        alone = sums == 0
        pull = torch.where(alone, torch.zeros_like(sums), outer[0] / sums).unsqueeze(-1)
        wanted = ctx.needs_input_grad
        if ctx.whole is not None:
            to_queries = (ctx.whole @ keys).mul_(pull) if wanted[0] else None
            return to_queries, ctx.whole.mT @ (queries * pull) if wanted[1] else None, None, None
        to_queries, to_keys = (
            torch.zeros_like(rows) if wanted[i] else None for i, rows in enumerate((queries, keys))
        )
        for rows, tile in _tiles(queries, keys, excluded, ctx.hidden):
            shares = (tile if ctx.near else tile.sub_(level[rows].unsqueeze(-1))).exp_()
            if to_queries is not None:
                torch.mm(shares, keys, out=to_queries[rows]).mul_(pull[rows])
            if to_keys is not None:
                to_keys.addmm_(shares.mT, queries[rows] * pull[rows])
        return to_queries, to_keys, None, None


def _products_are_near(queries: Tensor, keys: Tensor) -> bool:
    """Whether no product is so large that its exponential, or a sum of them, leaves the range."""
    if queries.device.type != "cpu" or not (queries.numel() and keys.numel()):
        return False
    longest = (rows.square().sum(-1).amax().item() for rows in (queries, keys))
    return math.prod(longest) <= _NEAR**2


def _tiles(queries: Tensor, keys: Tensor, excluded: Tensor, hidden: Tensor | None) -> Any:
    """Rows of the matrix of products, a few at a time in one buffer; all of a small one."""
    step = max(1, min(len(queries), max(_ROWS, _TILE // max(1, len(keys)))))
    if len(queries) * len(keys) <= _WHOLE:
        step = max(1, len(queries))
    buffer = queries.new_empty(step, len(keys))
    for first in range(0, len(queries), step):
        rows = slice(first, min(first + step, len(queries)))
        tile = torch.mm(queries[rows], keys.mT, out=buffer[: rows.stop - first])
        if hidden is not None:
            tile.masked_fill_(hidden, -torch.inf)
        yield rows, tile.scatter_(-1, excluded[rows], -torch.inf)
