"""Attention and the layers of transformers: heads, and the stream between them.

The order of heads may change, the same for queries, keys and values; and inside of each head the
units of queries and keys together, and those of values.  Masks are taken to be alike for all heads.
"""

from collections.abc import Callable
from typing import Any

from torch import nn
from torch.nn import functional

from lossedu.landscape.connectivity.layers import (
    ELEMENTWISE,
    columns,
    layer_norm,
    linear,
    own_weights,
)
from lossedu.landscape.connectivity.units import NotUnderstoodError, Units
from lossedu.landscape.connectivity.values import Hidden, Value

Add = Callable[[Value, Value, str], Value]
_ATTENTION = {
    *("in_proj_weight", "in_proj_bias", "q_proj_weight", "k_proj_weight", "v_proj_weight"),
    *("bias_k", "bias_v"),
}


def attention(
    units: Units, name: str, layer: nn.MultiheadAttention, query: Value, key: Value, value: Value
) -> Hidden:
    """`torch.nn.MultiheadAttention`: its output, which is the first of what it returns."""
    own_weights(name, layer, _ATTENTION)
    size, heads = layer.embed_dim, layer.num_heads
    read = [
        columns(units, name, each, count)
        for each, count in ((query, size), (key, layer.kdim), (value, layer.vdim))
    ]
    inner = units.new(f"{name}.query_key", size, heads)
    carried = units.new(f"{name}.value", size, heads)
    units.couple(inner, carried)
    if layer.in_proj_weight is not None:
        for axis in read:
            units.follow(f"{name}.in_proj_weight", 1, axis)
        units.follow(f"{name}.in_proj_weight", 0, (*inner, *inner, *carried))
    else:
        for letter, axis, rows in zip("qkv", read, (inner, inner, carried), strict=True):
            units.follow(f"{name}.{letter}_proj_weight", 1, axis)
            units.follow(f"{name}.{letter}_proj_weight", 0, rows)
    units.follow(f"{name}.in_proj_bias", 0, (*inner, *inner, *carried))
    units.follow(f"{name}.bias_k", 2, inner)
    units.follow(f"{name}.bias_v", 2, carried)
    rank = query.rank if isinstance(query, Hidden) and query.rank else 3  # of batches
    return linear(units, f"{name}.out_proj", layer.out_proj, Hidden(carried, -1, rank))


def encoder_layer(
    units: Units, name: str, layer: nn.TransformerEncoderLayer, x: Value, add: Add
) -> Value:
    """Attention and two linear layers around a stream, with norms before or after them."""

    def attend(value: Value) -> Value:
        return attention(units, f"{name}.self_attn", layer.self_attn, value, value, value)

    return _residual(units, name, layer, x, add, (attend, _feed(units, name, layer)))


def decoder_layer(
    units: Units, name: str, layer: nn.TransformerDecoderLayer, x: Value, memory: Value, add: Add
) -> Value:
    """As the encoder's, with attention to another stream between the two."""

    def attend(value: Value) -> Value:
        return attention(units, f"{name}.self_attn", layer.self_attn, value, value, value)

    def look(value: Value) -> Value:
        other = f"{name}.multihead_attn"
        return attention(units, other, layer.multihead_attn, value, memory, memory)

    return _residual(units, name, layer, x, add, (attend, look, _feed(units, name, layer)))


def _residual(
    units: Units,
    name: str,
    layer: Any,
    x: Value,
    add: Add,
    branches: tuple[Callable[[Value], Value], ...],
) -> Value:
    for k, branch in enumerate(branches, 1):
        norm, place = getattr(layer, f"norm{k}"), f"{name}.norm{k}"
        if layer.norm_first:
            x = add(x, branch(layer_norm(units, place, norm, x)), name)
        else:
            x = layer_norm(units, place, norm, add(x, branch(x), name))
    return x


def _feed(units: Units, name: str, layer: Any) -> Callable[[Value], Value]:
    plain = (functional.relu, functional.gelu, functional.silu)
    if layer.activation not in plain and not isinstance(layer.activation, ELEMENTWISE):
        raise NotUnderstoodError(f"{name!r} has an activation that may not be elementwise")

    def feed(value: Value) -> Value:
        inside = linear(units, f"{name}.linear1", layer.linear1, value)
        return linear(units, f"{name}.linear2", layer.linear2, inside)

    return feed
