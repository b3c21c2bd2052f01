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
_SHAPELESS = (*_POOLS, *_ADAPTIVE, *_DROPOUTS, *_ELEMENTWISE, nn.Flatten)
_FUNCTIONS = {
    *("relu", "relu_", "leaky_relu", "elu", "selu", "gelu", "silu", "tanh", "sigmoid", "softplus"),
    *("max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d", "adaptive_avg_pool2d"),
    *("boolean_dispatch", "dropout", "flatten"),
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
            pooling, dropout and flattening, in `Sequential` or in a ``forward`` of its own.

    Raises:
        ValueError: If it is no such chain; the message names the step.
    """
    modules = dict(model.named_modules())
    links: list[Link] = []
    for node in _between(model, modules):
        layer = modules[str(node.target)] if node.op == "call_module" else None
        if layer is None:
            _check_function(node)
        elif isinstance(layer, (nn.Linear, nn.Conv2d)):
            if layer in [link.layer for link in links]:
                raise _no_chain(f"{node.target!r} is used twice")
            _check_layer(str(node.target), layer)
            links.append(Link(str(node.target), layer, ()))
        elif isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
            links[-1] = replace(links[-1], norms=(*links[-1].norms, str(node.target)))
        else:
            _check_shapeless(str(node.target), layer)
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


def _check_function(node: torch.fx.Node) -> None:
    target: Any = node.target
    name = target if isinstance(target, str) else getattr(target, "__name__", str(target))
    if name not in _FUNCTIONS:
        raise _no_chain(f"it calls {name!r}")
    if name == "flatten" and (*node.args[1:], *node.kwargs.values())[:1] != (1,):
        raise _no_chain("it flattens from another axis than 1")


def _check_shapeless(name: str, layer: nn.Module) -> None:
    if isinstance(layer, nn.Flatten) and layer.start_dim != 1:
        raise _no_chain(f"{name!r} flattens from axis {layer.start_dim}, not 1")
    if isinstance(layer, nn.PReLU) and layer.num_parameters == 1:
        return
    if not isinstance(layer, _SHAPELESS):
        raise _no_chain(f"{name!r} is a {type(layer).__name__}")


def _check_layer(name: str, layer: Weighted) -> None:
    if isinstance(layer, nn.Conv2d) and layer.groups != 1:
        raise _no_chain(f"{name!r} has {layer.groups} groups")


def _no_chain(reason: str) -> ValueError:
    return ValueError(
        "model must be a chain of Linear, Conv2d, BatchNorm, elementwise activations, pooling, "
        f"dropout and flattening, but {reason}."
    )
