"""Values and slopes that a better algorithm has found, made part of autograd's graph.

A fast path computes the values and their first derivatives together, without a graph.  `attached`
hands both to autograd.  Where a further derivative is asked for, it is taken of the plain formula,
so it is right and costs what the plain formula costs.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

Plain = Callable[..., Tensor]
Derive = Callable[[Tensor, Sequence[Tensor], Sequence[Tensor]], Sequence[Tensor]]


def fast_path_applies(*options: object) -> bool:
    """Whether a graph-free algorithm may run: eagerly, in reverse mode, with plain numbers.

    Inside ``torch.func``, ``torch.compile``, tracers and forward-mode differentiation the plain
    formula is used, which every transform understands.

    Args:
        *options: What the algorithm takes for constants.  A tensor may want a gradient, which the
            plain formula has.
    """
    if torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active():
        return False
    if forward_ad._current_level >= 0 or torch._C._len_torch_dispatch_stack():
        return False
    return not any(isinstance(option, Tensor) for option in options)


def slopes_pay(leaf: Tensor) -> bool:
    """Whether slopes that are found with the values will be used: a gradient is wanted."""
    return leaf.requires_grad and torch.is_grad_enabled() and fast_path_applies()


def is_batch_of_gradients(outer: Tensor) -> bool:
    """Whether several gradients are asked for at once (``is_grads_batched``)."""
    return torch._C._functorch.is_legacy_batchedtensor(outer)


def through(plain: Plain, inputs: Sequence[Tensor], outer: Sequence[Tensor]) -> list[Tensor | None]:
    """The gradients of the plain formula, which can be differentiated once more if wanted."""
    again = torch.is_grad_enabled()
    with torch.enable_grad():
        # Views: where one input is made of another, each slope stays its own.
        parts = [part.view_as(part) for part in inputs]
        wanted = [part for part in parts if part.requires_grad]
        found = iter(torch.autograd.grad(plain(*parts), wanted, outer, create_graph=again))
    return [next(found) if part.requires_grad else None for part in parts]


def is_compiled() -> bool:
    """Whether this is being compiled, and not inside ``torch.func``, which wants the formula."""
    return torch.compiler.is_compiling() and not torch._C._are_functorch_transforms_active()


def attached(
    values: Tensor,
    slopes: Sequence[Tensor],
    inputs: Sequence[Tensor],
    plain: Plain,
    watched: Sequence[Tensor] = (),
) -> Tensor:
    """Return ``values`` with ``slopes`` as their derivatives in ``inputs``.

    Args:
        values: One value a group, shape ``(...)``, or a scalar.
        slopes: For each input, the derivative of every value in its own part of that input: its
            shape starts with that of ``values``.
        inputs: The tensors that may require a gradient.
        plain: The values as a formula of the inputs, for further derivatives.
        watched: What that formula reads besides; autograd refuses to go on if it was overwritten.
    """
    return attached_later(values, _scaled, [*slopes, *watched], inputs, plain)


def attached_later(
    values: Tensor, derive: Derive, kept: Sequence[Tensor], inputs: Sequence[Tensor], plain: Plain
) -> Tensor:
    """Like `attached`, where slopes are dear to keep and cheap to find from what is ``kept``.

    Args:
        values: One value a group.
        derive: From the gradient of the values, the inputs and what was kept, the gradients of the
            inputs.
        kept: Tensors for ``derive``; whatever it or ``plain`` reads belongs here, so that autograd
            notices if it was overwritten.
        inputs: The tensors that may require a gradient.
        plain: The values as a formula of the inputs, for further derivatives.
    """
    result: Tensor = _Attached.apply(values, plain, derive, len(inputs), *inputs, *kept)  # type: ignore[no-untyped-call]
    return result


def scaled(slope: Tensor, outer: Tensor) -> Tensor:
    """Their product, in the memory of the slope where autograd will not ask for it again.

    The slope is a tensor that a fast path has made and kept for itself alone.
    """
    again = torch._C._autograd._get_current_graph_task_keep_graph()
    return slope * outer if again or outer.dtype is not slope.dtype else slope.mul_(outer)


def _scaled(outer: Tensor, inputs: Sequence[Tensor], kept: Sequence[Tensor]) -> list[Tensor]:
    slopes = kept[: len(inputs)]
    return [
        outer.reshape(outer.shape + (1,) * (slope.ndim - outer.ndim)) * slope for slope in slopes
    ]


class _Attached(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, values: Tensor, plain: Plain, derive: Derive, many: int, *tensors: Tensor
    ) -> Tensor:
        ctx.save_for_backward(*tensors)
        ctx.plain, ctx.derive, ctx.many = plain, derive, many
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
        saved = ctx.saved_tensors  # once: a checkpoint hands them out no second time
        inputs, kept = saved[: ctx.many], saved[ctx.many :]
        if torch.is_grad_enabled() or is_batch_of_gradients(outer[0]):
            found = through(ctx.plain, inputs, outer)
        else:
            found = ctx.derive(outer[0], inputs, kept)
        return (None,) * 4 + tuple(found) + (None,) * len(kept)
