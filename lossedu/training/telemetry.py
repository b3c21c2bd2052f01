"""Figures of every step, kept on the device and fetched a block at a time.

Asking a device for a number makes the program wait for it.  Each step therefore leaves its figures
where they are, as tensors of no dimension; 64 steps, or one second, later they are fetched at once.
On a CPU there is nothing to wait for, and a NaN is seen before it enters the parameters.
"""

import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from lossedu.training.history import History

BLOCK_STEPS, BLOCK_SECONDS = 64, 1.0
SAMPLED = 1024
"""Entries of a larger tensor that the update-to-weight ratio is estimated from."""


@dataclass(slots=True)
class StepFigures:
    """What one step leaves on the device; ``loss`` is this process's part of the global loss."""

    loss: Tensor
    norms: Tensor
    norm: Tensor
    clipped: Tensor
    ratio: Tensor
    weight: Tensor | int
    learning_rate: float


class UpdateRatio:
    r"""The length of an update in units of the length of the parameters.

    .. math:: \lVert \theta_{t+1} - \theta_t \rVert \,/\, \lVert \theta_t \rVert

    Exact for tensors of up to 1,024 entries.  Of a larger tensor as many entries are looked at,
    evenly spread, and count for the others: copying all parameters in each step would cost more
    time than the estimate's error (some 4 %) is worth.
    """

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self._views = [_spread(parameter.detach()) for parameter in parameters]
        shares = [
            (p.numel() / max(len(v), 1)) ** 0.5
            for p, v in zip(parameters, self._views, strict=True)
        ]
        self._scale = None
        if any(share != 1 for share in shares):
            sizes = torch.tensor([len(view) for view in self._views])
            scale = torch.tensor(shares).repeat_interleave(sizes)
            self._scale = scale.to(self._views[0].device)
        self._before, self._length = self._seen()

    def _seen(self) -> tuple[Tensor, Tensor]:
        """The entries as they are now, each times the root of how many it stands for."""
        values = torch.cat(self._views)
        values = values if self._scale is None else values * self._scale
        return values, norm(values)

    def __call__(self) -> Tensor:
        """The ratio of the step between the last call and this one."""
        after, length = self._seen()
        ratio: Tensor = torch.dist(after, self._before) / self._length
        self._before, self._length = after, length
        return ratio

    def fingerprint(self) -> list[float]:
        """Two numbers that differ where parameters differ."""
        values = self._before.double()
        places = torch.arange(1, len(values) + 1, dtype=values.dtype, device=values.device)
        return torch.stack([values.norm(), (values * places.sin()).sum()]).tolist()


def _spread(parameter: Tensor) -> Tensor:
    """A view of evenly spread entries, not all in one column."""
    # A channels-last weight is contiguous in another order of its dimensions.
    dims = sorted(range(parameter.ndim), key=parameter.stride, reverse=True)
    dense = parameter.permute(dims)
    if not dense.is_contiguous():
        return dense[(0,) * (dense.ndim - 1)]
    entries = dense.view(-1)
    stride = max(1, math.ceil(len(entries) / SAMPLED))
    while stride > 1 and math.gcd(stride, dense.shape[-1]) != 1:
        stride += 1
    return entries[::stride]


def norm(values: Tensor) -> Tensor:
    """The Euclidean norm, summed in float32 or better, as float32."""
    wide = torch.promote_types(values.dtype, torch.float32)
    length: Tensor = torch.linalg.vector_norm(values, dtype=wide)
    return length.float()


def dense_parts(parameters: Sequence[nn.Parameter]) -> list[Tensor]:
    """The entries of each gradient that there is; of a sparse one those that it has."""
    found = []
    for parameter in parameters:
        gradient = parameter.grad
        if gradient is not None and gradient.is_sparse:
            parameter.grad = gradient = gradient.coalesce()  # a row that comes twice is summed
            gradient = gradient._values()
        found += [] if gradient is None else [gradient]
    return found


def gradient_norms(parameters: Sequence[nn.Parameter]) -> tuple[Tensor, Tensor]:
    """The norm of each parameter's gradient (0 where it has none), and of all together."""
    gradients = dense_parts(parameters)
    if not gradients:
        none = torch.zeros(len(parameters), device=parameters[0].device)
        return none, none.sum()
    norms = torch.stack(torch._foreach_norm(gradients))
    if len(gradients) != len(parameters):
        here = [k for k, p in enumerate(parameters) if p.grad is not None]
        every = norms.new_zeros(len(parameters))
        every[here] = norms
        norms = every
    return norms, norm(norms)


@dataclass
class StepTelemetry:
    """Collects figures of steps, and moves them into the history a block at a time.

    Attributes:
        history: Where they go.
        world: How many processes there are; with several, only the number of steps decides when a
            block ends, since all must fetch together.
        step: The number of the next step.
        loss_sum: The sum of losses of this epoch, each times its batch's weight.
        weight_sum: The sum of those weights.
    """

    history: History
    world: int = 1
    step: int = 0
    loss_sum: float = 0.0
    weight_sum: float = 0.0
    block: list[StepFigures] = field(default_factory=list)
    _examples: int = 0
    _since: float = field(default_factory=time.perf_counter)

    def add(self, figures: StepFigures, examples: int) -> bool:
        """Keep a step's figures; returns whether it is time to fetch."""
        self.block.append(figures)
        self._examples += examples
        full = len(self.block) >= BLOCK_STEPS
        return full or (self.world == 1 and time.perf_counter() - self._since > BLOCK_SECONDS)

    def fetch(self, epoch: int, accelerator: Any) -> list[dict[str, float]]:
        """Move the block into the history; returns its rows."""
        if not self.block:
            return []
        values = torch.stack([torch.stack([f.loss for f in self.block]).float(), *self._norms()])
        if self.world > 1:
            values[0] = accelerator.reduce(values[0].clone(), "sum")
        losses, norms, clipped, ratios = values.tolist()
        speed = self._examples / max(time.perf_counter() - self._since, 1e-9)
        memory = memory_mb(values.device)
        rows = []
        for k, figures in enumerate(self.block):
            weight = float(figures.weight)
            self.loss_sum += losses[k] * weight
            self.weight_sum += weight
            row = {"step": self.step + k, "epoch": epoch, "loss": losses[k]}
            row |= {"gradient_norm": norms[k], "gradient_norm_clipped": clipped[k]}
            row |= {"update_ratio": ratios[k], "learning_rate": figures.learning_rate}
            rows.append(row | {"examples_per_second": speed, "memory_mb": memory})
            self.history.add("steps", rows[-1])
        self.step += len(self.block)
        self.block.clear()
        self.resume_clock()
        return rows

    def _norms(self) -> list[Tensor]:
        columns = ("norm", "clipped", "ratio")
        return [torch.stack([getattr(f, name) for f in self.block]).float() for name in columns]

    def first_nonfinite(self, rows: Sequence[dict[str, float]]) -> int | None:
        """The place in a block of the first step whose loss or gradient is not finite."""
        bad = (
            k
            for k, row in enumerate(rows)
            if not (math.isfinite(row["loss"]) and math.isfinite(row["gradient_norm"]))
        )
        return next(bad, None)

    def train_loss(self) -> float:
        """The mean of this epoch's losses, each batch by its weight; starts the next epoch."""
        mean = self.loss_sum / self.weight_sum if self.weight_sum else math.nan
        self.loss_sum = self.weight_sum = 0.0
        return mean

    def resume_clock(self) -> None:
        """What has happened since the last fetch (a validation, say) is no training time."""
        self._examples, self._since = 0, time.perf_counter()


def memory_mb(device: torch.device) -> float:
    """The most memory held so far: of the device, or of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    return peak_memory_mb()


def peak_memory_mb() -> float:
    """The most memory that this process has held so far."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        import psutil

        return float(psutil.Process().memory_info().peak_wset) / 2**20
    unit = 1 if sys.platform == "darwin" else 2**10  # macOS counts bytes, others KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
