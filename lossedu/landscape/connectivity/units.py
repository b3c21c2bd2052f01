"""Hidden units and the axes of tensors that follow their order.

A *space* is a set of units whose order may change as long as it changes everywhere alike: in the
rows of the layer that makes them, in the columns of every layer that reads them, in norms between.
Layers whose outputs are added share one space.  The space of an input or an output is fixed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn


class NotUnderstoodError(ValueError):
    """A step of a model through which hidden units cannot be followed."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"model must be of layers whose hidden units can be followed, but {reason}."
        )


@dataclass(frozen=True)
class Segment:
    """A part of an axis.

    Attributes:
        space: Whose units lie there.
        each: How many entries each unit has, one after the other.
    """

    space: int
    each: int = 1


Axis = tuple[Segment, ...]


@dataclass
class Space:
    """Units that change their order together.

    Attributes:
        size: How many.
        layer: What makes them, or made the first of them.
        heads: In how many blocks they stay together: attention heads; as many as units otherwise.
        free: Whether their order may change.
    """

    size: int
    layer: str
    heads: int
    free: bool = True


class Units:
    """All spaces of a model, and which axes of which tensors follow them.

    Attributes:
        axes: Name of a tensor -> axis number -> what lies along it.
        made: Label of a layer -> the axis that it makes.
    """

    def __init__(self, model: nn.Module) -> None:
        """Nothing is known yet but the names of the tensors."""
        self.axes: dict[str, dict[int, Axis]] = {}
        self.made: dict[str, Axis] = {}
        self._spaces: list[Space] = []
        self._joined: list[int] = []
        self._couples: list[tuple[int, int]] = []
        self._shapes: dict[str, torch.Size] = {}
        self._first: dict[str, str] = {}
        self._kept = set(model.state_dict())
        first: dict[int, str] = {}
        for each in (model.named_parameters, model.named_buffers):
            for name, tensor in each(remove_duplicate=False):
                self._first[name] = first.setdefault(id(tensor), name)
                self._shapes[name] = tensor.shape

    def has(self, tensor: str) -> bool:
        """Whether the model has a parameter or buffer of that name."""
        return tensor in self._shapes

    def kept(self, tensor: str) -> bool:
        """Whether it is a part of the model's ``state_dict``: some buffers are none."""
        return tensor in self._kept

    def shape(self, tensor: str) -> torch.Size:
        """The shape of a parameter or buffer."""
        return self._shapes[tensor]

    def new(self, layer: str, size: int, heads: int | None = None, parts: int = 1) -> Axis:
        """The axis of new units; of several spaces one after the other if it will be split."""
        if layer in self.made:  # used once more: its rows are what they are
            return self.made[layer]
        axis: Axis = ()
        for _ in range(parts):
            self._joined.append(len(self._spaces))
            self._spaces.append(Space(size // parts, layer, heads or size // parts))
            axis = (*axis, Segment(self._joined[-1]))
        self.made[layer] = axis
        return axis

    def root(self, space: int) -> int:
        """The number that all joined spaces have in common."""
        while self._joined[space] != space:
            space = self._joined[space]
        return space

    def space(self, number: int) -> Space:
        """What is known of a space."""
        return self._spaces[self.root(number)]

    def length(self, axis: Axis) -> int:
        """How many entries an axis has."""
        return sum(self.space(s.space).size * s.each for s in axis)

    def named(self, axis: Axis) -> str:
        """Whose units lie along an axis, in words."""
        return " and ".join(dict.fromkeys(repr(self.space(s.space).layer) for s in axis))

    def join(self, one: Axis, other: Axis, where: str) -> None:
        """Let two axes be in one order from here on.

        Raises:
            NotUnderstoodError: If their units do not lie in the same way.
        """
        lengths = [[(self.space(s.space).size, s.each) for s in axis] for axis in (one, other)]
        if lengths[0] != lengths[1]:
            raise NotUnderstoodError(
                f"{where} joins the units of {self.named(one)} with those of {self.named(other)}, "
                "which lie otherwise"
            )
        for a, b in zip(one, other, strict=True):
            self._join(self.root(a.space), self.root(b.space))

    def _join(self, a: int, b: int) -> None:
        if a == b:
            return
        first, second = self._spaces[a], self._spaces[b]
        self._joined[b] = a
        first.free = first.free and second.free
        blocks = {space.heads for space in (first, second)} - {first.size}
        first.free = first.free and len(blocks) < 2  # heads of two kinds: no order fits both
        first.heads = min(blocks, default=first.size)

    def fix(self, axis: Axis) -> None:
        """Leave the units along an axis in their order."""
        for segment in axis:
            self.space(segment.space).free = False

    def in_heads(self, axis: Axis, heads: int) -> None:
        """Let units stay together in blocks."""
        for segment in axis:
            space = self.space(segment.space)
            if space.heads not in (space.size, heads) or space.size % heads:
                space.free = False
            space.heads = heads

    def couple(self, one: Axis, other: Axis) -> None:
        """Let the heads of two axes be in one order, whatever the order inside of each is."""
        for a, b in zip(one, other, strict=True):
            self._couples.append((a.space, b.space))

    def follow(self, tensor: str, dim: int, axis: Axis | None) -> None:
        """Let an axis of a tensor follow units; None is an axis of inputs, in their own order.

        Raises:
            NotUnderstoodError: If the axis has another length, or follows other units already.
        """
        if tensor not in self._shapes:
            return
        shape, tensor = self._shapes[tensor], self._first[tensor]
        known = self.axes.setdefault(tensor, {})
        if axis is None:
            if dim in known:
                self.fix(known[dim])
            else:
                known[dim] = ()
            return
        if self.length(axis) != shape[dim]:
            raise NotUnderstoodError(
                f"{tensor!r} has {shape[dim]} entries for the {self.length(axis)} units of "
                f"{self.named(axis)}"
            )
        if known.get(dim) == ():
            self.fix(axis)
        elif dim in known:
            self.join(known[dim], axis, repr(tensor))
        known[dim] = axis

    def groups(self) -> list[list[int]]:
        """Spaces whose order is free, each with those whose heads move with its own."""
        roots = list(dict.fromkeys(self.root(k) for k in range(len(self._spaces))))
        group = {root: [root] for root in roots}
        for a, b in self._couples:
            one, other = group[self.root(a)], group[self.root(b)]
            if one is not other:
                one += other
                group |= dict.fromkeys(other, one)
        unique = list({id(members): members for members in group.values()}.values())
        for members in unique:
            heads = {self._spaces[k].heads for k in members}
            if len(members) > 1 and (
                len(heads) > 1 or not all(self._spaces[k].free for k in members)
            ):
                for k in members:
                    self._spaces[k].free = False
        return [members for members in unique if self._spaces[members[0]].free]

    def segments(self, axis: Axis) -> Iterator[tuple[int, int, int, int]]:
        """Of each part of an axis: its space, its offset, its units, the entries of each."""
        offset = 0
        for segment in axis:
            root = self.root(segment.space)
            size = self._spaces[root].size
            yield root, offset, size, segment.each
            offset += size * segment.each


def spread_over(axis: Axis, each: int) -> Axis:
    """The same axis where each entry has become several."""
    return tuple(Segment(s.space, s.each * each) for s in axis)
