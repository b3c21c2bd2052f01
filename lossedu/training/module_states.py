"""What passes change in a model besides its gradients: modes, and buffers such as running means."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
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


def load_by_name(model: nn.Module, state: Mapping[str, Any]) -> None:
    """Load a ``state_dict``, whatever wrapped the model that it is of, or wraps this one.

    DistributedDataParallel and DataParallel put ``module.`` before every name, ``torch.compile``
    puts ``_orig_mod.`` before those of what it has compiled, a part of the model perhaps.
    """
    names = dict(zip(plain_names(model.state_dict()), model.state_dict(), strict=True))
    pairs = zip(plain_names(state), state.values(), strict=True)
    model.load_state_dict({names.get(name, name): value for name, value in pairs})


def plain_names(names: Iterable[str]) -> list[str]:
    """The names that tensors have in the model inside of all wrappers."""
    plain = [".".join(p for p in name.split(".") if p != "_orig_mod") for name in names]
    while plain and all(name.startswith("module.") for name in plain):
        plain = [name.removeprefix("module.") for name in plain]
    return plain


@contextmanager
def modes_kept(model: nn.Module) -> Iterator[None]:
    """Give every part the mode back that it had, whatever the block does to it."""
    before = [(part, part.training) for part in model.modules()]
    try:
        yield
    finally:
        for part, mode in before:
            part.training = mode


@contextmanager
def buffers_kept(*owners: Any) -> Iterator[None]:
    """Take back what the block writes into the buffers of modules; other owners have none."""
    parts = [part for owner in owners if isinstance(owner, nn.Module) for part in owner.modules()]
    kept = [
        (part._buffers, name, buffer, buffer.detach().clone())
        for part in parts
        for name, buffer in part._buffers.items()
        if buffer is not None
    ]
    try:
        yield
    finally:
        with torch.no_grad():
            for members, name, buffer, before in kept:
                members[name] = buffer.copy_(before)
