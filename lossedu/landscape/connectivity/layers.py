"""What each kind of layer does to the order of hidden units."""

from collections.abc import Callable
from typing import Any

from torch import nn

from lossedu.landscape.connectivity.units import Axis, NotUnderstoodError, Units, spread_over
from lossedu.landscape.connectivity.values import Hidden, Lost, Outside, Stored, Value, Whole

Conv = nn.Conv1d | nn.Conv2d | nn.Conv3d
Transposed = nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d
BatchNorm = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d
Channels = BatchNorm | nn.GroupNorm | nn.InstanceNorm1d | nn.InstanceNorm2d | nn.InstanceNorm3d

ELEMENTWISE = (
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish),
    *(nn.Tanh, nn.Sigmoid, nn.LogSigmoid, nn.Softplus, nn.Softsign, nn.Hardtanh, nn.Hardswish),
    *(nn.Hardsigmoid, nn.Identity, nn.Softmax, nn.LogSoftmax),
    *(nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout),
)
POOLS = (
    *(nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d),
    *(nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d),
    *(nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d),
    *(nn.Upsample, nn.ZeroPad1d, nn.ZeroPad2d, nn.ReflectionPad2d),
)
_WEIGHT_AND_BIAS = {"weight", "bias"}
_STATISTICS = ("weight", "bias", "running_mean", "running_var")


def columns(units: Units, name: str, value: Value, count: int) -> Axis | None:
    """What lies along the inputs of a layer that acts on the last axis; None for model inputs."""
    if isinstance(value, Outside | Whole | Stored):
        return None
    if isinstance(value, Lost):
        raise NotUnderstoodError(value.reason)
    axis = settled(units, value, count) if isinstance(value, Hidden) and value.place == -1 else None
    if axis is None:
        raise _other_inputs(units, name, value)
    return axis


def settled(units: Units, value: Hidden, count: int) -> Axis | None:
    """The axis of so many entries; None if the units do not come to so many."""
    length = units.length(value.axis)
    if value.flat and count % length == 0:
        return spread_over(value.axis, count // length)
    return value.axis if length == count and not value.flat else None


def _other_inputs(units: Units, name: str, value: Value) -> NotUnderstoodError:
    if not isinstance(value, Hidden):
        return NotUnderstoodError(f"the inputs of {name!r} are heads that are not joined again")
    count, before = units.length(value.axis), units.named(value.axis)
    return NotUnderstoodError(f"the inputs of {name!r} are not the {count} units of {before}")


def own_weights(name: str, layer: nn.Module, expected: set[str]) -> None:
    """Refuse a layer whose weights are computed from others before every call.

    Raises:
        NotUnderstoodError: If it is one.
    """
    if set(layer._parameters) - expected or set(layer._buffers) - {*_STATISTICS, _BATCHES}:
        raise NotUnderstoodError(
            f"{name!r} computes its weights from others, as if pruned or parametrized"
        )


_BATCHES = "num_batches_tracked"


def linear(units: Units, name: str, layer: nn.Linear, value: Value, parts: int = 1) -> Hidden:
    """Rows are new units, columns those that it reads."""
    own_weights(name, layer, _WEIGHT_AND_BIAS)
    axis = columns(units, name, value, layer.in_features)
    made = units.new(name, layer.out_features, parts=parts)
    units.follow(f"{name}.weight", 1, axis)
    units.follow(f"{name}.weight", 0, made)
    units.follow(f"{name}.bias", 0, made)
    return Hidden(made, -1, value.rank if isinstance(value, Hidden) else None)


def convolution(units: Units, name: str, layer: Conv | Transposed, value: Value) -> Hidden:
    """Kernels are new units; those of a depthwise one follow the units that they read."""
    own_weights(name, layer, _WEIGHT_AND_BIAS)
    rank = layer.weight.ndim
    axis = _channels(units, name, value, layer.in_channels)
    transposed = isinstance(layer, Transposed)
    rows, inner = (1, 0) if transposed else (0, 1)
    if layer.groups == 1:
        made = units.new(name, layer.out_channels)
        units.follow(f"{name}.weight", inner, axis)
    elif layer.groups == layer.in_channels == layer.out_channels and not transposed:
        made = axis if axis is not None else _fixed(units, name, layer.out_channels)
        units.made[name] = made
    else:
        raise NotUnderstoodError(f"{name!r} has {layer.groups} groups")
    units.follow(f"{name}.weight", rows, made)
    units.follow(f"{name}.bias", 0, made)
    return Hidden(made, 1 - rank, rank)


def _fixed(units: Units, name: str, size: int) -> Axis:
    made = units.new(name, size)
    units.fix(made)
    return made


def _channels(units: Units, name: str, value: Value, count: int) -> Axis | None:
    """What lies along the channels of a convolution's input."""
    if isinstance(value, Lost):
        raise NotUnderstoodError(value.reason)
    if not isinstance(value, Hidden):
        return None
    if value.place == -1 or value.flat or units.length(value.axis) != count:
        raise _other_inputs(units, name, value)
    return value.axis


def channel_norm(units: Units, name: str, norm: Channels, value: Value) -> Value:
    """Statistics and scales of each unit follow it."""
    own_weights(name, norm, _WEIGHT_AND_BIAS)
    if isinstance(value, Lost):
        raise NotUnderstoodError(value.reason)
    if not isinstance(value, Hidden):
        return value
    count = norm.num_channels if isinstance(norm, nn.GroupNorm) else norm.num_features
    axis = settled(units, value, count)
    if axis is None:
        raise NotUnderstoodError(
            f"{name!r} has {count} features for the {units.length(value.axis)} units of "
            f"{units.named(value.axis)}"
        )
    if isinstance(norm, nn.GroupNorm) and norm.num_groups not in (1, count):
        raise NotUnderstoodError(f"{name!r} normalises in {norm.num_groups} groups of units")
    for part in _STATISTICS:
        units.follow(f"{name}.{part}", 0, axis)
    return Hidden(axis, value.place, value.rank)


def layer_norm(units: Units, name: str, norm: nn.LayerNorm | nn.RMSNorm, value: Value) -> Value:
    """Over all units of a position, in whatever order; scales and shifts follow them."""
    own_weights(name, norm, _WEIGHT_AND_BIAS)
    if isinstance(value, Lost):
        raise NotUnderstoodError(value.reason)
    if not isinstance(value, Hidden):
        return value
    shape = tuple(norm.normalized_shape)
    dim = len(shape) + value.place
    axis = settled(units, value, shape[dim]) if dim >= 0 else None
    if axis is None:
        raise NotUnderstoodError(
            f"{name!r} normalises {shape}, which are not the {units.length(value.axis)} units of "
            f"{units.named(value.axis)}"
        )
    for part in _WEIGHT_AND_BIAS:
        units.follow(f"{name}.{part}", dim, axis)
    return Hidden(axis, value.place, value.rank)


def prelu(units: Units, name: str, layer: nn.PReLU, value: Value) -> Value:
    """One slope, or one for each unit."""
    if not isinstance(value, Hidden) or layer.num_parameters == 1:
        return value
    axis = settled(units, value, layer.num_parameters)
    # It takes the second axis for that of units.
    if axis is None or (value.rank or 2) + value.place != 1:
        return Lost(f"{name!r} has slopes of other units than those of {units.named(value.axis)}")
    units.follow(f"{name}.weight", 0, axis)
    return Hidden(axis, value.place, value.rank)


def pool(units: Units, name: str, layer: nn.Module, value: Value) -> Value:
    """Over places, never over units."""
    if isinstance(value, Hidden) and (value.place == -1 or value.flat):
        return Lost(f"{name!r} pools over the units of {units.named(value.axis)}")
    return value


def embedding(units: Units, name: str, layer: nn.Embedding, value: Value) -> Value:
    """A row an entry of the dictionary, whose order is that of the inputs."""
    own_weights(name, layer, {"weight"})
    made = units.new(name, layer.embedding_dim)
    units.follow(f"{name}.weight", 0, None)
    units.follow(f"{name}.weight", 1, made)
    return Hidden(made, -1)


RULES: tuple[tuple[Any, Callable[..., Value]], ...] = (
    (Conv | Transposed, convolution),
    (Channels, channel_norm),
    (nn.LayerNorm | nn.RMSNorm, layer_norm),
    (nn.PReLU, prelu),
    (nn.Embedding | nn.EmbeddingBag, embedding),
    (POOLS, pool),
)
"""Kinds of layers with one input, and their rules; `linear` besides."""
