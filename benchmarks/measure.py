"""Time and memory of two ways to do the same thing, in turn, so that drift hits both alike."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch.profiler import ProfilerActivity, profile

ROUNDS = 15


@dataclass(frozen=True)
class Row:
    """One line of the results: two median times, and two peaks."""

    what: str
    size: str
    ours_ms: float
    peer_ms: float
    ours_mb: float
    peer_mb: float

    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        return (
            self.what,
            self.size,
            f"{self.ours_ms:.2f} ms",
            f"{self.peer_ms:.2f} ms",
            f"{self.ours_ms / self.peer_ms:.2f}",
            f"{self.ours_mb:.0f} / {self.peer_mb:.0f} MB",
        )


def _once(run: Callable[[], None], device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    run()
    if device == "cuda":
        torch.cuda.synchronize()
    return 1e3 * (time.perf_counter() - start)


def _peak_mb(run: Callable[[], None], device: str) -> float:
    """The most memory held at once beyond what was held before."""
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run()
        return (torch.cuda.max_memory_allocated() - before) / 2**20
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        run()
    events = recorded.profiler.kineto_results.events()
    changes = sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]")
    return max(accumulate(nbytes for _, nbytes in changes), default=0) / 2**20


def compare(
    what: str, size: str, ours: Callable[[], None], peer: Callable[[], None], device: str
) -> Row:
    """Warm both up, run them in turn, take medians."""
    times: dict[str, list[float]] = {"ours": [], "peer": []}
    for run in (ours, peer):
        run()
        run()
    for _ in range(ROUNDS):
        times["ours"].append(_once(ours, device))
        times["peer"].append(_once(peer, device))
    medians = (statistics.median(times[name]) for name in ("ours", "peer"))
    return Row(what, size, *medians, _peak_mb(ours, device), _peak_mb(peer, device))
