"""Cross-entropy over classes with its slopes, a block of rows at a time.

The slope of a row is its probabilities less its target, and those are there when its value is.
They take as much memory as the logits, which `lossedu.losses._fast.row_blocks` does without.

torch's softmax reads a row once.  A logarithm of a probability near 1 is never formed: with o the
sum of all others, which are small, it is log(1 - o).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lossedu.arguments.checks import all_finite, extremes
from lossedu.arguments.reduction import WIDE, accumulation_dtype
from lossedu.losses._fast.closed_form import attached_later, fast_path_applies, scaled, slopes_pay

_BLOCK = 2**20  # smaller ones keep several threads waiting
_MOST = 2**22  # beyond that many logits their slopes are not kept
_FEW = 2**13  # logits, for which calls cost more than arithmetic
_NOBODY = -(2**62)  # a class number to be ignored that no row has
_SURE = 2.0**-5  # a mean surprise from which on rounding 1 - o costs no more than five bits

Plain = Callable[[Tensor], Tensor]


def pays(logits: Tensor) -> bool:
    """Whether slopes are worth their memory: on the CPU, up to some size, if they are wanted."""
    return logits.is_cpu and 0 < logits.numel() <= _MOST and slopes_pay(logits)


def of_classes(logits: Tensor, targets: Tensor, smoothing: float, plain: Plain) -> Tensor:
    """One value a row, shape ``(...)``, from class numbers; by ``plain`` if a row is infinite."""
    with torch.no_grad():
        z, t = _flat(logits), targets.reshape(-1, 1)
        parts = [_block_of_classes(z[rows], t[rows], smoothing) for rows in _blocks(z)]
        values, slopes = (_joined(each) for each in zip(*parts, strict=True))
    if not all_finite(values):
        return plain(logits)
    shaped = slopes.reshape(logits.shape).to(logits.dtype)
    kept = [shaped, targets]
    return attached_later(values.reshape(targets.shape), _own_slopes, kept, [logits], plain)


def total_of_classes(logits: Tensor, targets: Tensor, mean: bool, plain: Plain) -> Tensor | None:
    """The mean or the sum of rows, shape ``(rows, classes)``, of which each has one class number.

    None if a target is no number of a class, or a row is infinite.
    """
    if not (logits.dtype in WIDE and logits.numel() <= _MOST and fast_path_applies()):
        return None
    try:  # the kernel that reads the targets refuses what is none
        if logits.numel() > _FEW:
            with torch.no_grad():
                values, slopes = _block_of_classes(logits, targets.unsqueeze(-1), 0.0)
        else:
            with torch.no_grad():
                values = cross_entropy(logits, targets, ignore_index=_NOBODY, reduction="none")
            if _keep_digits(values):
                return cross_entropy(logits, targets, reduction="mean" if mean else "sum")
            values, slopes = _corrected(logits.detach(), targets.unsqueeze(-1), values)
    except (IndexError, RuntimeError):
        return None
    total = values.mean() if mean else values.sum()
    if not math.isfinite(total.item()):
        return None
    derive = partial(_shared_slopes, count=len(targets) if mean else 1)
    return attached_later(total, derive, [slopes, targets], [logits], plain)


def _keep_digits(values: Tensor) -> bool:
    """Whether what torch's kernel made of rows is right to all but five bits."""
    smallest, largest = extremes(values.detach())
    return smallest >= _SURE and largest < math.inf


def _corrected(z: Tensor, t: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """The values, where they are small from the sum of all others; and the slopes."""
    slopes = torch.softmax(z, -1)
    lacks = slopes.scatter_(-1, t, 0.0).sum(-1, keepdim=True).neg_()
    slopes.scatter_(-1, t, lacks)
    return torch.where(values < _SURE, lacks.squeeze(-1).log1p_().neg_(), values), slopes


def _shared_slopes(
    outer: Tensor, inputs: Sequence[Tensor], kept: Sequence[Tensor], count: int
) -> list[Tensor]:
    return [scaled(kept[0], outer / count)]


def _own_slopes(outer: Tensor, inputs: Sequence[Tensor], kept: Sequence[Tensor]) -> list[Tensor]:
    return [scaled(kept[0], outer.unsqueeze(-1))]


def _block_of_classes(z: Tensor, t: Tensor, smoothing: float) -> tuple[Tensor, Tensor]:
    slope = torch.softmax(z, -1)
    share = slope.gather(-1, t)
    lacks = slope.scatter_(-1, t, 0.0).sum(-1, keepdim=True).neg_()
    slope.scatter_(-1, t, lacks)
    if share.amin().item() < torch.finfo(z.dtype).tiny:  # too small to have a logarithm
        logs = torch.log_softmax(z, -1).gather(-1, t)
    else:
        logs = share.log_()
    values = torch.where(lacks > -0.5, lacks.log1p(), logs).neg_()
    if smoothing:  # (p - y) + epsilon (y - 1/C)
        values.add_((z.gather(-1, t) - z).mean(-1, keepdim=True), alpha=smoothing)
        slope.sub_(smoothing / z.shape[-1])
        slope.scatter_add_(-1, t, slope.new_full(t.shape, smoothing))
    return values, slope


def of_shares(logits: Tensor, shares: Tensor, plain: Plain) -> Tensor:
    """One value a row, from a share for each class; by ``plain`` if a row is infinite."""
    z = logits if logits.dtype in WIDE else logits.to(accumulation_dtype(logits))
    logs = torch.log_softmax(z, -1)
    values = (logs * shares).sum(-1).neg()
    if _keep_digits(values):
        return values
    with torch.no_grad():
        values = _of_sure_rows(logits, shares, values)
    if not all_finite(values):
        return plain(logits)
    return attached_later(values, _slope_of_shares, [logs.detach(), shares], [logits], plain)


def _of_sure_rows(logits: Tensor, shares: Tensor, values: Tensor) -> Tensor:
    """The values, with those that are small computed from gaps to the largest logit."""
    few = values < _SURE
    z, q = logits[few].to(values.dtype), shares[few]
    largest, first = z.max(-1, keepdim=True)
    gaps = largest - z
    others = torch.exp(-gaps).scatter_(-1, first, 0.0).sum(-1)
    return values.masked_scatter(few, (gaps * q).sum(-1) + q.sum(-1) * torch.log1p(others))


def _slope_of_shares(
    outer: Tensor, inputs: Sequence[Tensor], kept: Sequence[Tensor]
) -> list[Tensor]:
    logs, shares = kept
    weighed = shares * -outer.unsqueeze(-1)
    slope = torch.ops.aten._log_softmax_backward_data(weighed, logs, -1, logs.dtype)
    return [slope.to(inputs[0].dtype)]


def _flat(logits: Tensor) -> Tensor:
    """The logits as rows in the dtype of the loss."""
    return logits.detach().reshape(-1, logits.shape[-1]).to(accumulation_dtype(logits))


def _blocks(z: Tensor) -> Iterator[slice]:
    step = max(_BLOCK // z.shape[-1], 1)
    return (slice(start, start + step) for start in range(0, len(z), step))


def _joined(parts: Sequence[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))
