"""Cross-entropy over many classes in closed form: by blocks of rows, or for the compiler to fuse.

Autograd's way keeps two arrays of the size of the logits until the backward pass; here each row is
read once forward, leaving three numbers, and once backward, straight into the gradient.  A
logarithm of a probability near 1 is never formed: with m the largest logit, o the sum of e^(z_i -
m) over all classes but the true one t, and S that sum with it, the loss is (m - z_t) + log S and
its slope in z_t is -o / S.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from lossedu.arguments.reduction import accumulation_dtype, hide_masked
from lossedu.losses._fast.closed_form import attached_later, fast_path_applies

_BLOCK = 2**18


def pays(logits: Tensor) -> bool:
    """Whether blocks are worth it: eagerly, on the CPU, for more than a quarter of one."""
    on_cpu = logits.device.type == "cpu"
    return on_cpu and logits.numel() > _BLOCK // 4 and fast_path_applies()


def cross_entropy_in_blocks(
    logits: Tensor,
    targets: Tensor,
    mask: Tensor | None,
    smoothing: float,
    plain: Callable[[Tensor], Tensor],
) -> Tensor:
    """One value a row, shape ``(...)``, from class numbers; hidden rows may hold anything."""
    rows = _Rows(logits, targets, mask)
    stats = logits.new_empty(3, rows.count, dtype=accumulation_dtype(logits))
    values = torch.empty_like(stats[0])
    for part, z, t in rows.blocks():
        largest = z.amax(-1, keepdim=True)
        if largest.isposinf().any():  # less itself it is no number
            return plain(logits)
        gaps = largest - z
        away = gaps.gather(-1, t)
        mean_gap = gaps.mean(-1) if smoothing else 0.0
        others = gaps.neg_().exp_().scatter_(-1, t, 0.0).sum(-1)
        away = away.squeeze(-1)
        rest = torch.log1p(others + torch.expm1(-away))
        values[part] = (1 - smoothing) * away + smoothing * mean_gap + rest
        stats[:, part] = torch.stack([largest.squeeze(-1), others, others + torch.exp(-away)])

    def derive(outer: Tensor, inputs: Sequence[Tensor], kept: Sequence[Tensor]) -> Sequence[Tensor]:
        rows = _Rows(inputs[0], *kept[1:]) if mask is not None else _Rows(inputs[0], kept[1], None)
        return [_gradient(rows, outer.reshape(-1), kept[0], smoothing)]

    kept = [stats, targets] if mask is None else [stats, targets, mask]
    return attached_later(values.reshape(targets.shape), derive, kept, [logits], plain)


def cross_entropy_fused(
    logits: Tensor, targets: Tensor, mask: Tensor | None, smoothing: float
) -> Tensor:
    """The same, as two reductions and one pass back."""
    shown = torch.ones_like(targets, dtype=torch.bool) if mask is None else mask
    values: Tensor = _Fused.apply(logits, targets, shown, smoothing)  # type: ignore[no-untyped-call]
    return values


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, logits: Tensor, targets: Tensor, shown: Tensor, smoothing: float
    ) -> Tensor:
        z = hide_masked(logits, shown).to(accumulation_dtype(logits))
        t = targets.unsqueeze(-1)
        largest, first = z.max(-1, keepdim=True)
        gaps = _gaps(z, largest, first)
        away = gaps.gather(-1, t).squeeze(-1)
        others = torch.where(_true(z, t), 0.0, torch.exp(-gaps)).sum(-1)
        rest = torch.log1p(others + torch.expm1(-away))
        values = away + rest
        if smoothing:
            values = (1 - smoothing) * away + smoothing * gaps.mean(-1) + rest
        total = others + torch.exp(-away)
        ctx.save_for_backward(logits, targets, shown, largest, first, others, total)
        ctx.smoothing = smoothing
        return values

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
        logits, targets, shown, largest, first, others, total = ctx.saved_tensors
        z = hide_masked(logits, shown).to(largest.dtype)
        true = _true(z, targets.unsqueeze(-1))
        others, total = others.unsqueeze(-1), total.unsqueeze(-1)
        slope = torch.where(true, -others, torch.exp(-_gaps(z, largest, first))) / total
        if ctx.smoothing:  # (p - y) + epsilon (y - 1/C)
            slope = slope + ctx.smoothing * (true.to(z.dtype) - 1 / z.shape[-1])
        return (slope * outer[0].unsqueeze(-1)).to(logits.dtype), None, None, None


def _gaps(logits: Tensor, largest: Tensor, first: Tensor) -> Tensor:
    """The lead of the largest; to itself it is 0, and not what infinity less infinity is."""
    return torch.where(_true(logits, first), 0.0, largest - logits)


def _true(logits: Tensor, targets: Tensor) -> Tensor:
    return torch.arange(logits.shape[-1], device=logits.device) == targets


class _Rows:
    """Rows of logits with their class numbers, a block at a time, in the dtype of the loss."""

    def __init__(self, logits: Tensor, targets: Tensor, mask: Tensor | None) -> None:
        self.shape = logits.shape
        self.logits = logits.detach().reshape(-1, logits.shape[-1])
        self.targets = targets.reshape(-1, 1)
        self.mask = None if mask is None or bool(mask.all()) else mask.reshape(-1)
        self.count, self.classes = self.logits.shape

    def blocks(self) -> Iterator[tuple[slice, Tensor, Tensor]]:
        step = max(_BLOCK // self.classes, 1)
        for start in range(0, self.count, step):
            part = slice(start, start + step)
            block = self.logits[part]
            shown = hide_masked(block, None if self.mask is None else self.mask[part])
            yield part, shown.to(accumulation_dtype(block)), self.targets[part]


def _gradient(rows: _Rows, outer: Tensor, stats: Tensor, smoothing: float) -> Tensor:
    found = torch.empty_like(rows.logits)
    for part, z, t in rows.blocks():
        largest, others, total = stats[:, part].unsqueeze(-1)
        scale = outer[part].unsqueeze(-1)
        in_place = found[part] if found.dtype == z.dtype else torch.empty_like(z)
        slope = torch.sub(z, largest, out=in_place).exp_().mul_(scale / total)
        slope.scatter_(-1, t, -scale * others / total)
        if smoothing:  # (p - y) + epsilon (y - 1/C)
            slope.sub_(scale * (smoothing / rows.classes))
            slope.scatter_add_(-1, t, scale * smoothing)
        found[part] = slope
    return found.reshape(rows.shape)
