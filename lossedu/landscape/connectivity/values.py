"""What flows between the steps of a model, as far as the order of hidden units is concerned."""

from dataclasses import dataclass

from lossedu.landscape.connectivity.units import Axis


@dataclass(frozen=True)
class Outside:
    """A tensor in which no hidden unit is in an order that may change: inputs, what follows them.

    Where it meets hidden units, theirs is fixed.
    """


@dataclass(frozen=True)
class Whole:
    """What is the same for every order of units: numbers, sizes, means over all units."""


@dataclass(frozen=True)
class Stored:
    """A parameter or buffer of the model, or a part of one with all of its last axis."""

    name: str


@dataclass(frozen=True)
class Hidden:
    """A tensor with hidden units along one axis.

    Attributes:
        axis: Which.
        place: Which axis of the tensor, counted from its end: -1 is the last.
        rank: How many axes the tensor has, where that is known.
        flat: Whether each unit has become several entries, it is not known how many.
    """

    axis: Axis
    place: int
    rank: int | None = None
    flat: bool = False


@dataclass(frozen=True)
class Heads:
    """Hidden units split into attention heads.

    Attributes:
        axis: The units.
        heads: How many heads.
        places: Where heads and the units of one head lie, counted from the end.
    """

    axis: Axis
    heads: int
    places: tuple[int, int]


@dataclass(frozen=True)
class Scores:
    """Attention of each head: the order of heads is that of an axis of queries."""

    axis: Axis
    heads: int


@dataclass(frozen=True)
class Split:
    """An axis cut into equal parts, each a value of its own."""

    parts: tuple[Hidden, ...]


@dataclass(frozen=True)
class Lost:
    """Units in an order that cannot be followed any more; harmless where no layer reads it."""

    reason: str


Value = Outside | Whole | Stored | Hidden | Heads | Scores | Split | Lost


def from_end(value: Hidden, dim: int) -> int | None:
    """An axis counted from the end; None if it lies before the last, nobody knows where."""
    if dim < 0:
        return dim
    return dim - value.rank if value.rank is not None else None
