"""A model without its weights: the structure to call functionally, apart from the model itself."""

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from lossedu.landscape.objective.batch_norm import make_local


def skeleton_of(model: nn.Module) -> nn.Module:
    """The same structure in evaluation mode, with weights that take no memory and have no values.

    To be called by `torch.func.functional_call` with all parameters and buffers.  Tied weights
    stay tied.

    Args:
        model: Any module; it is only read.
    """
    memo: dict[int, Any] = {}
    for tensor in (*model.parameters(), *model.buffers()):
        memo[id(tensor)] = _without_values(tensor)
    for module in model.modules():
        for tensor in _tensors_in(list(vars(module).values())):
            # What has a graph cannot be copied: a weight that a hook computes before every call,
            # an activation that a call has left behind.
            if tensor.grad_fn is not None:
                memo[id(tensor)] = tensor.detach().clone()
    skeleton: nn.Module = copy.deepcopy(model, memo)
    make_local(skeleton)
    return skeleton.eval()


@contextmanager
def placed(
    skeleton: nn.Module, parameters: Mapping[str, Tensor], buffers: Mapping[str, Tensor]
) -> Iterator[Callable[[], None]]:
    """Put tensors into a skeleton for many calls; what one call costs to put them is much.

    Args:
        skeleton: What `skeleton_of` gave.
        parameters: A tensor for every parameter.
        buffers: A tensor for every buffer; they are copied.

    Yields:
        A function to be called before each call: it takes back what the last one has written into
        the buffers, or another block has put into the same skeleton.
    """
    places = _places(skeleton)
    before = [(members, key, members[key]) for found in places.values() for members, key in found]
    copies = {name: buffer.clone() for name, buffer in buffers.items()}
    versions = {name: copied._version for name, copied in copies.items()}

    def put(name: str, tensor: Tensor) -> None:
        for members, key in places[name]:
            members[key] = tensor

    def renew() -> None:
        for name, tensor in parameters.items():
            put(name, tensor)
        for name, copied in copies.items():
            if copied._version != versions[name]:
                copied.copy_(buffers[name])
                versions[name] = copied._version
            put(name, copied)

    try:
        yield renew
    finally:
        for members, key, tensor in before:
            members[key] = tensor


def _places(skeleton: nn.Module) -> dict[str, list[tuple[dict[str, Any], str]]]:
    """Where each tensor hangs, by its first name; one that is tied hangs in several places."""
    first: dict[int, str] = {}
    places: dict[str, list[tuple[dict[str, Any], str]]] = {}
    for path, module in skeleton.named_modules():
        for members in (module._parameters, module._buffers):
            for key, tensor in members.items():
                if tensor is not None:
                    name = first.setdefault(id(tensor), f"{path}.{key}" if path else key)
                    places.setdefault(name, []).append((members, key))
    return places


def has_ties(model: nn.Module) -> bool:
    """Whether one tensor goes by several names."""
    parameters = model.named_parameters(remove_duplicate=False)
    buffers = model.named_buffers(remove_duplicate=False)
    tensors = [id(tensor) for _, tensor in (*parameters, *buffers)]
    return len(set(tensors)) < len(tensors)


def _tensors_in(value: object) -> Iterator[Tensor]:
    """The tensors among values, also those inside of lists, tuples and dictionaries."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (dict, list, tuple)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _tensors_in(part)


def _without_values(tensor: Tensor) -> Tensor:
    empty = torch.empty_like(tensor, device="meta")
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(empty, requires_grad=tensor.requires_grad)
    return empty
