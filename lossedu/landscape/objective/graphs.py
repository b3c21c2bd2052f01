"""How much memory an autograd graph holds, and how much of it may be kept."""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.autograd.graph import Node

_ROOM_ON_CPU = 2**31
_PART_OF_FREE = 4


def room_for_graphs(device: torch.device) -> int:
    """Bytes that kept graphs may take: a quarter of what is free, or two gibibytes."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] // _PART_OF_FREE
    return _ROOM_ON_CPU


def bytes_of_graph(roots: Iterable[Tensor]) -> int:
    """Bytes of all that the graphs behind some tensors have saved, each storage once."""
    seen: set[Node] = set()
    storages: dict[int, int] = {}
    waiting = [root.grad_fn for root in roots if root.grad_fn is not None]
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        for name in dir(node):
            if name.startswith("_saved_"):
                value = getattr(node, name)
                if isinstance(value, Tensor):
                    storage = value.untyped_storage()
                    storages[storage.data_ptr()] = storage.nbytes()
        waiting += [parent for parent, _ in node.next_functions if parent is not None]
    return sum(storages.values())
