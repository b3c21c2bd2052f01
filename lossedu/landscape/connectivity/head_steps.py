"""Attention that is written out: units split into heads, compared, mixed."""

from typing import Any

from lossedu.landscape.connectivity.units import Units
from lossedu.landscape.connectivity.values import Heads, Hidden, Scores, Value

_AXES = 4
_HEADS_FIRST = (-3, -1)


def split_step(value: Hidden, heads: Any, inner: Any, length: int) -> Heads | None:
    """Units along the last axis split into heads; one of the two sizes must be a number."""
    if isinstance(heads, int) and heads > 0:
        count = heads
    elif isinstance(inner, int) and inner > 0:
        count = length // inner
    else:
        return None
    return Heads(value.axis, count, (-2, -1)) if length % count == 0 else None


def swapped_step(value: Heads, one: int, other: int) -> Heads:
    """Two of its four axes change places."""
    swap = {one % _AXES - _AXES: other % _AXES - _AXES}
    swap |= {b: a for a, b in swap.items()}
    heads, inner = (swap.get(place, place) for place in value.places)
    return Heads(value.axis, value.heads, (heads, inner))


def product_step(units: Units, name: str, one: Value, other: Value) -> Scores | Heads | None:
    """Queries times keys, and the scores of both times values."""
    if isinstance(one, Heads) and isinstance(other, Heads):
        if one.places == _HEADS_FIRST and other.places == (-3, -2):
            return _scores(units, one, other)
    elif isinstance(one, Scores) and isinstance(other, Heads) and other.places == _HEADS_FIRST:
        return _carried(units, one, other)
    return None


def attention_step(
    units: Units, name: str, query: Value, key: Value, value: Value, *_: Any, **__: Any
) -> Heads | None:
    """`torch.nn.functional.scaled_dot_product_attention`."""
    if not (isinstance(query, Heads) and isinstance(key, Heads) and isinstance(value, Heads)):
        return None
    if not query.places == key.places == value.places == _HEADS_FIRST:
        return None
    scores = _scores(units, query, key)
    return None if scores is None else _carried(units, scores, value)


def _scores(units: Units, query: Heads, key: Heads) -> Scores | None:
    if query.heads != key.heads:
        return None
    units.join(query.axis, key.axis, "attention")
    units.in_heads(query.axis, query.heads)
    return Scores(query.axis, query.heads)


def _carried(units: Units, scores: Scores, value: Heads) -> Heads | None:
    if scores.heads != value.heads:
        return None
    units.in_heads(value.axis, value.heads)
    units.couple(scores.axis, value.axis)
    return value
