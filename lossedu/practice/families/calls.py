"""Calls of functions by name, from a closed list: what the library publishes, and a few aggregates.

Lists become tensors of float64; ``{classes: [0, 2]}`` is a tensor of class numbers, ``{text: sum}``
a word.  With ``gradient: logits`` the result is the derivative of the summed result with respect to
that argument.  ``take`` picks an entry, or an attribute, of the result.
"""

import importlib
import math
import statistics
from collections.abc import Callable, Mapping
from typing import Any

from lossedu.names import unknown_name
from lossedu.practice.families.expressions import Value, evaluated
from lossedu.practice.families.faults import FamilyError

PACKAGES = (
    "lossedu.losses",
    "lossedu.calibration",
    "lossedu.ranking_metrics",
    "lossedu.landscape",
    "lossedu.properties",
    "lossedu.practice.incidents",
)
"""The packages whose public functions can be called."""

AGGREGATES: Mapping[str, Callable[..., Any]] = {
    "sum": math.fsum,
    "mean": statistics.fmean,
    "median": statistics.median,
    "variance": statistics.pvariance,
    "largest": max,
    "smallest": min,
    "size": len,
    "sorted": lambda values: tuple(sorted(values)),
    "softmax": lambda values: _softmax(values),
}
"""What can be asked of a list, ``values``, without the library."""


def called(call: Mapping[str, Any], values: Mapping[str, Value]) -> Value:
    """The result of a call, as numbers and tuples of them.

    Raises:
        FamilyError: If the function is not public, or refuses its arguments.
    """
    name, arguments = call["call"], call.get("with", {})
    if name in AGGREGATES:
        if set(arguments) != {"values"}:
            raise FamilyError(f"{name} must get values alone, but gets {sorted(arguments)}.")
        plain = evaluated(arguments["values"], values)
        result = _refusals_explained(
            name, lambda values: AGGREGATES[name](values), {"values": plain}
        )
    else:
        function = public_function(name)
        tensors = {key: _argument(part, values) for key, part in arguments.items()}
        if "gradient" in call:
            result = _gradient(function, name, tensors, call["gradient"])
        else:
            result = _refusals_explained(name, function, tensors)
    for step in _steps(call.get("take", [])):
        result = getattr(result, step) if isinstance(step, str) else result[step]
    return _plain(result, name)


def public_function(name: str) -> Callable[..., Any]:
    """The public function with a dotted name.

    Raises:
        FamilyError: If no package publishes it.
    """
    package, _, own = name.rpartition(".")
    if package not in PACKAGES:
        known = [*PACKAGES, *AGGREGATES]
        raise FamilyError(unknown_name("call", name, known, rule="begin with, or be, one of"))
    module = importlib.import_module(package)
    public = getattr(module, "__all__", ()) or _defined(module)
    if own not in public or not callable(getattr(module, own)):
        raise FamilyError(unknown_name("call", own, public, listing=package))
    function: Callable[..., Any] = getattr(module, own)
    return function


def _defined(module: Any) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    ]


def _steps(take: Any) -> list[int | str]:
    return list(take) if isinstance(take, list) else [take]


def _argument(part: Any, values: Mapping[str, Value]) -> Any:
    import torch

    if isinstance(part, bool):
        return part
    if isinstance(part, Mapping) and set(part) == {"text"}:
        return part["text"]
    if isinstance(part, Mapping) and set(part) == {"classes"}:
        return torch.tensor(evaluated(part["classes"], values), dtype=torch.int64)
    value = evaluated(part, values)
    return torch.tensor(value, dtype=torch.float64) if isinstance(value, tuple) else value


def _refusals_explained(
    name: str, function: Callable[..., Any], arguments: Mapping[str, Any]
) -> Any:
    try:
        return function(**arguments)
    except (TypeError, ValueError, RuntimeError, ArithmeticError, IndexError) as error:
        raise FamilyError(f"{name} must accept its arguments, but: {error}") from error


def _gradient(function: Callable[..., Any], name: str, tensors: dict[str, Any], wanted: str) -> Any:
    import torch

    if not isinstance(tensors.get(wanted), torch.Tensor):
        raise FamilyError(f"gradient must name a list of numbers, but is {wanted!r} of {name}.")
    moved = tensors[wanted].requires_grad_()
    total = _refusals_explained(name, function, tensors).sum()
    (slope,) = torch.autograd.grad(total, moved)
    return slope


def _softmax(values: tuple[float, ...]) -> tuple[float, ...]:
    powers = [math.exp(value - max(values)) for value in values]
    return tuple(power / math.fsum(powers) for power in powers)


def _plain(result: Any, name: str) -> Value:
    if hasattr(result, "detach"):
        result = result.detach()
        result = result.item() if result.numel() == 1 else result.tolist()
    if isinstance(result, (list, tuple)):
        return tuple(_plain(part, name) for part in result)
    if isinstance(result, (bool, int, float)):
        if not math.isfinite(result):
            raise FamilyError(f"{name} must give finite numbers, but gives {result}.")
        return result
    raise FamilyError(f"{name} must give numbers, but gives {type(result).__name__}. Hint: take.")
