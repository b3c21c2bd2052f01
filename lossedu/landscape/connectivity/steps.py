"""What functions and methods between layers do to the order of hidden units."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from lossedu.landscape.connectivity.head_steps import attention_step, product_step
from lossedu.landscape.connectivity.layers import settled
from lossedu.landscape.connectivity.shape_steps import ShapeSteps
from lossedu.landscape.connectivity.units import Units
from lossedu.landscape.connectivity.values import (
    Heads,
    Hidden,
    Lost,
    Outside,
    Scores,
    Split,
    Stored,
    Value,
    Whole,
    from_end,
)

ELEMENTWISE = {
    *("relu", "relu_", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish"),
    *("tanh", "sigmoid", "logsigmoid", "softplus", "softsign", "hardtanh", "hardswish", "neg"),
    *("abs", "exp", "square", "sqrt", "rsqrt", "clamp", "pow", "dropout", "dropout1d", "dropout2d"),
    *("float", "double", "half", "bfloat16", "to", "type_as", "contiguous", "clone", "masked_fill"),
    *("softmax", "log_softmax"),
}
BINARY = {
    *("add", "sub", "mul", "truediv", "div", "iadd", "isub", "imul", "itruediv", "add_", "mul_"),
    *("maximum", "minimum"),
}
POOLS = {
    *("max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d"),
    *("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_max_pool2d", "interpolate"),
    "boolean_dispatch",  # how torch calls those that may return indices too
}
ARITHMETIC = {"getitem", "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "neg", "sqrt"}
REDUCTIONS = {"mean", "sum", "amax", "amin"}


class Steps:
    """The rules, by the name of a function or method.

    Attributes:
        units: What is known of the model's units.
    """

    def __init__(self, units: Units) -> None:
        """Nothing is done yet."""
        self.units = units
        shapes = ShapeSteps(units)
        self._rules: dict[str, Callable[..., Value | None]] = {
            **dict.fromkeys(ELEMENTWISE, self._same),
            **dict.fromkeys(POOLS, self._pool),
            **dict.fromkeys(REDUCTIONS, self._reduce),
            **dict.fromkeys(("view", "reshape"), shapes.view),
            **dict.fromkeys(("cat", "concat", "concatenate"), self._cat),
            **dict.fromkeys(("chunk", "split"), self._split),
            "flatten": shapes.flatten,
            "unflatten": shapes.unflatten,
            "transpose": shapes.transpose,
            "permute": shapes.permute,
            "getitem": shapes.item,
            "size": lambda name, value, *_, **__: Whole(),
            "scaled_dot_product_attention": partial(attention_step, units),
            **dict.fromkeys(("matmul", "bmm"), partial(product_step, units)),
        }

    def apply(self, name: str, args: Sequence[Any], named: dict[str, Any]) -> Value:
        """The value of a call, of values and plain arguments.

        Args:
            name: Of the function or method.
            args: Its arguments, that of a method first.
            named: Its named arguments.
        """
        flat = [*args, *named.values()]
        flat = [inner for a in flat for inner in (a if isinstance(a, (list, tuple)) else [a])]
        for value in flat:
            if isinstance(value, Lost):
                return value
        if not any(isinstance(value, Hidden | Heads | Scores | Split) for value in flat):
            return self._without_units(name, args, flat)
        try:
            if name in BINARY:
                return self.binary(args[0], args[1], name)
            rule = self._rules.get(name)
            made = rule(name, *args, **named) if rule is not None else None
        except (TypeError, IndexError):  # arguments that no rule knows
            made = None
        if made is None:
            self._fix(flat)
            return Lost(f"it calls {name!r}")
        return made

    def _without_units(self, name: str, args: Sequence[Any], flat: list[Any]) -> Value:
        if args and isinstance(args[0], Stored):
            keeps = name == "expand" or (name == "getitem" and _keeps_last(args[1]))
            return args[0] if keeps else Outside()
        numbers = not any(isinstance(value, Outside | Stored) for value in flat)
        return Whole() if name == "size" or (numbers and name in ARITHMETIC) else Outside()

    def _fix(self, values: Sequence[Any]) -> None:
        for value in values:
            for part in value.parts if isinstance(value, Split) else (value,):
                if isinstance(part, Hidden | Heads | Scores):
                    self.units.fix(part.axis)

    def binary(self, one: Any, other: Any, name: str) -> Value:
        """Two values entry by entry: units that meet are in one order."""
        pairs: tuple[tuple[Any, Any], ...] = ((one, other), (other, one))
        for first, second in pairs:
            value: Value = first
            if isinstance(first, Lost) or not isinstance(second, Value) or second == Whole():
                return value
        for first, second in pairs:
            if isinstance(first, Hidden) and isinstance(second, Stored):
                return self._with_stored(first, second)
            if isinstance(second, Outside | Stored):
                self._fix([first])
                value = first
                return value
        return self._joined(one, other, repr(name))

    def _with_stored(self, value: Hidden, stored: Stored) -> Value:
        if not self.units.kept(stored.name):
            self._fix([value])  # its entries stay where they are
            return value
        shape = self.units.shape(stored.name)
        dim = len(shape) + value.place
        if dim < 0 or shape[dim] == 1:
            return value
        axis = settled(self.units, value, shape[dim])
        if axis is None:
            return Lost(f"it adds {stored.name!r} to the units of {self.units.named(value.axis)}")
        self.units.follow(stored.name, dim, axis)
        return Hidden(axis, value.place, value.rank)

    def _joined(self, one: Any, other: Any, where: str) -> Value:
        if isinstance(one, Scores) or not (isinstance(one, Hidden) and isinstance(other, Hidden)):
            self._fix([one, other])
            return Lost(f"it calls {where} on attention heads")
        one, other = sorted((one, other), key=lambda value: -self.units.length(value.axis))
        if one.place != other.place or one.flat != other.flat:
            self._fix([one, other])
            return Lost(
                f"{where} joins units of {self.units.named(one.axis)} and "
                f"{self.units.named(other.axis)} that lie on other axes"
            )
        if self.units.length(other.axis) > 1 or self.units.length(one.axis) == 1:
            self.units.join(one.axis, other.axis, where)
        return Hidden(one.axis, one.place, one.rank or other.rank, one.flat)

    def _same(self, name: str, *args: Any, **named: Any) -> Value:
        """Entry by entry, also of several tensors: an exponent, a mask, a bound."""
        first, *others = (a for a in (*args, *named.values()) if isinstance(a, Value))
        if isinstance(first, Scores):
            return first  # a mask, which is alike for all heads
        for other in others:
            first = self.binary(first, other, name)
        return first

    def _pool(self, name: str, value: Value, *_: Any, **__: Any) -> Value | None:
        if not isinstance(value, Hidden):
            return None
        if value.place == -1 or value.flat:
            return Lost(f"{name!r} pools over the units of {self.units.named(value.axis)}")
        return value

    def _reduce(
        self, name: str, value: Value, dim: Any = None, keepdim: bool = False, **_: Any
    ) -> Value | None:
        if not isinstance(value, Hidden) or value.flat:
            return None
        dims = [dim] if isinstance(dim, int) else dim
        if dims is None:
            return Whole()
        places = [from_end(value, each) for each in dims]
        if value.place in places:
            return Whole()
        if keepdim:
            return value
        behind = sum(each is not None and each > value.place for each in places)
        rank = None if value.rank is None else value.rank - len(dims)
        return Hidden(value.axis, value.place + behind, rank)

    def _cat(self, name: str, values: Sequence[Any], dim: int = 0) -> Value | None:
        first = next(value for value in values if isinstance(value, Hidden))
        if first.flat:
            return None
        place = from_end(first, dim)
        if place is None:
            return Lost("'cat' joins along an axis that may be that of units or another")
        if place != first.place:
            joined: Value = first
            for value in values:
                joined = self.binary(joined, value, name)
            return joined
        if not all(isinstance(v, Hidden) and v.place == place and not v.flat for v in values):
            return None
        axis = tuple(segment for value in values for segment in value.axis)
        return Hidden(axis, place, first.rank)

    def _split(self, name: str, value: Value, count: Any, dim: int = 0) -> Value | None:
        """Into equal parts that a linear layer has made spaces of; see `parts_of`."""
        if not isinstance(value, Hidden) or value.place != -1 or value.flat:
            return None
        parts = len(value.axis)
        size = self.units.length(value.axis) // parts
        if count not in ((parts,) if name == "chunk" else (size,)) or not last_axis(dim):
            return None
        return Split(tuple(Hidden((segment,), -1, value.rank) for segment in value.axis))


def last_axis(dim: Any) -> bool:
    """Whether a part of a sequence's last axis is meant: of three axes it is the third."""
    return dim in (-1, 2)


def _keeps_last(index: Any) -> bool:
    """Whether an index takes all of the last axis of what has more axes than it names."""
    places = index if isinstance(index, tuple) else (index,)
    return all(isinstance(each, int | slice | Whole) for each in places) and len(places) < 3
