"""Cross-entropy over classes with its slopes, a block of rows at a time.

The slope of a row is its probabilities less its target, and those are there when its value is.
They take as much memory as the logits, which `lossedu.losses._fast.row_blocks` does without.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from lossedu.arguments.checks import all_finite
from lossedu.arguments.reduction import accumulation_dtype
from lossedu.losses._fast.closed_form import attached, slopes_pay

_BLOCK = 2**20  # smaller ones keep several threads waiting
_MOST = 2**22  # beyond that many logits their slopes are not kept

Plain = Callable[[Tensor], Tensor]


def pays(logits: Tensor) -> bool:
    """Whether slopes are worth their memory: on the CPU, up to some size, if they are wanted."""
    return logits.device.type == "cpu" and 0 < logits.numel() <= _MOST and slopes_pay(logits)


def of_classes(logits: Tensor, targets: Tensor, smoothing: float, plain: Plain) -> Tensor:
    """One value a row, shape ``(...)``, from class numbers; by ``plain`` if a row is infinite."""
    z, slopes, values = _flat(logits)
    numbers = targets.reshape(-1, 1)
    with torch.no_grad():
        for rows in _blocks(z):
            t, slope = numbers[rows], slopes[rows]
            largest = z[rows].amax(-1, keepdim=True)
            gaps = torch.sub(largest, z[rows], out=slope)
            away = gaps.gather(-1, t)
            mean_gap = gaps.mean(-1, keepdim=True) if smoothing else 0.0
            others = gaps.neg_().exp_().scatter_(-1, t, 0.0).sum(-1, keepdim=True)
            rest = torch.log1p(others + torch.expm1(-away))
            total = others + torch.exp(-away)
            value = (1 - smoothing) * away + rest
            values[rows] = value + smoothing * mean_gap if smoothing else value
            slope.div_(total).scatter_(-1, t, -others / total)
            if smoothing:  # (p - y) + epsilon (y - 1/C)
                slope.sub_(smoothing / z.shape[-1])
                slope.scatter_add_(-1, t, slope.new_full(t.shape, smoothing))
    if not all_finite(values):
        return plain(logits)
    shaped = slopes.reshape(logits.shape).to(logits.dtype)
    return attached(values.reshape(targets.shape), [shaped], [logits], plain, [targets])


def of_shares(logits: Tensor, shares: Tensor, plain: Plain) -> Tensor:
    """One value a row, from a share for each class; by ``plain`` if a row is infinite."""
    z, slopes, values = _flat(logits)
    flat = shares.detach().reshape(z.shape)
    with torch.no_grad():
        for rows in _blocks(z):
            slope = slopes[rows]
            largest, first = z[rows].max(-1, keepdim=True)
            gaps = torch.sub(largest, z[rows], out=slope)
            paid = (gaps * flat[rows]).sum(-1, keepdim=True)
            others = gaps.neg_().exp_().scatter_(-1, first, 0.0).sum(-1, keepdim=True)
            all_shares = flat[rows].sum(-1, keepdim=True)
            values[rows] = paid + all_shares * torch.log1p(others)
            slope.scatter_(-1, first, 1.0).mul_(all_shares / (1 + others)).sub_(flat[rows])
    if not all_finite(values):
        return plain(logits)
    shaped = slopes.reshape(logits.shape).to(logits.dtype)
    return attached(values.reshape(logits.shape[:-1]), [shaped], [logits], plain, [shares])


def _flat(logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The logits as rows in the dtype of the loss, and room for their slopes and values."""
    z = logits.detach().reshape(-1, logits.shape[-1]).to(accumulation_dtype(logits))
    return z, torch.empty_like(z), z.new_empty(len(z), 1)


def _blocks(z: Tensor) -> Iterator[slice]:
    step = max(_BLOCK // z.shape[-1], 1)
    return (slice(start, start + step) for start in range(0, len(z), step))
