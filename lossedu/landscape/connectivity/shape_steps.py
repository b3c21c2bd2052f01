"""Steps that change the shape of a tensor: where its hidden units lie afterwards."""

from collections.abc import Sequence
from typing import Any

from lossedu.landscape.connectivity.head_steps import split_step, swapped_step
from lossedu.landscape.connectivity.units import Units, spread_over
from lossedu.landscape.connectivity.values import (
    Heads,
    Hidden,
    Lost,
    Split,
    Value,
    Whole,
    from_end,
)

_FOUR = 4


class ShapeSteps:
    """The rules; None where what comes out is not understood."""

    def __init__(self, units: Units) -> None:
        """Of a model's units."""
        self._units = units

    def flatten(self, name: str, value: Value, start_dim: int = 0, end_dim: int = -1) -> Value:
        """Units of a convolution become several entries each; heads are joined again."""
        if isinstance(value, Heads):
            joined = value.places == (-2, -1) and start_dim in (2, -2) and end_dim in (-1, 3)
            return Hidden(value.axis, -1, 3) if joined else self._split_heads()
        if not isinstance(value, Hidden):
            return self._split_heads()
        if value.place < -1 and value.rank is not None:
            start = start_dim % value.rank
            if end_dim % value.rank == value.rank - 1 and start == value.rank + value.place:
                return Hidden(value.axis, -1, start + 1, flat=True)
            if end_dim % value.rank == value.rank - 1 and start == value.rank + value.place + 1:
                return Hidden(value.axis, -2, start + 1)  # places alone
        elif (start_dim, end_dim) == (1, -1):
            return value  # rows: those of more axes do not fit what follows
        self._units.fix(value.axis)
        return Lost(f"{name!r} flattens from axis {start_dim} to {end_dim}, not from 1 to -1")

    def _split_heads(self) -> Lost:
        return Lost("attention heads are flattened in another order than they were split")

    def view(self, name: str, value: Value, *shape: Any) -> Value | None:
        """A new shape: rows, sequences, heads, or heads that are joined again."""
        if len(shape) == 1 and isinstance(shape[0], (list, tuple)):
            shape = tuple(shape[0])
        if isinstance(value, Heads):
            return Hidden(value.axis, -1, len(shape)) if value.places == (-2, -1) else None
        if not isinstance(value, Hidden):
            return None
        last, length = shape[-1], self._units.length(value.axis)
        if len(shape) == 2 and value.place < -1 and value.rank is not None:
            if value.rank + value.place != 1:
                return None
            if isinstance(last, int) and last > 0:
                exact = last % length == 0
                axis = spread_over(value.axis, last // length)
                return Hidden(axis, -1, 2) if exact else None
            return Hidden(value.axis, -1, 2, flat=True)
        if value.place != -1 or value.flat:
            return None
        if len(shape) == _FOUR:
            return split_step(value, shape[-2], last, length)
        keeps = last in (-1, length) or isinstance(last, Whole)
        return Hidden(value.axis, -1, len(shape)) if keeps else None

    def unflatten(self, name: str, value: Value, dim: int, sizes: Sequence[Any]) -> Value | None:
        """The last axis becomes heads."""
        if not isinstance(value, Hidden) or value.place != -1 or value.flat or len(sizes) != 2:
            return None
        if dim != -1 and from_end(value, dim) != -1:
            return None
        return split_step(value, sizes[0], sizes[1], self._units.length(value.axis))

    def transpose(self, name: str, value: Value, one: int, other: int) -> Value | None:
        """Two axes change places."""
        if isinstance(value, Heads):
            return swapped_step(value, one, other)
        if not isinstance(value, Hidden) or value.flat:
            return None
        places = [from_end(value, dim) for dim in (one, other)]
        if None in places:
            return None
        place = places[1 - places.index(value.place)] if value.place in places else value.place
        return None if place is None else Hidden(value.axis, place, value.rank)

    def permute(self, name: str, value: Value, *order: Any) -> Value | None:
        """All axes change places."""
        order = tuple(order[0]) if isinstance(order[0], (list, tuple)) else order
        rank = len(order)
        order = tuple(dim % rank for dim in order)
        if isinstance(value, Heads) and rank == _FOUR:
            heads, inner = (order.index(place + rank) - rank for place in value.places)
            return Heads(value.axis, value.heads, (heads, inner))
        if not isinstance(value, Hidden) or value.flat:
            return None
        return Hidden(value.axis, order.index(value.place + rank) - rank, rank)

    def item(self, name: str, value: Value, index: Any) -> Value | None:
        """A part of what is not along the units, or of what was split."""
        if isinstance(value, Split):
            return value.parts[index] if isinstance(index, int) else None
        if not isinstance(value, Hidden) or value.flat:
            return None
        places = index if isinstance(index, tuple) else (index,)
        if any(not isinstance(each, int | slice) for each in places):
            return None
        # Of rows the second axis is that of units: only a known rank tells it from one of places.
        before = 1 if value.rank is None else value.rank + value.place
        everything = slice(None)
        if value.rank is None and value.place != -1:
            return None
        if len(places) > before and any(each != everything for each in places[before:]):
            return None
        rank = value.rank
        if rank is not None:
            rank -= sum(isinstance(each, int) for each in places)
        return Hidden(value.axis, value.place, rank)
