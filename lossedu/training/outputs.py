"""Outputs of many batches and processes as if they were of one."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from lossedu.training.batches import Batch

TAIL = 2048
"""Examples of an epoch's end that stand for it where there is no validation data."""


@dataclass
class Outputs:
    """What a model gave, with what the loss got besides, in the order of the examples.

    Attributes:
        most: Examples that are kept at least, the last ones; None: all.
        parts: One entry a batch: outputs, rest, how many count, how many in all, the first's place.
    """

    most: int | None = None
    parts: deque[tuple[Any, tuple[Any, ...], int, int, int]] = field(default_factory=deque)
    _held: int = 0

    def add(self, outputs: Any, rest: tuple[Any, ...], batch: Batch) -> None:
        """Keep a batch; the numbers are those of all processes, so that all keep the same ones."""
        self.parts.append((outputs, rest, batch.count, batch.total, batch.start))
        self._held += batch.total
        while self.most is not None and self._held - self.parts[0][3] >= self.most:
            self._held -= self.parts.popleft()[3]

    def __iter__(self) -> Iterator[tuple[Any, tuple[Any, ...], Batch]]:
        """Outputs, rest and numbers of each batch."""
        for outputs, rest, count, total, start in self.parts:
            yield outputs, rest, Batch(None, count, total, start)

    def clear(self) -> None:
        """Forget them."""
        self.parts.clear()
        self._held = 0

    def load(self, parts: list[Any]) -> None:
        """Take up what a checkpoint kept of `parts`."""
        self.parts = deque(parts)
        self._held = sum(part[3] for part in parts)

    def gathered(self, accelerator: Any) -> tuple[Any, tuple[Any, ...]]:
        """The outputs and the rest of all processes; the same in each.

        Raises:
            ValueError: If the outputs of batches have different shapes.
        """
        if not self.parts:
            return None, ()
        rows = [counted(outputs, rest, count) for outputs, rest, count, _, _ in self.parts]
        whole = _joined(rows) if len(rows) > 1 else rows[0]
        if accelerator.num_processes > 1:
            whole = self._from_all(accelerator, whole)
        outputs, rest = whole
        return outputs, tuple(rest)

    def _from_all(self, accelerator: Any, whole: Any) -> Any:
        from accelerate.utils import recursively_apply

        places = torch.cat([torch.arange(s, s + count) for _, _, count, _, s in self.parts])
        places = places.to(accelerator.device)
        # Processes hold different numbers of rows: all are filled up, and place -1 is left out.
        place = accelerator.gather(accelerator.pad_across_processes(places, pad_index=-1))
        order = place.argsort()[int((place < 0).sum()) :]

        def in_order(tensor: Tensor) -> Any:
            return accelerator.gather(accelerator.pad_across_processes(tensor))[order]

        return recursively_apply(in_order, whole)


def counted(outputs: Any, rest: tuple[Any, ...], count: int) -> tuple[Any, tuple[Any, ...]]:
    """Without the example that a process holds only to take part."""
    if count:
        return outputs, rest
    from accelerate.utils import slice_tensors

    none: tuple[Any, tuple[Any, ...]] = slice_tensors((outputs, rest), slice(0, 0))
    return none


def detached(outputs: Any) -> Any:
    """Tensors, in tuples, lists and mappings, without their graph; what holds none is left out."""
    if isinstance(outputs, Tensor):
        return outputs.detach()
    if isinstance(outputs, (tuple, list, Mapping)):
        from accelerate.utils import recursively_apply

        return recursively_apply(torch.Tensor.detach, outputs)
    return None


def plain(value: Any) -> Any:
    """What of a value a checkpoint can hold: a cache, say, is left out."""
    if isinstance(value, Mapping):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return (tuple if isinstance(value, tuple) else list)(map(plain, value))
    return value if isinstance(value, (Tensor, bool, int, float, str)) else None


def _joined(parts: Sequence[Any]) -> Any:
    """Batches as one; None where they hold neither tensors nor what holds them."""
    first = parts[0]
    if isinstance(first, Tensor):
        return _stacked(parts)
    if isinstance(first, Mapping):
        return type(first)({key: _joined([p[key] for p in parts]) for key in first})  # type: ignore[call-arg]
    if isinstance(first, (tuple, list)):
        if len({len(part) for part in parts}) > 1:  # names of examples, say
            return [each for part in parts for each in part]
        inner = [_joined(each) for each in zip(*parts, strict=True)]
        return type(first)(*inner) if hasattr(first, "_fields") else type(first)(inner)
    return None


def _stacked(tensors: Sequence[Tensor]) -> Tensor:
    if not any(tensor.ndim for tensor in tensors):
        return torch.stack(list(tensors))
    if len({tensor.shape[1:] for tensor in tensors}) > 1 or not all(t.ndim for t in tensors):
        shapes = ", ".join(sorted({str(tuple(t.shape)) for t in tensors})[:3])
        raise ValueError(
            "outputs and targets must have one row an example and the same width in every batch "
            f"where a metric reads those of all, but have shapes {shapes}. Hint: a metric with "
            "update and compute reads one batch after another."
        )
    return torch.cat(list(tensors))
