"""Outputs of many batches and processes as if they were of one."""

from collections import deque
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

    def clear(self) -> None:
        """Forget them."""
        self.parts.clear()
        self._held = 0

    def load(self, parts: list[Any]) -> None:
        """Take up what a checkpoint kept of `parts`."""
        self.parts = deque(parts)
        self._held = sum(part[3] for part in parts)

    def gathered(self, accelerator: Any) -> tuple[Any, tuple[Any, ...]]:
        """The outputs and the rest of all processes; the same in each."""
        from accelerate.utils import concatenate, slice_tensors

        if not self.parts:
            return None, ()
        none = slice(0, 0)
        rows = [
            (outputs, rest) if count else slice_tensors((outputs, rest), none)
            for outputs, rest, count, _, _ in self.parts
        ]
        whole = concatenate(rows) if len(rows) > 1 else rows[0]
        if accelerator.num_processes > 1:
            whole = self._from_all(accelerator, whole)
        outputs, rest = whole
        return outputs, tuple(rest)

    def _from_all(self, accelerator: Any, whole: Any) -> Any:
        from accelerate.utils import recursively_apply

        places = torch.cat([torch.arange(s, s + count) for _, _, count, _, s in self.parts])
        places = places.to(accelerator.device)
        # Processes hold different numbers of rows: all are filled up, and place -1 is left out.
        filled = accelerator.pad_across_processes(places, pad_index=-1)
        padded = accelerator.pad_across_processes(whole)
        place = accelerator.gather(filled)
        order = place.argsort()[int((place < 0).sum()) :]

        def in_order(tensor: Tensor) -> Tensor:
            return tensor[order]

        return recursively_apply(in_order, accelerator.gather(padded))
