"""A model without its weights: the structure to call functionally, apart from the model itself."""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DataParallel, DistributedDataParallel


def unwrapped(model: nn.Module) -> nn.Module:
    """The module inside of DistributedDataParallel, DataParallel and ``torch.compile``."""
    while True:
        if isinstance(model, (DistributedDataParallel, DataParallel)):
            model = model.module
        elif "_orig_mod" in model._modules:
            model = model.get_submodule("_orig_mod")
        else:
            return model


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
        for value in vars(module).values():
            # A weight that a hook computes before every call cannot be copied, and need not be.
            if isinstance(value, Tensor) and value.grad_fn is not None:
                memo[id(value)] = value.detach().clone()
    skeleton: nn.Module = copy.deepcopy(model, memo)
    return skeleton.eval()


def has_ties(model: nn.Module) -> bool:
    """Whether one tensor goes by several names."""
    parameters = model.named_parameters(remove_duplicate=False)
    buffers = model.named_buffers(remove_duplicate=False)
    tensors = [id(tensor) for _, tensor in (*parameters, *buffers)]
    return len(set(tensors)) < len(tensors)


def _without_values(tensor: Tensor) -> Tensor:
    empty = torch.empty_like(tensor, device="meta")
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(empty, requires_grad=tensor.requires_grad)
    return empty
