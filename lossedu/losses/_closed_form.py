"""Values and slopes that a better algorithm has found, made part of autograd's graph.

A fast path computes the values and their first derivatives together, without a graph.  `attached`
hands both to autograd.  Where a second derivative is asked for, it is taken of the plain formula,
so it is right and costs what the plain formula costs; a third one is refused by autograd.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

Plain = Callable[..., Tensor]


def fast_path_applies() -> bool:
    """Whether a graph-free algorithm may run: eagerly, outside ``torch.func``.

    Inside ``torch.func`` and ``torch.compile`` the plain formula is used, which every transform
    understands.
    """
    return not (torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active())


def attached(
    values: Tensor, slopes: Sequence[Tensor], inputs: Sequence[Tensor], plain: Plain
) -> Tensor:
    """Return ``values`` with ``slopes`` as their derivatives in ``inputs``.

    Args:
        values: One value a group, shape ``(...)``, or a scalar.
        slopes: For each input, the derivative of every value in its own part of that input: its
            shape starts with that of ``values``.
        inputs: The tensors that may require a gradient.
        plain: The values as a formula of the inputs, for second derivatives.
    """
    attached_values: Tensor = _Attached.apply(values, plain, *inputs, *slopes)  # type: ignore[no-untyped-call]
    return attached_values


class _Attached(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, plain: Plain, *inputs_and_slopes: Tensor) -> Tensor:
        ctx.save_for_backward(*inputs_and_slopes)
        ctx.plain = plain
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
        saved = ctx.saved_tensors
        half = len(saved) // 2
        slopes = saved[half:]
        if torch.is_grad_enabled():
            slopes = _Slopes.apply(ctx.plain, *saved)
        found = (_along(outer[0], slope) * slope for slope in slopes)
        return None, None, *found, *(None for _ in range(half))


class _Slopes(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, plain: Plain, *inputs_and_slopes: Tensor) -> tuple[Tensor, ...]:
        half = len(inputs_and_slopes) // 2
        ctx.save_for_backward(*inputs_and_slopes[:half])
        ctx.plain = plain
        return tuple(slope.view_as(slope) for slope in inputs_and_slopes[half:])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
        with torch.enable_grad():
            leaves = [tensor.detach().requires_grad_() for tensor in ctx.saved_tensors]
            slopes = torch.autograd.grad(ctx.plain(*leaves).sum(), leaves, create_graph=True)
            bends = torch.autograd.grad(slopes, leaves, outer, allow_unused=True)
        return None, *bends, *(None for _ in leaves)


def _along(outer: Tensor, slope: Tensor) -> Tensor:
    return outer.reshape(outer.shape + (1,) * (slope.ndim - outer.ndim))
