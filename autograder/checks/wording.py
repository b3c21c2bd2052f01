"""What a student reads where a call went wrong.

Whatever a submission says about a secret input might hold that input, so its own words are shown
only where the input is public.
"""

import builtins

import torch
from torch import Tensor

from autograder.checks.check import Finding
from autograder.checks.comparison import as_tensor
from autograder.checks.recognition import Exchange
from autograder.sandbox.session import Call, Reply
from autograder.sandbox.wire import Value

_UNSEEN = "on an input that you do not see"


def trouble(one: Exchange) -> Finding | None:
    """What is wrong with a reply before its numbers are looked at; None if nothing is."""
    call, reply = one.call, one.reply
    name, where = call.function, _where(one)
    if reply.status == "missing":
        return Finding("missing", 0.0, f"There is no function {name} in the notebook.")
    if reply.status == "timeout":
        return Finding("timeout", 0.0, f"{name} did not finish in time {where}.")
    if reply.status == "spent":
        return Finding("timeout", 0.0, f"{name} was not asked: {reply.error}.")
    if reply.status == "crashed":
        said = f"The notebook's process ended before {name} gave an answer {where}."
        return Finding("error", 0.0, said)
    if reply.status == "error":
        return _raised(one)
    if reply.status == "unreadable" or as_tensor_shape(reply.value) is None:
        return Finding("failed", 0.0, f"{name} must return a tensor, but returns {_kind(reply)}.")
    return _misshapen(one)


def as_tensor_shape(value: Value) -> tuple[int, ...] | None:
    """The shape of a returned number or tensor; None if it is neither."""
    found = as_tensor(value)
    return None if found is None else tuple(found.shape)


def shown(call: Call) -> str:
    """A call as the student would write it."""
    parts = [_shown(part) for part in call.arguments]
    parts += [f"{name}={_shown(part)}" for name, part in call.keywords.items()]
    return f"{call.function}({', '.join(parts)})"


def not_finite(value: Value) -> bool:
    """Whether a value holds an infinity or a NaN."""
    found = as_tensor(value)
    return found is not None and not bool(found.isfinite().all())


def _raised(one: Exchange) -> Finding:
    name, error = one.call.function, one.reply.error
    kind = error.partition(":")[0]
    if kind == "NotImplementedError":
        return Finding("missing", 0.0, f"{name} is not solved yet.")
    if one.public:
        return Finding("error", 0.0, f"{shown(one.call)} raises {error}.".replace("..", "."))
    known = isinstance(getattr(builtins, kind, None), type)
    said = f"{name} raises {kind if known else 'an error'} {_UNSEEN}; other shapes and settings are"
    return Finding("error", 0.0, f"{said} tried than the ones in the notebook.")


def _misshapen(one: Exchange) -> Finding | None:
    got, due = as_tensor_shape(one.reply.value), as_tensor_shape(one.right.value)
    if got == due:
        return None
    if not one.public:
        # What shape came back is the submission's choice, and could tell the input.
        return Finding("failed", 0.0, f"{one.call.function} returns a wrong shape {_UNSEEN}.")
    said = f"{one.call.function} must return shape {due}, but returns shape {got} {_where(one)}."
    if due and got == ():
        said += " The task asks for one value an example, neither summed nor averaged."
    return Finding("failed", 0.0, said)


def _where(one: Exchange) -> str:
    return f"for {shown(one.call)}" if one.public else _UNSEEN


def _kind(reply: Reply) -> str:
    if reply.status == "unreadable":
        return "something else"
    if reply.kind == "NoneType":
        return "nothing (is a return missing?)"
    known = reply.kind in ("list", "tuple", "dict", "str", "bool", "int", "float", "Tensor")
    return f"a {reply.kind}" if known else "something else"


def _shown(value: Value) -> str:
    if isinstance(value, Tensor):
        numbers = value.detach().tolist()
        default = torch.float32 if value.is_floating_point() else torch.int64
        dtype = "" if value.dtype == default else f", dtype={value.dtype}"
        return f"torch.tensor({_rounded(numbers)}{dtype})"
    return repr(value)


def _rounded(numbers: object) -> str:
    if isinstance(numbers, list):
        return f"[{', '.join(_rounded(part) for part in numbers)}]"
    return f"{numbers:.6g}" if isinstance(numbers, float) and numbers % 1 else repr(numbers)
