"""A model as a chain of layers: what follows what, and refusal in words of what is no chain."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import torch
from torch import nn

Weighted = nn.Linear | nn.Conv2d
Norm = nn.BatchNorm1d | nn.BatchNorm2d

_POOLS = (nn.MaxPool1d, nn.MaxPool2d, nn.AvgPool1d, nn.AvgPool2d)
_ADAPTIVE = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
_DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout)
_ELEMENTWISE = (
    nn.ReLU,
    nn.ReLU6,
    nn.LeakyReLU,
    nn.ELU,
    nn.SELU,
    nn.CELU,
    nn.GELU,
    nn.SiLU,
    nn.Mish,
    nn.Tanh,
    nn.Sigmoid,
    nn.Softplus,
    nn.Softsign,
    nn.Hardtanh,
    nn.Hardswish,
    nn.Identity,
)
_UNIT_BY_UNIT = (*_DROPOUTS, *_ELEMENTWISE)
_UNIT_BY_UNIT_FUNCTIONS = {
    *("relu", "relu_", "leaky_relu", "elu", "selu", "gelu", "silu", "tanh", "sigmoid", "softplus"),
    "dropout",
}
_POOL_FUNCTIONS = {
    *("max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d", "adaptive_avg_pool2d"),
    "boolean_dispatch",  # how torch calls those that may return indices too
}


@dataclass(frozen=True)
class Link:
    """A layer with weights and the batch norms that follow it before the next one.

    Attributes:
        name: The layer's name in the model.
        layer: The layer.
        norms: Names of batch norms behind it.
    """

    name: str
    layer: Weighted
    norms: tuple[str, ...]


def chain_of(model: nn.Module) -> list[Link]:
    """The layers of a model in which every step feeds the next one and nothing else.

    Args:
        model: Layers `Linear` and `Conv2d` (without groups), `BatchNorm`, elementwise activations,
            pooling, dropout and flattening, in `Sequential` or in a ``forward`` of its own.  A
            batch norm behind a `Linear` is taken for one over its units: for rows, not for
            sequences of them.

    Raises:
        ValueError: If it is no such chain; the message names the step.
    """
    modules = dict(model.named_modules())
    links: list[Link] = []
    used: list[nn.Module] = []
    flat = False  # whether what the last layer gave has been flattened
    for node in _between(model, modules):
        name = str(node.target)
        layer = modules[name] if node.op == "call_module" else None
        if isinstance(layer, (nn.Linear, nn.Conv2d, nn.BatchNorm1d, nn.BatchNorm2d)):
            if layer in used:
                raise _no_chain(f"{name!r} is used twice")
            used.append(layer)
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            _check_layer(name, layer)
            if links:
                _check_joint(name, layer, links[-1], flat)
            links.append(Link(name, layer, ()))
            flat = False
        elif isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
            _check_norm(name, layer, links[-1])
            links[-1] = replace(links[-1], norms=(*links[-1].norms, name))
        else:
            flat = _flattens(node, layer) or flat
            _check_step(node, layer, links[-1], flat)
    _check_untied(model, used)
    return links


def _between(model: nn.Module, modules: Mapping[str, nn.Module]) -> list[torch.fx.Node]:
    """The steps from the first layer with weights to the last, each fed by the one before alone.

    What comes before and behind them sees no hidden unit, and may be anything.
    """
    try:
        nodes = list(torch.fx.Tracer().trace(model).nodes)
    except Exception as error:  # whatever a forward raises when it is given a stand-in
        raise _no_chain(f"its forward cannot be followed: {error}") from error
    weighted = [k for k, node in enumerate(nodes) if _has_weights(node, modules)]
    if len(weighted) < 2:
        raise _no_chain(f"it has {len(weighted)} layers with weights, and a chain has two or more")
    steps = nodes[weighted[0] : weighted[-1] + 1]
    for before, node in pairwise(steps):
        if len(before.users) != 1:
            raise _no_chain(f"the output of {before.name!r} is used {len(before.users)} times")
        if node.all_input_nodes != [before]:
            raise _no_chain(f"{node.name!r} does not follow {before.name!r} alone")
    return steps


def _has_weights(node: torch.fx.Node, modules: Mapping[str, nn.Module]) -> bool:
    return node.op == "call_module" and isinstance(
        modules[str(node.target)], (nn.Linear, nn.Conv2d)
    )


def _called(node: torch.fx.Node) -> str:
    target: Any = node.target
    return target if isinstance(target, str) else getattr(target, "__name__", str(target))


def _flattens(node: torch.fx.Node, layer: nn.Module | None) -> bool:
    """Whether a step makes rows of what it gets: all axes behind that of examples become one."""
    given: dict[str, Any]
    if isinstance(layer, nn.Flatten):
        given = {"start_dim": layer.start_dim, "end_dim": layer.end_dim}
    elif layer is None and _called(node) == "flatten":
        given = dict(zip(("start_dim", "end_dim"), node.args[1:], strict=False)) | node.kwargs
    else:
        return False
    first, last = given.get("start_dim", 0), given.get("end_dim", -1)
    if (first, last) != (1, -1):
        name = node.name if layer is None else str(node.target)
        raise _no_chain(f"{name!r} flattens from axis {first} to {last}, not from 1 to -1")
    return True


def _check_step(node: torch.fx.Node, layer: nn.Module | None, link: Link, flat: bool) -> None:
    """A step without weights: one by one for each unit, or over the places of a convolution."""
    name = _called(node)
    if isinstance(layer, nn.Flatten) or (layer is None and name == "flatten"):
        return
    pools = name in _POOL_FUNCTIONS or isinstance(layer, (*_POOLS, *_ADAPTIVE))
    if pools and (flat or not isinstance(link.layer, nn.Conv2d)):
        called = name if layer is not None else node.name
        raise _no_chain(f"{called!r} pools over the units of {link.name!r}")
    if layer is None and not pools and name not in _UNIT_BY_UNIT_FUNCTIONS:
        raise _no_chain(f"it calls {name!r}")
    one_slope = isinstance(layer, nn.PReLU) and layer.num_parameters == 1
    if not (layer is None or pools or one_slope or isinstance(layer, _UNIT_BY_UNIT)):
        raise _no_chain(f"{name!r} is a {type(layer).__name__}")


def _check_layer(name: str, layer: Weighted) -> None:
    if isinstance(layer, nn.Conv2d) and layer.groups != 1:
        raise _no_chain(f"{name!r} has {layer.groups} groups")
    if set(layer._parameters) != {"weight", "bias"} or layer._buffers:
        raise _no_chain(f"{name!r} computes its weights from others, as if pruned or parametrized")


def _check_joint(name: str, layer: Weighted, before: Link, flat: bool) -> None:
    """Each input of a layer belongs to one unit of the layer before, the first ones to the first.

    A Linear acts on the last axis, a convolution's units lie on the second one: only rows of a
    convolution reach a Linear unit after unit, and only those of a Linear one for one.
    """
    units = len(before.layer.weight)
    if isinstance(layer, nn.Conv2d):
        fits = isinstance(before.layer, nn.Conv2d) and not flat and layer.in_channels == units
    elif isinstance(before.layer, nn.Conv2d):
        fits = flat and layer.in_features % units == 0
    else:
        fits = layer.in_features == units
    if not fits:
        raise _no_chain(f"the inputs of {name!r} are not the {units} units of {before.name!r}")


def _check_norm(name: str, norm: Norm, link: Link) -> None:
    if norm.num_features != len(link.layer.weight):
        raise _no_chain(
            f"{name!r} has {norm.num_features} features for the {len(link.layer.weight)} units of "
            f"{link.name!r}"
        )


def _check_untied(model: nn.Module, used: list[nn.Module]) -> None:
    """A tensor that two layers share cannot follow two orders."""
    names: dict[int, str] = {}
    own = {id(parameter) for layer in used for parameter in layer.parameters()}
    for path, module in model.named_modules():
        for key, parameter in module.named_parameters(path, recurse=False):
            other = names.setdefault(id(parameter), key)
            if other != key and id(parameter) in own:
                raise _no_chain(f"{other!r} and {key!r} are one tensor")


def _no_chain(reason: str) -> ValueError:
    return ValueError(
        "model must be a chain of Linear, Conv2d, BatchNorm, elementwise activations, pooling, "
        f"dropout and flattening, but {reason}."
    )
