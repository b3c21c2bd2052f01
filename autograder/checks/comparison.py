"""Is what came back what is right?  Tolerances follow the precision of what was sent."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from autograder.sandbox.answers import answer
from autograder.sandbox.session import Call, Reply
from autograder.sandbox.wire import Value

# Relative and absolute.  Wide enough for any sensible order of operations (1 - p at logit 6 keeps
# four digits in float32, and single precision inside is fine for doubles), and far below what the
# smallest known mistake changes.
_TOLERANCES = {
    torch.float64: (1e-5, 1e-7),
    torch.float32: (1e-3, 1e-5),
    torch.float16: (2e-2, 4e-3),
    torch.bfloat16: (6e-2, 2e-2),
}


def truth(call: Call, reference: Callable[..., Any]) -> Reply:
    """What the reference answers, computed in double precision."""
    exact = replace(
        call,
        arguments=tuple(map(_doubled, call.arguments)),
        keywords={name: _doubled(value) for name, value in call.keywords.items()},
    )
    reply = answer(exact, {call.function: reference})
    if reply.status != "ok":
        raise ValueError(f"reference must answer {call.function}, but says {reply.error}.")
    return reply


def tolerance(call: Call) -> tuple[float, float]:
    """Relative and absolute tolerance: of the coarsest precision among a call's tensors."""
    parts = (*call.arguments, *call.keywords.values())
    dtypes = [part.dtype for part in parts if isinstance(part, Tensor)]
    known = [_TOLERANCES[dtype] for dtype in dtypes if dtype in _TOLERANCES]
    return max(known, default=_TOLERANCES[torch.float32])


def same(call: Call, this: Reply, that: Reply) -> bool:
    """Whether two replies to one call say the same, within the call's tolerance."""
    if this.status != "ok" or that.status != "ok":
        return this.status == that.status and _kind_of(this.error) == _kind_of(that.error)
    return same_value(call, this, that) and same_gradient(call, this, that)


def same_value(call: Call, this: Reply, that: Reply) -> bool:
    """Whether two replies that are ok hold the same value, shape included."""
    return _close(this.value, that.value, tolerance(call))


def same_gradient(call: Call, this: Reply, that: Reply) -> bool:
    """Whether two replies that are ok hold the same gradient; none is as good as zero."""
    if call.gradient_of is None:
        return True
    argument = call.arguments[call.gradient_of]
    assert isinstance(argument, Tensor)
    nothing = torch.zeros(argument.shape, dtype=torch.float64)
    mine, yours = (nothing if one.gradient is None else one.gradient for one in (this, that))
    return _close(mine, yours, tolerance(call))


def as_tensor(value: Value) -> Tensor | None:
    """A returned value as a tensor of doubles; None if it is no number."""
    if isinstance(value, Tensor) and not value.is_complex():
        try:
            return value.detach().to(torch.float64)
        except (RuntimeError, NotImplementedError):  # of a kind with which nobody computes
            return None
    if isinstance(value, int | float):
        try:
            return torch.tensor(float(value), dtype=torch.float64)
        except OverflowError:  # a whole number beyond all floats
            return torch.tensor(math.inf if value > 0 else -math.inf, dtype=torch.float64)
    return None


def _close(this: Value, that: Value, allowed: tuple[float, float]) -> bool:
    if isinstance(this, list | tuple) and isinstance(that, list | tuple):
        return len(this) == len(that) and all(
            _close(one, other, allowed) for one, other in zip(this, that, strict=True)
        )
    left, right = as_tensor(this), as_tensor(that)
    if left is None or right is None or left.shape != right.shape:
        return False
    relative, absolute = allowed
    return torch.allclose(left, right, rtol=relative, atol=absolute, equal_nan=True)


def _doubled(value: Value) -> Value:
    if isinstance(value, Tensor):
        return value.double() if value.is_floating_point() else value
    if isinstance(value, list | tuple):
        return type(value)(map(_doubled, value))
    return value


def _kind_of(error: str) -> str:
    return error.partition(":")[0]
