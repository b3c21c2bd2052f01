"""Answers one call: finds the function, passes copies, differentiates, notes what was changed."""

from collections.abc import MutableMapping
from typing import Any

import torch
from torch import Tensor

from autograder.sandbox.session import Call, Reply
from autograder.sandbox.turning import turned
from autograder.sandbox.wire import Value

LONGEST_LINE = 300


def answer(call: Call, namespace: MutableMapping[str, Any]) -> Reply:
    """Call a function of a namespace.

    Raises:
        Whatever asks the whole process to stop, such as a keyboard interrupt.
    """
    function = namespace.get(call.function)
    if not callable(function):
        return Reply("missing")
    arguments, keywords = _copied(call.arguments), _copied(call.keywords)
    leaf = None if call.gradient_of is None else arguments[call.gradient_of].requires_grad_()
    try:
        with turned(namespace, call.turned):
            value = function(*arguments, **keywords)
        gradient = None if leaf is None else _gradient(value, leaf, call.gradient_weights)
    except Exception as error:
        return Reply("error", error=one_line(error))
    kind = type(value).__name__
    try:
        changed = not _equal((arguments, keywords), (call.arguments, call.keywords))
        return Reply("ok", _plain(value), kind, gradient, changed=changed)
    except Exception:  # a value that does not stand being looked at
        return Reply("unreadable", kind=kind)


def one_line(error: BaseException) -> str:
    """An error as one line of bounded length, even if its text or its kind is another error."""
    kind = vars(type)["__name__"].__get__(type(error))  # its class may have a class of its own
    try:
        text = str(error)
        # Of text itself: a kind of text that the submission made may do anything when it is asked.
        first = next(iter(str.splitlines(str.strip(text))), "")
    except BaseException:  # a text that raises, be it an exit
        first = ""
    return f"{kind}: {first}"[:LONGEST_LINE].removesuffix(": ")


def _gradient(value: Any, leaf: Tensor, weights: Tensor | None) -> Tensor | None:
    if not (isinstance(value, Tensor) and value.requires_grad):
        return None
    total = value.sum() if weights is None else (value * weights.to(value)).sum()
    return torch.autograd.grad(total, leaf, allow_unused=True)[0]


def _copied(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.clone()
    if isinstance(value, list | tuple):
        return type(value)(_copied(part) for part in value)
    if isinstance(value, dict):
        return {key: _copied(part) for key, part in value.items()}
    return value


def _equal(these: Any, those: Any) -> bool:
    if isinstance(these, Tensor):
        same_kind = isinstance(those, Tensor) and (these.shape, these.dtype) == (
            those.shape,
            those.dtype,
        )
        return same_kind and torch.equal(these.detach().nan_to_num(), those.detach().nan_to_num())
    if isinstance(these, list | tuple):
        return len(these) == len(those) and all(map(_equal, these, those))
    if isinstance(these, dict):
        return these.keys() == those.keys() and all(_equal(these[key], those[key]) for key in these)
    return bool(these == those)


def _plain(value: Any) -> Value:
    """What numpy made, as tensors; tensors without their graph; all else as it is."""
    if isinstance(value, Tensor):
        return value.detach()
    if type(value).__module__ == "numpy":
        return torch.as_tensor(value)
    if isinstance(value, list | tuple):
        parts = [_plain(part) for part in value]
        return parts if isinstance(value, list) else tuple(parts)
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    plain: Value = value
    return plain
