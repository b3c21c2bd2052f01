"""Messages between grader and submission: JSON for structure, safetensors for numbers.

Reading a message executes nothing, whatever it holds.  A frame is two lengths and two bodies.
"""

import json
import struct
from collections.abc import Callable
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor

MOST_BYTES = 64 * 2**20
# What a parser makes of structure is many times its length; of numbers it is not.
_MOST_STRUCTURE = 8 * 2**20
_MOST_HEADER = 2**20
_LENGTHS = struct.Struct("<II")

Value = (
    None
    | bool
    | int
    | float
    | str
    | Tensor
    | list["Value"]
    | tuple["Value", ...]
    | dict[str, "Value"]
)


class WireError(ValueError):
    """A message that is not one."""


def pack(value: Value) -> bytes:
    """The frame of a value.

    Raises:
        WireError: If a part of the value is of another type, or the frame would be too long.
    """
    tensors: dict[str, Tensor] = {}
    try:
        body = json.dumps(_structure(value, tensors)).encode()
    except RecursionError as error:
        raise WireError("a value must not hold itself, but this one does.") from error
    numbers = save(tensors) if tensors else b""
    _must_be_short(len(body), len(numbers))
    return _LENGTHS.pack(len(body), len(numbers)) + body + numbers


def receive(read: Callable[[int], bytes]) -> Value:
    """Read one frame.

    Args:
        read: Returns exactly so many bytes, or raises.

    Raises:
        WireError: If what comes is no frame.
    """
    body_length, numbers_length = _LENGTHS.unpack(read(_LENGTHS.size))
    _must_be_short(body_length, numbers_length)
    body, numbers = read(body_length), read(numbers_length)
    try:
        return _value(json.loads(body), _tensors(numbers))
    except Exception as error:  # whatever a hostile frame provokes in a parser
        raise WireError(
            f"a message must be JSON and safetensors, but this one is not: {error!r:.80}"
        ) from error


def _must_be_short(structure: int, numbers: int) -> None:
    if structure > _MOST_STRUCTURE or structure + numbers > MOST_BYTES:
        raise WireError(f"a message must be at most {MOST_BYTES} bytes, but this one is longer.")


def _tensors(numbers: bytes) -> dict[str, Tensor]:
    if numbers and int.from_bytes(numbers[:8], "little") > _MOST_HEADER:
        raise WireError("a message must hold few tensors, but this one holds too many.")
    return load(numbers) if numbers else {}


def _structure(value: Any, tensors: dict[str, Tensor]) -> Any:
    """The value as JSON, its tensors put aside under a number."""
    if value is None or type(value) in (bool, int, str):
        return value
    if isinstance(value, float):
        return {"float": float.hex(float(value))}
    if isinstance(value, Tensor):
        name = str(len(tensors))
        tensors[name] = _numbers_alone(value)
        return {"tensor": name}
    if isinstance(value, list | tuple):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [_structure(part, tensors) for part in value]}
    if isinstance(value, dict) and all(type(key) is str for key in value):
        return {"dict": {key: _structure(part, tensors) for key, part in value.items()}}
    raise WireError(
        "a value must be numbers, text, tensors or lists of them, "
        f"but this is a {type(value).__name__}."
    )


def _numbers_alone(value: Tensor) -> Tensor:
    """A copy of a tensor: no subclass, no shared or strided storage, no graph."""
    with torch._C.DisableTorchFunctionSubclass(), torch.no_grad():
        # Before the copy, whose memory there may not be: few numbers can pose as many.
        _must_be_short(0, value.numel() * value.element_size())
        return torch.empty(value.shape, dtype=value.dtype).copy_(value)


def _value(structure: Any, tensors: dict[str, Tensor]) -> Value:
    if isinstance(structure, str):
        return _clean(structure)
    if not isinstance(structure, dict):
        if isinstance(structure, list | float):
            raise WireError("lists and floats must be tagged.")
        plain: Value = structure
        return plain
    ((kind, content),) = structure.items()
    if kind == "float":
        return float.fromhex(content)
    if kind == "tensor":
        return tensors[content]
    if kind == "dict":
        return {_clean(key): _value(part, tensors) for key, part in content.items()}
    parts = [_value(part, tensors) for part in content]
    kinds: dict[str, Value] = {"list": parts, "tuple": tuple(parts)}
    return kinds[kind]


def _clean(text: str) -> str:
    """A text that files and databases take: no zero byte, no half of a surrogate pair."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
