"""What arguments must be, and the words in which a loss says so.

Every message reads ``<argument> must <rule>, but <what was given>.``  Shapes, kinds and plain
numbers are checked always.  The values inside a tensor are checked where looking costs nothing
worth mentioning: eagerly, on the CPU.  On an accelerator a look would wait for the device, and
inside ``torch.compile`` or ``torch.func.vmap`` there is no value to look at.
"""

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import NoReturn

import torch
from torch import Tensor

from lossedu.names import unknown_name

_MANY = 2**13  # entries, from which on a pass over them is worth a look at the first
_ORDINARY = (Tensor, torch.nn.Parameter)

Number = float | Tensor
"""A plain number, or a tensor of one entry, which may learn."""


def _check_is_tensor(name: str, value: object) -> None:
    if not isinstance(value, Tensor):
        can_be_one = isinstance(value, Sequence | Real) and not isinstance(value, str)
        hint = f" Hint: pass torch.as_tensor({name})."
        said = hint if can_be_one or hasattr(value, "__array__") else ""
        raise TypeError(f"{name} must be a tensor, but is {type(value).__name__}.{said}")


def check_floating(name: str, tensor: Tensor) -> None:
    """Refuse anything but a real floating-point tensor."""
    _check_is_tensor(name, tensor)
    if not tensor.is_floating_point():
        raise TypeError(
            f"{name} must be a floating-point tensor, but has dtype {tensor.dtype}. "
            f"Hint: call {name}.float() if the values are right."
        )


def check_real(name: str, tensor: Tensor) -> None:
    """Refuse what is no tensor, and complex numbers, of which a cast would keep the real part."""
    _check_is_tensor(name, tensor)
    if tensor.is_complex():
        raise TypeError(f"{name} must be real, but has dtype {tensor.dtype}.")


def check_same_shape(name: str, tensor: Tensor, other_name: str, other: Tensor) -> None:
    """Refuse two tensors that would only fit by broadcasting."""
    check_real(name, tensor)
    if tensor.shape != other.shape:
        raise ValueError(
            f"{other_name} and {name} must have the same shape, but {other_name} has shape "
            f"{tuple(other.shape)}, {name} has shape {tuple(tensor.shape)}."
        )


def check_shape(
    name: str, tensor: Tensor, shape: Sequence[int], meaning: str, hint: str = ""
) -> None:
    """Refuse a tensor whose shape is not the one that ``meaning`` describes."""
    check_real(name, tensor)
    if tuple(tensor.shape) != tuple(shape):
        raise ValueError(
            f"{name} must have the shape {tuple(shape)} of {meaning}, "
            f"but has shape {tuple(tensor.shape)}.{hint}"
        )


def check_number(name: str, value: Number, *, low: float, high: float = math.inf) -> None:
    """Refuse what is no number, a number outside ``[low, high]``, or NaN."""
    if not _can_compare(name, value):
        return
    if value == math.inf:
        raise ValueError(f"{name} must be finite, but is {value}.")
    if not low <= value <= high:
        rule = f"be at least {low:g}" if high == math.inf else f"lie in [{low:g}, {high:g}]"
        raise ValueError(f"{name} must {rule}, but is {value}.")


def _can_compare(name: str, value: object) -> bool:
    """Refuse what is no number; say whether it can be looked at now.

    A tensor of one entry is a number too; a bool is an answer, and text only looks like one.
    """
    if isinstance(value, Tensor):
        if value.numel() != 1:
            raise TypeError(
                f"{name} must be a number, but is a tensor of shape {tuple(value.shape)}."
            )
        return can_look(value)
    if isinstance(value, bool) or not isinstance(value, Real):
        kind = f"the {type(value).__name__} {value!r}"
        raise TypeError(f"{name} must be a number, but is {kind}.")
    return True


def is_known_as(value: Number, number: float) -> bool:
    """Whether an option is this number, for good: what a tensor holds may change, or be unseen."""
    return not isinstance(value, Tensor) and value == number


def check_positive(name: str, value: Number) -> None:
    """Refuse what is no number, and a number that is not above 0 and finite."""
    if not _can_compare(name, value):
        return
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be above 0 and finite, but is {value}.")


def check_count(name: str, value: int) -> None:
    """Refuse a number that is not whole or not at least 1."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, but is {value}.")


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Refuse a word that is not among ``choices``."""
    if value not in choices:
        raise ValueError(unknown_name(name, value, choices))


def check_values(
    name: str, tensor: Tensor, *, low: float, high: float, rule: str
) -> tuple[float, float]:
    """Refuse a tensor with an entry outside ``[low, high]`` (see the module text for when).

    Returns:
        The smallest and the largest entry; the bounds where nobody looked.
    """
    if not can_look(tensor):
        return low, high
    smallest, largest = extremes(tensor.detach())
    if low <= smallest and largest <= high:
        return smallest, largest
    signs = bool((tensor.abs() == 1).all()) and smallest == -1.0 and (low, high) == (0.0, 1.0)
    hint = " Hint: targets look like -1 and +1; pass (targets + 1) / 2." if signs else ""
    _refuse(name, tensor, ~((tensor >= low) & (tensor <= high)), rule, hint)


def check_not_negative(name: str, tensor: Tensor) -> None:
    """Refuse a tensor with an entry below 0 or that is not finite (see the module text for when).

    Weights, costs and counts: infinity times a loss of 0 would be NaN.
    """
    most = torch.finfo(tensor.dtype if tensor.is_floating_point() else torch.float64).max
    check_values(name, tensor, low=0.0, high=most, rule="be at least 0 and finite")


def check_above_zero(name: str, tensor: Tensor) -> None:
    """Refuse a tensor with an entry that is not above 0 and finite (see the module text for when).

    Amounts whose logarithm is taken.
    """
    if can_look(tensor) and not ((tensor > 0) & (tensor < math.inf)).all():
        _refuse(name, tensor, ~((tensor > 0) & (tensor < math.inf)), "be above 0 and finite")


def check_signs(name: str, tensor: Tensor) -> None:
    """Refuse a tensor with an entry other than -1 and +1 (see the module text for when)."""
    if not can_look(tensor):
        return
    values = tensor.detach()
    if extremes(values * values) == (1, 1):
        return
    events = bool(((tensor == 0) | (tensor == 1)).all())
    hint = " Hint: targets look like 0 and 1; pass 2 * targets - 1." if events else ""
    _refuse(name, tensor, tensor.abs() != 1, "be -1 or +1", hint)


def check_events(name: str, tensor: Tensor) -> None:
    """Refuse a tensor with an entry other than 0 and 1 (see the module text for when)."""
    if can_look(tensor) and ((tensor != 0) & (tensor != 1)).any():
        _refuse(name, tensor, (tensor != 0) & (tensor != 1), "be 0 or 1")


def check_no_nan(name: str, tensor: Tensor) -> None:
    """Refuse a tensor with NaN in it: for what sorts, counts or chooses, and has no NaN to return.

    See the module text for when.
    """
    if can_look(tensor) and math.isnan(tensor.sum().item()) and tensor.isnan().any():
        _refuse(
            name,
            tensor,
            tensor.isnan(),
            "hold numbers",
            " Hint: leave it out, by a mask if there is one.",
        )


def are_events(tensor: Tensor) -> bool:
    """Whether all entries are seen to be 0 or 1; the dtype is a floating one."""
    if not can_look(tensor):
        return False
    values = tensor.detach()
    if values.numel() < _MANY:  # of infinity alone the square is the same as well
        return torch.equal(values, values * values) and values.sum().item() < math.inf
    if values[(0,) * values.ndim].item() not in {0.0, 1.0}:
        return False
    # y - y^2 is 0 for these alone.  Extremes are quick to find; comparisons entry by entry are not.
    return extremes(values.addcmul(values, values, value=-1)) == (0, 0)


def extremes(tensor: Tensor) -> tuple[float, float]:
    """The smallest and the largest entry; NaN if there is one."""
    smallest, largest = torch.aminmax(tensor)
    return smallest.item(), largest.item()


def can_look(tensor: Tensor) -> bool:
    """Whether the values of a tensor can be seen now, and cheaply."""
    if not tensor.is_cpu or torch.compiler.is_compiling() or tensor.numel() == 0:
        return False
    if type(tensor) in _ORDINARY and not _is_watched(tensor):
        return True
    try:
        first = tensor.detach().flatten()[0].item()
    except RuntimeError:  # inside vmap a tensor has no single value to look at
        return False
    return isinstance(first, int | float)  # and no symbol of what a tracer will see


def _is_watched(tensor: Tensor) -> bool:
    """Whether somebody may stand between a tensor and its values: a transform, a tracer."""
    if torch._C._are_functorch_transforms_active() or torch._C._len_torch_dispatch_stack():
        return True
    return torch._C._functorch.is_legacy_batchedtensor(tensor)


def all_finite(tensor: Tensor) -> bool:
    """Whether all entries are known to be finite: by their sum, so in one pass.

    False where the values cannot be seen, or overflow when summed: what then is done for entries
    that are not finite is right for others too.
    """
    if tensor.numel() == 0:
        return True
    return can_look(tensor) and math.isfinite(tensor.detach().sum().item())


def _refuse(name: str, tensor: Tensor, wrong: Tensor, rule: str, hint: str = "") -> NoReturn:
    """Name the first wrong entry, and say how many more there are."""
    index = int(wrong.flatten().nonzero()[0])
    more = int(wrong.sum()) - 1
    tail = f" (and {more} more)" if more else ""
    raise ValueError(
        f"{name} must {rule}, but contains {tensor.flatten()[index].item():g} "
        f"at index {index}{tail}.{hint}"
    )
