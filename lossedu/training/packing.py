"""Nested state as tensors and JSON, so that reading it back can run no code.

Pickle runs what a file tells it to.  Here tensors go to safetensors, the structure around them to
JSON, and whatever is neither a tensor nor plain data is refused when it is written.
"""

from typing import Any

import torch
from torch import Tensor

Tensors = dict[str, Tensor]


def pack(state: Any, name: str = "state") -> tuple[Any, Tensors]:
    """Split state into what JSON holds, and tensors by name.

    Tensors that share memory are written once if they are the same, and copied apart if not.

    Raises:
        TypeError: If something in it is no plain data.

    Example:
        >>> plain, tensors = pack({"weight": torch.ones(2), "rate": 0.1})
        >>> plain
        {'weight': {'$tensor': 'state.weight'}, 'rate': 0.1}
    """
    tensors: Tensors = {}
    seen: dict[tuple[Any, ...], str] = {}
    storages: set[int] = set()

    def visit(value: Any, path: str) -> Any:
        if isinstance(value, Tensor):
            return {"$tensor": keep(value.detach(), path)}
        if isinstance(value, dict):
            if all(isinstance(k, str) and not k.startswith("$") for k in value):
                return {k: visit(v, f"{path}.{k}") for k, v in value.items()}
            return {"$items": [[k, visit(v, f"{path}.{k}")] for k, v in value.items()]}
        if isinstance(value, tuple):
            return {"$tuple": [visit(v, f"{path}.{k}") for k, v in enumerate(value)]}
        if isinstance(value, list):
            return [visit(v, f"{path}.{k}") for k, v in enumerate(value)]
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        raise TypeError(f"{path} must be a tensor or plain data, but is {type(value).__name__}.")

    def keep(tensor: Tensor, path: str) -> str:
        storage = tensor.untyped_storage().data_ptr()
        view = (storage, tensor.storage_offset(), tensor.shape, tensor.stride(), tensor.dtype)
        if tensor.numel() and view in seen:
            return seen[view]
        shared = storage in storages
        tensors[path] = tensor.clone().contiguous() if shared else tensor.contiguous()
        storages.add(storage)
        seen[view] = path
        return path

    return visit(state, name), tensors


def unpack(plain: Any, tensors: Tensors) -> Any:
    """Put together what `pack` has split."""
    if isinstance(plain, list):
        return [unpack(value, tensors) for value in plain]
    if not isinstance(plain, dict):
        return plain
    match plain:
        case {"$tensor": str(path)}:
            return tensors[path]
        case {"$tuple": list(values)}:
            return tuple(unpack(value, tensors) for value in values)
        case {"$items": list(items)}:
            return {key: unpack(value, tensors) for key, value in items}
    return {key: unpack(value, tensors) for key, value in plain.items()}


def bytes_of(tensors: Tensors) -> int:
    """How much room tensors take."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())


def to_cpu(tensors: Tensors) -> Tensors:
    """The tensors where a file can take them from."""
    return {name: tensor.to(torch.device("cpu")) for name, tensor in tensors.items()}
