"""Time and memory of two ways to do the same thing, in turn, so that drift hits both alike."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch.profiler import ProfilerActivity, profile

SECONDS = 12.0  # for one row, so that a slow peer is run fewer times
ROUNDS = range(3, 16)
LONG = 500.0  # milliseconds: a run that needs no other to be warm
SHORT = 2.0  # milliseconds: less is not measured by itself but several times on end

Step = Callable[[], torch.Tensor]


class DisagreementError(Exception):
    """Two implementations of one loss do not give one value."""


@dataclass(frozen=True)
class Measured:
    """Median milliseconds and peak megabytes; None: not run, or not measured."""

    ms: float | None
    mb: float | None = None


@dataclass(frozen=True)
class Row:
    """One line of the results.

    Attributes:
        what: What is computed.
        size: On how much.
        peer_name: What it is compared with; empty if nothing else can do it.
        ours: Our figures.
        peer: The other's figures.
        target: The ratio of times that is aimed at, or None.
        memory_target: The ratio of memory that is aimed at, or None.
        limit: What is aimed at where there is no peer, as text, and whether it is met.
    """

    what: str
    size: str
    peer_name: str
    ours: Measured
    peer: Measured | None
    target: float | None = None
    memory_target: float | None = None
    limit: tuple[str, bool] | None = None

    @property
    def ratio(self) -> float | None:
        """Our time in units of the peer's."""
        return self.ours.ms / self.peer.ms if self.peer and self.peer.ms else None

    @property
    def memory_ratio(self) -> float | None:
        """Our peak memory in units of the peer's."""
        if self.peer is None or not self.peer.mb or self.ours.mb is None:
            return None
        return self.ours.mb / self.peer.mb

    @property
    def met(self) -> bool:
        """Whether everything that is aimed at is reached."""
        pairs = ((self.ratio, self.target), (self.memory_ratio, self.memory_target))
        reached = all(is_ is None or aim is None or is_ <= aim for is_, aim in pairs)
        return reached and (self.limit is None or self.limit[1])

    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        aims = [] if self.target is None else [f"≤ {self.target:g} time"]
        aims += [] if self.memory_target is None else [f"≤ {self.memory_target:g} memory"]
        aims += [] if self.limit is None else [self.limit[0]]
        verdict = f"{', '.join(aims)}: {'yes' if self.met else 'no'}" if aims else ""
        return (
            self.what,
            self.size,
            self.peer_name or "–",
            _time(self.ours.ms),
            _time(self.peer.ms) if self.peer else "–",
            f"{self.ratio:.2g}" if self.ratio is not None else "–",
            f"{_memory(self.ours)} / {_memory(self.peer)}",
            verdict,
        )


def _time(ms: float | None) -> str:
    if ms is None:
        return "not run"
    return f"{ms:.3g} ms" if ms < 1000 else f"{ms / 1000:.3g} s"


def _memory(measured: Measured | None) -> str:
    return "–" if measured is None or measured.mb is None else f"{measured.mb:.3g}"


def step(loss: Callable[..., torch.Tensor], leaf: torch.Tensor, *others: torch.Tensor) -> Step:
    """One forward and backward pass."""

    def run() -> torch.Tensor:
        leaf.grad = None
        value = loss(leaf, *others)
        value.backward()
        return value.detach()

    return run


def once(run: Step, device: str) -> float:
    """Milliseconds of one run."""
    if device == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    run()
    if device == "cuda":
        torch.cuda.synchronize()
    return 1e3 * (time.perf_counter() - start)


def warm(run: Step, device: str) -> float:
    """Milliseconds of a run after another of the same, as in training: its memory is at hand."""
    first = once(run, device)
    if first >= LONG:
        return first
    several = max(1, round(SHORT / first))

    def repeated() -> torch.Tensor:
        for _ in range(several - 1):
            run()
        return run()

    return once(repeated, device) / several


def peak_mb(run: Callable[[], object], device: str) -> float:
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


def alone(run: Step, device: str) -> Measured:
    """Measure what nothing else can do: once for memory, and again for time if that was short."""
    start = time.perf_counter()
    mb = peak_mb(run, device)
    taken = 1e3 * (time.perf_counter() - start)
    return Measured(taken if taken > 10 * LONG else once(run, device), mb)


def compare(
    ours: Step, peer: Step, device: str, *, same: float | None
) -> tuple[Measured, Measured]:
    """Warm both up, check that they agree, run them in turn, take medians.

    Args:
        ours: One forward and backward pass of ours, returning the loss.
        peer: The same of the other.
        device: Where they run.
        same: The relative difference of the two losses that is rounding; None where they are
            different losses by their definition.

    Raises:
        DisagreementError: If the losses differ by more.
    """
    mine, theirs = float(ours()), float(peer())
    if same is not None and abs(mine - theirs) > same * abs(theirs):
        raise DisagreementError(f"ours is {mine!r}, the peer's {theirs!r}")
    pair = once(ours, device) + once(peer, device)
    rounds = min(max(int(1e3 * SECONDS / pair), ROUNDS.start), ROUNDS.stop)
    times = [(warm(ours, device), warm(peer, device)) for _ in range(rounds)]
    ours_ms, peer_ms = (statistics.median(column) for column in zip(*times, strict=True))
    return Measured(ours_ms, peak_mb(ours, device)), Measured(peer_ms, peak_mb(peer, device))


def copy_bandwidth(device: str) -> float:
    """Bytes a millisecond that a plain copy reads and writes."""
    source = torch.empty(2**26, device=device)
    target = torch.empty_like(source)
    times = [once(lambda: target.copy_(source), device) for _ in range(7)]
    return 2 * source.numel() * source.element_size() / statistics.median(times)
