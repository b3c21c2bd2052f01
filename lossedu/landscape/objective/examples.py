"""The examples over which a loss is averaged: the same ones, in the same batches, every time."""

import hashlib
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import torch
from torch import Tensor

from lossedu.landscape.objective.graphs import room_for_graphs
from lossedu.training.batches import Batch, Data, Share, Source, TensorBatches, batches_of
from lossedu.training.random_states import scoped, stream_seed

_KEPT_BYTES = 2**30


@dataclass(frozen=True, slots=True)
class Weighted:
    """A batch and its part of the whole.

    Attributes:
        values: What the data yield: a tensor, or a tuple, list or mapping of parts.
        count: How many examples it has.
    """

    values: Any
    count: int

    @torch.inference_mode(False)
    def copied(self) -> "Weighted":
        """The same values in memory of their own: a model may write into them."""
        return Weighted(_applied(lambda tensor: tensor.detach().clone(), self.values), self.count)

    def in_double(self) -> "Weighted":
        """In float64, where they are floating-point numbers."""
        return Weighted(_moved(self.values, None, torch.float64), self.count)

    def rows(self, start: int, stop: int) -> "Weighted":
        """Some of the examples, in the same memory."""
        return Weighted(_applied(lambda tensor: tensor[start:stop], self.values), stop - start)


@dataclass
class Examples:
    """Batches on the device and in the dtype of the computation.

    A loader that shuffles or augments does so in the same way in every pass, and draws from random
    streams of its own.  What takes less than a gibibyte together, and than a quarter of what an
    accelerator has free, is kept after the first pass; objects whose size nobody knows are not.
    The caller's tensors are never handed out: a model may write into its input.

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
    _written: bool | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        """Remember the generators' states: each pass starts from them."""
        self._order = {name: state.clone() for name, state in self.source.order_state().items()}

    def __iter__(self) -> Iterator[Weighted]:
        """The batches in order."""
        if self._kept is not None:
            for batch in self._kept:
                yield batch.copied() if self._written else batch
            return
        kept: list[Weighted] = []
        room: float = min(_KEPT_BYTES, room_for_graphs(self.device))
        written = False
        for batch in self._read():
            # That nothing writes is known after a whole pass; until then it gets copies.
            lent = batch if self._written is False else batch.copied()
            before = _versions(lent)
            yield lent
            touched = _versions(lent) != before
            written |= touched
            room -= _bytes_of(batch.values)
            if room > 0:
                kept.append(batch if touched else lent)
            else:
                kept.clear()
        self._kept, self._written = kept or None, written

    def digest(self, *, split: bool) -> str:
        """A fingerprint of the tensors in all batches.

        Args:
            split: Whether it also depends on where one batch ends and the next begins.
        """
        streams: list[Any] = []
        for batch in self:
            for place, tensor in enumerate(_tensors_of(batch.values)):
                if place == len(streams):
                    words = repr((tensor.dtype, tuple(tensor.shape[1:])))
                    streams.append(hashlib.blake2b(words.encode(), digest_size=16))
                if split:
                    streams[place].update(repr(len(tensor)).encode())
                raw = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
                streams[place].update(raw.numpy().data)
        return " ".join(stream.hexdigest() for stream in streams)

    def _read(self) -> Iterator[Weighted]:
        some = False
        for batch in self._drawn():
            if not batch.count:
                continue  # the mean loss of no examples is NaN, and weighs nothing
            some = True
            yield Weighted(_moved(batch.values, self.device, self.dtype), batch.count)
        if not some:
            raise ValueError(
                "data must yield at least one batch of examples every time that it is iterated, "
                "but yielded none. Hint: a generator can be read only once; give a list of its "
                "batches."
            )

    def _drawn(self) -> Iterator[Batch]:
        """The source's batches; between them the caller's random states are as they were."""
        stream = self.source.epoch(0)
        if isinstance(self.source, TensorBatches):
            yield from stream
            return
        states = self._order
        for number in count():
            with scoped(stream_seed(0, number)), self._ordered(states) as after:
                batch = next(stream, None)
            if batch is None:
                return
            states = after
            yield batch

    @contextmanager
    def _ordered(self, states: dict[str, Tensor]) -> Iterator[dict[str, Tensor]]:
        """With the generators in these states; yields those that they are in afterwards."""
        current, after = self.source.order_state(), dict[str, Tensor]()
        self.source.load_order_state(states)
        try:
            yield after
        finally:
            after.update(self.source.order_state())
            self.source.load_order_state(current)


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


def _moved(values: Any, device: torch.device | None, dtype: torch.dtype | None) -> Any:
    def move(tensor: Tensor) -> Tensor:
        return tensor.to(device, dtype if tensor.is_floating_point() else None)

    return _applied(move, values)


def few_of(batch: Weighted, most: int) -> Weighted | None:
    """The first examples of a batch; None if it does not consist of rows of tensors."""
    leaves = list(_leaves(batch.values))
    if any(not isinstance(x, Tensor) or not x.ndim or len(x) != batch.count for x in leaves):
        return None
    return batch.rows(0, min(batch.count, most))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, (tuple, list)):
        for part in value:
            yield from _leaves(part)
    else:
        yield value


def _versions(batch: Weighted) -> list[int]:
    """How often each tensor was written into."""
    return [tensor._version for tensor in _tensors_of(batch.values)]


def _bytes_of(value: Any) -> float:
    """What a batch, or a part of it, takes; infinite where that is not known."""
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, (tuple, list)):
        return sum(map(_bytes_of, value))
    if value is None or isinstance(value, (bool, int, float, str, bytes)):
        return sys.getsizeof(value)
    return float(getattr(value, "nbytes", math.inf))


def _tensors_of(values: Any) -> list[Tensor]:
    found: list[Tensor] = []

    def add(tensor: Tensor) -> Tensor:
        found.append(tensor)
        return tensor

    _applied(add, values)
    return found


def _applied(change: Callable[[Tensor], Tensor], values: Any) -> Any:
    if isinstance(values, Tensor):
        return change(values)
    if type(values) in (tuple, list) and all(isinstance(value, Tensor) for value in values):
        return type(values)(map(change, values))
    from accelerate.utils import recursively_apply  # slow to import, and seldom needed

    return recursively_apply(change, values)
