"""The loss at many places of a line or plane: each once, shared by processes, kept in a file."""

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lossedu.landscape.objective.digest import digest_of
from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.slices.store import Place, Store
from lossedu.training import progress as bars

SHOWN_EVERY_S = 0.1
_SHARES = 32  # how often processes tell each other what they have found
_SAME = 1e-3  # a resumed run may compute on another machine


class Chart(Protocol):
    """Coordinates of a piece of parameter space."""

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """What it depends on."""

    def locate(self, place: Place, out: Tensor) -> None:
        """Write the point at a place into ``out``."""


@dataclass(frozen=True, eq=False)
class Flat:
    r"""Origin and directions: :math:`\theta = o + \sum_k c_k d_k`."""

    origin: Tensor
    directions: tuple[Tensor, ...]

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Origin, then directions."""
        return self.origin, *self.directions

    def locate(self, place: Place, out: Tensor) -> None:
        """The point at coordinates, in place: nothing is allocated."""
        out.copy_(self.origin)
        for step, direction in zip(place, self.directions, strict=True):
            out.add_(direction, alpha=step)


@dataclass(frozen=True, eq=False)
class Segment:
    """From one point (place 0) to another (place 1), which both are met exactly."""

    start: Tensor
    end: Tensor

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Both ends."""
        return self.start, self.end

    def locate(self, place: Place, out: Tensor) -> None:
        """The point at a share of the way."""
        torch.lerp(self.start, self.end, place[0], out=out)


@dataclass
class Survey:
    """Losses on a chart.

    Attributes:
        objective: What is evaluated.
        chart: Where.
        store: What is known already.
        show: Told how many places are known, and the last loss.
        evaluations: How many places this run has evaluated, all processes together.
    """

    objective: Objective
    chart: Chart
    store: Store
    show: bars.Progress
    _theta: Tensor
    value: Callable[[], float]
    evaluations: int = 0
    _shown_s: float = 0.0

    def __call__(self, places: Sequence[Place]) -> NDArray[np.float64]:
        """The loss at each place, in order; evaluated where it is not known."""
        known = self.store.known
        missing = [place for place in dict.fromkeys(places) if place not in known]
        if processes() == 1:
            for place in missing:
                self._add(place, self._loss(place))
        else:
            for share in _shares(missing):
                self._add_all(share)
        return np.array([known[place] for place in places], dtype=np.float64)

    def _add_all(self, places: list[Place]) -> None:
        """Every process evaluates its part, and gets those of the others."""
        rank, world = torch.distributed.get_rank(), torch.distributed.get_world_size()
        found: list[Any] = [None] * world
        mine = [self._loss(place) for place in places[rank::world]]
        torch.distributed.all_gather_object(found, mine)
        for other, losses in enumerate(found):
            for place, loss in zip(places[other::world], losses, strict=True):
                self._add(place, loss)

    def _loss(self, place: Place) -> float:
        self.chart.locate(place, self._theta)
        return self.value()

    def _add(self, place: Place, loss: float) -> None:
        self.evaluations += 1
        self.store.add(place, loss)
        now = time.monotonic()
        if now - self._shown_s > SHOWN_EVERY_S:
            self._shown_s = now
            self.show(len(self.store.known), {"loss": loss})

    def check_start(self) -> None:
        """Compare the loss at the start with the file's: the loss's own code has no digest.

        Raises:
            ValueError: If it is another one.
        """
        start = (0.0,) * (len(self.chart.tensors) - 1)
        if start not in self.store.known:
            self([start])
            return
        now, then = self._loss(start), self.store.known[start]
        if not math.isclose(now, then, rel_tol=_SAME) and not (
            math.isnan(now) and math.isnan(then)
        ):
            raise ValueError(
                f"file must be of this run, but the loss at the start is {then:g} there and "
                f"{now:g} here. Hint: another loss wants another file."
            )


@contextmanager
def survey(
    objective: Objective, chart: Chart, *, file: str | Path | None, progress: bool, total: int
) -> Iterator[Survey]:
    """Open a file and a bar; whatever happens, what is known is written.

    Args:
        objective: What is evaluated.
        chart: Where.
        file: Where finished places are kept, or None.
        progress: Whether to show a bar in a terminal.
        total: How many places there are at most.
    """
    main = is_main()
    digest = ""
    if file is not None:
        digest = digest_of((type(chart).__name__, objective.digest()), chart.tensors)
    store = Store(file, digest, writes=main)
    with torch.inference_mode(False):
        theta = chart.tensors[0].clone()
    bar = bars.progress_bar(total, shown=progress and main)
    with bar as show, objective.following(theta) as value:
        found = Survey(objective, chart, store, show, theta, value)
        try:
            if file is not None:
                _agree_on(store)
                found.check_start()
            yield found
        finally:
            store.save()


def processes() -> int:
    """How many processes share the work: as many as torch or a launcher has started."""
    if not torch.distributed.is_available():
        return 1
    if not torch.distributed.is_initialized() and int(os.environ.get("WORLD_SIZE", "1")) > 1:
        from accelerate import PartialState

        from lossedu.training.process_group import ended_at_exit

        with ended_at_exit():
            PartialState()
    return torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1


def is_main() -> bool:
    """Whether this process is the one of all that writes files."""
    return processes() == 1 or torch.distributed.get_rank() == 0


def _shares(places: list[Place]) -> Iterator[list[Place]]:
    size = max(torch.distributed.get_world_size(), math.ceil(len(places) / _SHARES))
    for k in range(0, len(places), size):
        yield places[k : k + size]


def _agree_on(store: Store) -> None:
    """Go on from the main process's file: another process may read it before or after a change."""
    if processes() > 1:
        known = [store.known]
        torch.distributed.broadcast_object_list(known)
        store.known = known[0]
