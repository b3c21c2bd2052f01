"""The examples over which a loss is averaged: the same ones, in the same batches, every time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from lossedu.training.batches import Data, Share, Source, batches_of

_KEPT_BYTES = 2**30


@dataclass(frozen=True, slots=True)
class Weighted:
    """A batch and its part of the whole.

    Attributes:
        values: The model's input, then what the loss gets besides the model's output.
        count: How many examples it has.
    """

    values: tuple[Any, ...]
    count: int


@dataclass
class Examples:
    """Batches on the device and in the dtype of the computation.

    A loader that shuffles or augments does so in the same way in every pass.  What takes less than
    a gibibyte together is kept after the first pass.

    Attributes:
        source: Where the batches come from.
        device: Where they go.
        dtype: That of floating-point values; None leaves them as they are.
    """

    source: Source
    device: torch.device
    dtype: torch.dtype | None
    _order: dict[str, Tensor] = field(init=False, repr=False)
    _kept: list[Weighted] | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        """Remember the generators' states: each pass starts from them."""
        self._order = {name: state.clone() for name, state in self.source.order_state().items()}

    def __iter__(self) -> Iterator[Weighted]:
        """The batches in order."""
        if self._kept is not None:
            yield from self._kept
            return
        kept: list[Weighted] = []
        room = _KEPT_BYTES
        for batch in self._read():
            yield batch
            room -= _bytes_of(batch.values)
            if room > 0:
                kept.append(batch)
            else:
                kept.clear()
        self._kept = kept or None

    def _read(self) -> Iterator[Weighted]:
        current = self.source.order_state()
        self.source.load_order_state(self._order)
        some = False
        try:
            for batch in self.source.epoch(0):
                some = True
                yield Weighted(_moved(batch.values, self.device, self.dtype), batch.count)
        finally:
            self.source.load_order_state(current)
        if not some:
            raise ValueError(
                "data must yield at least one batch every time that it is iterated, but yielded "
                "none. Hint: a generator can be read only once; give a list of its batches."
            )


def examples_of(
    data: Data, batch_size: int | None, device: torch.device, dtype: torch.dtype | None
) -> Examples:
    """Whatever the caller has, as examples.

    Raises:
        TypeError: If it yields no batches.
        ValueError: If tensors differ in their number of rows or have none, or an iterator can be
            read only once.
    """
    if isinstance(data, Iterator):
        raise TypeError(
            "data must be iterable again and again, but is an iterator. Hint: give a list of its "
            "batches, or the loader itself."
        )
    rows = batch_size if batch_size is not None else torch.iinfo(torch.int64).max
    source = batches_of("data", data, batch_size=rows, shuffle=False, seed=0, share=Share())
    return Examples(source, device, dtype)


def _moved(
    values: tuple[Any, ...], device: torch.device, dtype: torch.dtype | None
) -> tuple[Any, ...]:
    def move(tensor: Tensor) -> Tensor:
        return tensor.to(device, dtype if tensor.is_floating_point() else None)

    return _applied(move, values)


def _bytes_of(values: tuple[Any, ...]) -> int:
    total = 0

    def add(tensor: Tensor) -> Tensor:
        nonlocal total
        total += tensor.nbytes
        return tensor

    _applied(add, values)
    return total


def _applied(change: Callable[[Tensor], Tensor], values: tuple[Any, ...]) -> tuple[Any, ...]:
    if all(isinstance(value, Tensor) for value in values):
        return tuple(map(change, values))
    from accelerate.utils import recursively_apply  # slow to import, and seldom needed

    changed: tuple[Any, ...] = recursively_apply(change, values)
    return changed
