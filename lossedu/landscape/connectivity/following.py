"""A model's hidden units, followed step by step from its inputs to its outputs."""

import operator
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.fx import Node
from torch.fx.node import map_aggregate

from lossedu.landscape.connectivity.layers import ELEMENTWISE, RULES, layer_norm, linear
from lossedu.landscape.connectivity.steps import Steps, last_axis
from lossedu.landscape.connectivity.transformers import attention, decoder_layer, encoder_layer
from lossedu.landscape.connectivity.units import NotUnderstoodError, Units
from lossedu.landscape.connectivity.values import (
    Heads,
    Hidden,
    Lost,
    Outside,
    Scores,
    Split,
    Stored,
    Value,
)


def units_of(model: nn.Module) -> Units:
    """The hidden units of a model, and which tensors follow their order.

    Args:
        model: Linear, convolution and embedding layers; batch, layer and group norms; residual
            connections, elementwise activations, pooling, flattening and dropout; attention and the
            layers of transformers, torch's or written out; in modules or in a ``forward``.  A batch
            norm after a `Linear` is taken for one over its units: for rows, not for sequences.

    Raises:
        NotUnderstoodError: If a layer reads what a step has made that is not understood; it is
            named.  Or if no order of units is free.
    """
    try:
        graph = _Tracer().trace(model)
    except Exception as error:  # whatever a forward raises when it is given a stand-in
        raise NotUnderstoodError(f"its forward cannot be followed: {error}") from error
    walk = _Walk(model)
    for node in graph.nodes:
        walk.take(node)
    if not walk.units.groups():
        raise NotUnderstoodError("it has no hidden units whose order is free")
    return walk.units


class _Tracer(torch.fx.Tracer):
    proxy_buffer_attributes = True  # so that a mask may be cut to the length of an input


class _Walk:
    def __init__(self, model: nn.Module) -> None:
        self.units = Units(model)
        self._steps = Steps(self.units)
        self._modules = dict(model.named_modules())
        self._values: dict[Node, Any] = {}

    def take(self, node: Node) -> None:
        """One step more."""
        args = map_aggregate(node.args, self._known)
        named = map_aggregate(node.kwargs, self._known)
        self._values[node] = self._taken(node, list(args), dict(named))

    def _known(self, argument: Any) -> Any:
        return self._values[argument] if isinstance(argument, Node) else argument

    def _taken(self, node: Node, args: list[Any], named: dict[str, Any]) -> Any:
        if node.op == "placeholder":
            return Outside()
        if node.op == "get_attr":
            name = str(node.target)
            return Stored(name) if self.units.has(name) else Outside()
        if node.op == "output":
            map_aggregate(args[0], self._fixed)
            return None
        if node.op == "call_module":
            return self._layer(node, args, named)
        if node.target is getattr:
            return self._attribute(args)
        name = node.target if isinstance(node.target, str) else _name_of(node.target)
        return self._steps.apply(name, args, named)

    def _attribute(self, args: list[Any]) -> Any:
        owner, name = args[0], args[1]
        if name in ("shape", "ndim", "dtype", "device"):
            return self._steps.apply("size", [owner], {})
        return owner if isinstance(owner, Lost) else self._steps.apply(name, [owner], {})

    def _fixed(self, value: Any) -> Any:
        """The units of an output have the order that its readers know."""
        for part in value.parts if isinstance(value, Split) else (value,):
            if isinstance(part, Hidden | Heads | Scores):
                self.units.fix(part.axis)
        return value

    def _layer(self, node: Node, args: list[Any], named: dict[str, Any]) -> Value:
        name = str(node.target)
        layer = self._modules[name]
        inputs = [*args, *named.values()]
        value = inputs[0]
        if isinstance(layer, nn.Linear):
            return linear(self.units, name, layer, value, _parts_of(node, layer.out_features))
        if isinstance(layer, nn.MultiheadAttention):
            return self._attended(node, name, layer, args, named)
        if isinstance(layer, nn.TransformerEncoder | nn.TransformerDecoder):
            return self._stack(name, layer, inputs)
        if isinstance(layer, nn.TransformerEncoderLayer | nn.TransformerDecoderLayer):
            return self._transformer(name, layer, inputs)
        if isinstance(layer, nn.Flatten):
            ends = {"start_dim": layer.start_dim, "end_dim": layer.end_dim}
            return self._renamed(name, self._steps.apply("flatten", [value], ends))
        if isinstance(layer, ELEMENTWISE):
            return value  # type: ignore[no-any-return]
        if isinstance(value, Heads | Scores | Split):
            self._fixed(value)
            return Lost(f"{name!r} acts on attention heads")
        for kinds, rule in RULES:
            if isinstance(layer, kinds):
                return rule(self.units, name, layer, value)
        if all(isinstance(each, Outside | Stored) for each in inputs if isinstance(each, Value)):
            return Outside()
        for each in inputs:
            self._fixed(each)
        return Lost(f"{name!r} is a {type(layer).__name__}")

    def _renamed(self, name: str, value: Value) -> Value:
        if isinstance(value, Lost):
            return Lost(value.reason.replace("'flatten'", repr(name)))
        return value

    def _attended(
        self,
        node: Node,
        name: str,
        layer: nn.MultiheadAttention,
        args: list[Any],
        named: Mapping[str, Any],
    ) -> Value:
        places = ("query", "key", "value")
        query, key, value = (
            args[k] if k < len(args) else named[place] for k, place in enumerate(places)
        )
        for user in node.users:
            if user.target is not operator.getitem or user.args[1] != 0:
                raise NotUnderstoodError(f"it uses the attention weights of {name!r}")
        return Split((attention(self.units, name, layer, query, key, value),))

    def _transformer(self, name: str, layer: Any, inputs: list[Any]) -> Value:
        add = self._steps.binary
        if isinstance(layer, nn.TransformerEncoderLayer):
            return encoder_layer(self.units, name, layer, inputs[0], add)
        return decoder_layer(self.units, name, layer, inputs[0], inputs[1], add)

    def _stack(self, name: str, stack: Any, inputs: list[Any]) -> Value:
        value = inputs[0]
        for k, layer in enumerate(stack.layers):
            value = self._transformer(f"{name}.layers.{k}", layer, [value, *inputs[1:]])
        if stack.norm is None:
            return value  # type: ignore[no-any-return]
        return layer_norm(self.units, f"{name}.norm", stack.norm, value)


def _parts_of(node: Node, size: int) -> int:
    """Into how many equal parts the units of a linear layer are cut, if nothing else reads them."""
    parts = set()
    for user in node.users:
        name = user.target if isinstance(user.target, str) else _name_of(user.target)
        words = dict(zip(("count", "dim"), user.args[1:], strict=False)) | user.kwargs
        count, dim = next(iter(words.values()), None), words.get("dim", 0)
        if name not in ("chunk", "split") or not isinstance(count, int) or not last_axis(dim):
            return 1
        parts.add(count if name == "chunk" else size // count)
    (only,) = parts if len(parts) == 1 else (1,)
    return only if only > 0 and size % only == 0 else 1


def _name_of(target: Any) -> str:
    return getattr(target, "__name__", str(target))
