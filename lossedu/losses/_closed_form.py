"""Values and slopes that a better algorithm has found, made part of autograd's graph.

A fast path computes the values and their first derivatives together, without a graph.  `attached`
hands both to autograd.  Where a further derivative is asked for, it is taken of the plain formula,
so it is right and costs what the plain formula costs.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

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
        plain: The values as a formula of the inputs, for further derivatives.
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
        half = len(ctx.saved_tensors) // 2
        inputs, slopes = ctx.saved_tensors[:half], ctx.saved_tensors[half:]
        nothing = (None for _ in slopes)
        if torch.is_grad_enabled():  # somebody will differentiate this once more
            found = torch.autograd.grad(ctx.plain(*inputs), inputs, outer, create_graph=True)
            return None, None, *found, *nothing
        return None, None, *(_along(outer[0], slope) * slope for slope in slopes), *nothing


def _along(outer: Tensor, slope: Tensor) -> Tensor:
    return outer.reshape(outer.shape + (1,) * (slope.ndim - outer.ndim))
