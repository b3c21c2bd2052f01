"""Binary focal loss and its slope in one pass.

The plain formula makes a dozen arrays of the size of the batch and reads each from memory.  Eagerly
on a processor, a block of them that stays in the cache is made, used and overwritten here, and two
arrays leave: values and slopes.  Compiled, the closed form becomes one kernel, where autograd would
compute every exponential of the plain formula once more.

For a target of 0 let u be the logit, for a target of 1 its negative: how wrong the sign is.  Then
p = sigma(u) is what the truth lacks, the loss is p^gamma softplus(u), and its slope in u is
p^gamma (p + gamma (1 - p) softplus(u)), a sum of positive terms.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from lossedu.losses._fast.closed_form import attached, fast_path_applies

_BLOCK = 2**17


def pays(logits: Tensor, targets: Tensor) -> bool:
    """Whether blocks are worth it: eagerly, on the CPU, for more than one of them."""
    on_cpu = logits.device.type == "cpu" and targets.device.type == "cpu"
    return on_cpu and logits.numel() > _BLOCK and fast_path_applies()


def focal_in_blocks(
    logits: Tensor,
    targets: Tensor,
    gamma: float,
    alpha: float | None,
    plain: Callable[[Tensor], Tensor],
) -> Tensor | None:
    """One value an entry, with its closed-form slope; None if some target is neither 0 nor 1."""
    flat, truth = logits.detach().reshape(-1), targets.detach().reshape(-1)
    values, slopes = torch.empty_like(flat), torch.empty_like(flat)
    scratch = [flat.new_empty(_BLOCK) for _ in range(3)]
    for start in range(0, flat.numel(), _BLOCK):
        z, y, value, slope = (t[start : start + _BLOCK] for t in (flat, truth, values, slopes))
        first, second, third = (t[: z.numel()] for t in scratch)
        if not torch.equal(torch.mul(y, y, out=first), y):
            return None
        sign = torch.mul(y, -2, out=first).add_(1)
        _block(z, sign, gamma, value, slope, second, third)
        if alpha is not None:
            share = torch.mul(y, 2 * alpha - 1, out=second).add_(1 - alpha)
            value.mul_(share)
            slope.mul_(share)
    shape = logits.shape
    return attached(values.reshape(shape), [slopes.reshape(shape)], [logits], plain, [targets])


def _block(
    z: Tensor, sign: Tensor, gamma: float, value: Tensor, slope: Tensor, p: Tensor, spare: Tensor
) -> None:
    """Fill ``value`` and ``slope``; every other tensor but ``z`` and ``sign`` is overwritten."""
    u = torch.mul(sign, z, out=p)
    torch.abs(u, out=slope).neg_().exp_().log1p_()
    torch.clamp(u, min=0, out=value).add_(slope)  # softplus(u)
    u.sigmoid_()
    factor = torch.pow(p, gamma, out=spare)
    torch.sub(1, p, out=slope).mul_(value).mul_(gamma).add_(p).mul_(factor).mul_(sign)
    value.mul_(factor)


def focal_fused(logits: Tensor, targets: Tensor, gamma: float, alpha: float | None) -> Tensor:
    """One value an entry, with its closed-form slope, for the compiler to fuse."""
    values: Tensor = _Fused.apply(logits, targets, gamma, alpha)  # type: ignore[no-untyped-call]
    return values


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, logits: Tensor, targets: Tensor, gamma: float, alpha: float | None
    ) -> Tensor:
        up = logits >= 0
        small = torch.exp(-logits.abs())
        rest, near = torch.log1p(small), 1 / (1 + small)
        far = small * near
        if_one = torch.where(up, 0.0, -logits) + rest
        if_zero = torch.where(up, logits, 0.0) + rest
        one, zero = torch.where(up, near, far), torch.where(up, far, near)
        weight_one, weight_zero = torch.exp(-gamma * if_zero), torch.exp(-gamma * if_one)
        if alpha is not None:
            weight_one, weight_zero = alpha * weight_one, (1 - alpha) * weight_zero
        slope_one = -weight_one * (zero + gamma * one * if_one)
        slope_zero = weight_zero * (one + gamma * zero * if_zero)
        ctx.save_for_backward(torch.lerp(slope_zero, slope_one, targets))
        return torch.lerp(weight_zero * if_zero, weight_one * if_one, targets)

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
        return outer[0] * ctx.saved_tensors[0], None, None, None
