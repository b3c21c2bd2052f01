"""Results as plain data and back: what JSON holds as JSON, arrays beside it by their paths.

The types that a dataclass declares say how to read it: no file names a class to be made.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Arrays = dict[str, NDArray[Any]]


def as_plain(value: Any, *, tensors: bool) -> Any:
    """Dictionaries, lists, strings and finite numbers; a number that is not finite is None.

    Args:
        value: A result or a part of one.
        tensors: Whether tensors are written out; by their shape and dtype otherwise.
    """
    if isinstance(value, Tensor) and not tensors:
        return {"shape": list(value.shape), "dtype": str(value.dtype).removeprefix("torch.")}
    if isinstance(value, (Tensor, np.ndarray, np.generic)):
        return as_plain(value.tolist(), tensors=True)
    if is_dataclass(value):
        own = {field.name: getattr(value, field.name) for field in fields(value)}
        return as_plain(own | _derived(value), tensors=tensors)
    if isinstance(value, Mapping):
        return {str(key): as_plain(inner, tensors=tensors) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_plain(inner, tensors=tensors) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _derived(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in getattr(value, "derived", ())}


def packed(value: Any, path: str, arrays: Arrays) -> Any:
    """What JSON holds of a value; its arrays and tensors go to ``arrays``, named by their paths."""
    if isinstance(value, Tensor):
        known = value.detach().cpu()
        # numpy has no bfloat16; float32 holds every one of them.
        arrays[path] = (known.float() if known.dtype == torch.bfloat16 else known).numpy()
        return str(known.dtype).removeprefix("torch.")
    if isinstance(value, np.ndarray):
        arrays[path] = value
        return str(value.dtype)
    if is_dataclass(value):
        pairs: Iterable[tuple[Any, Any]] = ((f.name, getattr(value, f.name)) for f in fields(value))
        return {name: packed(inner, f"{path}.{name}", arrays) for name, inner in pairs}
    if isinstance(value, Mapping):
        return {key: packed(inner, f"{path}.{key}", arrays) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [packed(inner, f"{path}.{k}", arrays) for k, inner in enumerate(value)]
    if isinstance(value, np.generic):
        value = value.item()
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def unpacked(hint: Any, data: Any, path: str, arrays: Arrays) -> Any:
    """A value of the type that ``hint`` declares, from what `packed` has made of it.

    Raises:
        Exception: ValueError, TypeError or KeyError, if it is not of that type.
    """
    kind, inner = get_origin(hint) or hint, get_args(hint)
    if kind is Tensor:
        # Of a copy: a tensor may be written to, what numpy has read from a file perhaps not.
        return torch.from_numpy(np.array(arrays[path])).to(getattr(torch, data))
    if kind is np.ndarray:
        return arrays[path]
    if kind in (Union, UnionType):
        some = [each for each in inner if each is not NoneType]
        return None if data is None else unpacked(some[0], data, path, arrays)
    if kind is Literal:
        return inner[inner.index(data)]
    if kind is tuple:
        kinds = inner[:1] * len(data) if inner[1:] == (...,) else inner
        rows = enumerate(zip(kinds, data, strict=True))
        return tuple(unpacked(each, part, f"{path}.{k}", arrays) for k, (each, part) in rows)
    if kind is list:
        return [unpacked(inner[0], part, f"{path}.{k}", arrays) for k, part in enumerate(data)]
    if isinstance(kind, type) and issubclass(kind, Mapping):
        return {k: unpacked(inner[1], part, f"{path}.{k}", arrays) for k, part in data.items()}
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        names = [field.name for field in fields(kind)]
        parts = {n: unpacked(hints[n], data[n], f"{path}.{n}", arrays) for n in names}
        return hint(**parts)
    if kind is float:
        return float(data)
    if not isinstance(data, kind):
        raise TypeError(f"{path} must be {kind.__name__}, but is {data!r}.")
    return data
