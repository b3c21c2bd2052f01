"""Batches of a run: the same ones in the same order, however many processes share them.

A batch size is that of all processes together.  Each process takes its part of every batch, and
each batch says how many examples it has in all, so that a mean over processes can be weighted.  The
order of an epoch depends on the seed and the epoch's number alone (and on generators that come with
a `DataLoader`): any epoch can be entered in its middle.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, TensorDataset, default_collate

from lossedu.arguments.checks import check_count
from lossedu.training.batch_values import checked, refuse_arrays, rows_of
from lossedu.training.random_states import scoped, stream_seed

Data = DataLoader[Any] | TensorDataset | Sequence[Tensor] | Tensor | Iterable[Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """One process's part of a batch.

    Attributes:
        values: What the data yield: a tensor, or a tuple, list or mapping of parts.
        count: How many of these examples count: 0 if the batch has fewer examples than there are
            processes, and this process holds one only to take part.
        total: How many examples the whole batch has.
        start: The place of this part's first example in the epoch.
    """

    values: Any
    count: int
    total: int
    start: int


@dataclass(frozen=True)
class Share:
    """Which process this is, of how many."""

    rank: int = 0
    world: int = 1

    def of(self, total: int) -> slice:
        """This process's part of ``total`` rows; parts differ by one row at most."""
        base, extra = divmod(total, self.world)
        start = self.rank * base + min(self.rank, extra)
        return slice(start, start + base + (self.rank < extra))


class Source(Protocol):
    """Where batches come from."""

    @property
    def examples(self) -> int | None:
        """How many examples an epoch has, where that is known."""

    def epoch(self, number: int, skip: int = 0, limit: int | None = None) -> Iterator[Batch]:
        """The batches of an epoch from the one numbered ``skip``, ``limit`` of them at most."""

    def order_state(self) -> dict[str, Tensor]:
        """What the order of the next epoch depends on besides the seed."""

    def load_order_state(self, state: dict[str, Tensor]) -> None:
        """Go back to an earlier `order_state`."""


def batches_of(
    name: str, data: Data, *, batch_size: int, shuffle: bool, seed: int, share: Share
) -> Source:
    """Whatever the caller has, as a source of batches.

    Raises:
        TypeError: If it is nothing that yields batches.
        ValueError: If tensors differ in their number of rows, or have none.
    """
    check_count("batch_size", batch_size)
    refuse_arrays(name, "be", data)
    tensors = _tensors(data)
    if tensors is not None:
        rows = {len(tensor) for tensor in tensors}
        if len(rows) != 1 or rows == {0}:
            shapes = ", ".join(str(tuple(t.shape)) for t in tensors)
            raise ValueError(f"{name} must have one row an example, but has shapes {shapes}.")
        return TensorBatches(tensors, batch_size, shuffle, seed, share)
    if not isinstance(data, Iterable):
        raise TypeError(
            f"{name} must be a DataLoader, a TensorDataset, a tuple of tensors or an iterable of "
            f"batches, but is {type(data).__name__}."
        )
    by_index = type(data) is DataLoader and data.batch_sampler is not None
    if isinstance(data, DataLoader) and by_index and not isinstance(data.dataset, IterableDataset):
        return LoaderBatches(data, seed, share)
    return StreamBatches(name, data, seed, share)


def _tensors(data: Data) -> tuple[Tensor, ...] | None:
    if isinstance(data, TensorDataset):
        return data.tensors
    if isinstance(data, Tensor):
        return (data,)
    if isinstance(data, (tuple, list)) and data and all(isinstance(t, Tensor) for t in data):
        return tuple(data)
    return None


@dataclass(frozen=True)
class TensorBatches:
    """Rows of tensors, taken by index: an epoch costs one permutation."""

    tensors: tuple[Tensor, ...]
    batch_size: int
    shuffle: bool
    seed: int
    share: Share

    @property
    def examples(self) -> int | None:
        """How many rows there are."""
        return len(self.tensors[0])

    def epoch(self, number: int, skip: int = 0, limit: int | None = None) -> Iterator[Batch]:
        """See `Source`."""
        n, size = len(self.tensors[0]), self.batch_size
        order = self._order(n, number) if self.shuffle else None
        for start in islice(range(skip * size, n, size), limit):
            total = min(size, n - start)
            part = self.share.of(total)
            count = part.stop - part.start
            first = start + part.start if count else start
            rows = slice(first, first + max(count, 1))
            chosen = rows if order is None else order[rows]
            yield Batch(tuple(t[chosen] for t in self.tensors), count, total, first)

    def _order(self, n: int, number: int) -> Tensor:
        generator = torch.Generator().manual_seed(stream_seed(self.seed, number))
        return torch.randperm(n, generator=generator).to(self.tensors[0].device)

    def order_state(self) -> dict[str, Tensor]:
        """Nothing: seed and number decide."""
        return {}

    def load_order_state(self, state: dict[str, Tensor]) -> None:
        """Nothing to load."""


@dataclass(frozen=True)
class LoaderBatches:
    """A `DataLoader` over a data set with indices: each process loads its own rows only.

    The indices of an epoch are drawn at its start, in a random stream of the seed and the epoch's
    number, so that all processes draw the same.  Workers start anew each epoch, for the same
    reason: a worker's random state is then that of its epoch.
    """

    loader: DataLoader[Any]
    seed: int
    share: Share

    @property
    def examples(self) -> int | None:
        """How many examples the data set has."""
        return len(self.loader.dataset)  # type: ignore[arg-type]

    def epoch(self, number: int, skip: int = 0, limit: int | None = None) -> Iterator[Batch]:
        """See `Source`."""
        with scoped(stream_seed(self.seed, number)):
            _announce(self.loader, number)
            end = None if limit is None else skip + limit
            batches = list(islice(self._sampler(), end))
            # Workers have random states of their own, which only loading again brings forward.
            first = skip if self.loader.num_workers == 0 else 0
            parts = [_part(batch, self.share) for batch in batches[first:]]
            loaded = self._rows(parts) or iter(self._loader(parts))
        start = sum(map(len, batches[:first]))
        for place, (batch, values) in enumerate(zip(batches[first:], loaded, strict=True), first):
            part = self.share.of(len(batch))
            if place >= skip:
                count = part.stop - part.start
                yield Batch(checked("train", values), count, len(batch), start + part.start)
            start += len(batch)

    def _sampler(self) -> Iterable[list[int]]:
        return self.loader.batch_sampler  # type: ignore[return-value]

    def _rows(self, parts: list[list[int]]) -> Iterator[tuple[Tensor, ...]] | None:
        """The rows of tensors at once: what a loader puts together one by one, and sooner."""
        old, tensors = self.loader, self.loader.dataset
        plain = old.collate_fn is default_collate and not old.num_workers and not old.pin_memory
        if type(tensors) is not TensorDataset or not plain:
            return None
        rows = map(torch.tensor, parts)
        return (tuple(tensor[chosen] for tensor in tensors.tensors) for chosen in rows)

    def _loader(self, parts: list[list[int]]) -> DataLoader[Any]:
        old = self.loader
        return DataLoader(
            old.dataset,
            batch_sampler=parts,
            num_workers=old.num_workers,
            collate_fn=old.collate_fn,
            pin_memory=old.pin_memory,
            timeout=old.timeout,
            worker_init_fn=old.worker_init_fn,
            multiprocessing_context=old.multiprocessing_context,
            generator=old.generator,
            prefetch_factor=old.prefetch_factor,
        )

    def order_state(self) -> dict[str, Tensor]:
        """The states of the generators that came with the loader."""
        return {name: g.get_state() for name, g in _generators(self.loader).items()}

    def load_order_state(self, state: dict[str, Tensor]) -> None:
        """Set them."""
        for name, generator in _generators(self.loader).items():
            generator.set_state(state[name])


def _part(batch: list[int], share: Share) -> list[int]:
    return batch[share.of(len(batch))] or batch[:1]


def _announce(loader: DataLoader[Any], number: int) -> None:
    """Tell a sampler that changes with the epoch (a curriculum, say) which one it is."""
    for sampler in (loader.sampler, loader.batch_sampler):
        announce = getattr(sampler, "set_epoch", None)
        if announce is not None:
            announce(number)


def _generators(loader: DataLoader[Any]) -> dict[str, torch.Generator]:
    owners = {"loader": loader, "sampler": loader.sampler, "batch_sampler": loader.batch_sampler}
    found = {name: getattr(owner, "generator", None) for name, owner in owners.items()}
    return {name: g for name, g in found.items() if isinstance(g, torch.Generator)}


@dataclass(frozen=True)
class StreamBatches:
    """Anything else that yields batches; every process reads all and keeps its rows."""

    name: str
    data: Iterable[Any]
    seed: int
    share: Share
    examples: int | None = None

    def epoch(self, number: int, skip: int = 0, limit: int | None = None) -> Iterator[Batch]:
        """See `Source`."""
        from accelerate.utils import slice_tensors

        with scoped(stream_seed(self.seed, number)):
            if isinstance(self.data, DataLoader):
                _announce(self.data, number)
            stream = iter(self.data)
        end = None if limit is None else skip + limit
        start = 0
        for place, batch in enumerate(islice(stream, end)):
            values = checked(self.name, batch)
            total = rows_of(self.name, values)
            part = self.share.of(total)
            count = part.stop - part.start
            if place >= skip:
                rows = part if count else slice(0, 1)
                own = values if count == total else slice_tensors(values, rows)
                yield Batch(own, count, total, start + part.start)
            start += total

    def order_state(self) -> dict[str, Tensor]:
        """The states of the generators that came with a loader."""
        if not isinstance(self.data, DataLoader):
            return {}
        return {name: g.get_state() for name, g in _generators(self.data).items()}

    def load_order_state(self, state: dict[str, Tensor]) -> None:
        """Set them."""
        if isinstance(self.data, DataLoader):
            for name, generator in _generators(self.data).items():
                generator.set_state(state[name])
