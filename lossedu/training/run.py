"""A run: how long it goes on, and what a callback sees of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn
from torch.optim import Optimizer

from lossedu.training.early_stopping import EarlyStopping
from lossedu.training.epoch_figures import Metric
from lossedu.training.forward import Forward, Loss
from lossedu.training.history import History


@dataclass(frozen=True)
class Plan:
    """How long to train and what to look at; see `fit`."""

    epochs: int | None
    steps: int | None
    accumulate: int
    clip: float | None
    metrics: Mapping[str, Metric]
    early_stopping: EarlyStopping | None


@dataclass
class Run:
    """What a callback sees, and may change.

    Attributes:
        model: The model, without what accelerate, ``torch.compile`` or
            DistributedDataParallel wraps around it.
        loss: The loss, or what computes it: ``forward``.
        optimizer: The optimizer.
        history: Complete at the end of an epoch; within one, some steps behind.
        step: How many optimizer steps are behind it.
        epoch: The number of the epoch.
        batch: How many batches of the epoch are behind it.
        stopped: Why it stops, or empty.
    """

    model: nn.Module
    loss: Loss | Forward
    optimizer: Optimizer
    history: History
    step: int = 0
    epoch: int = 0
    batch: int = 0
    stopped: str = ""

    def stop(self, reason: str) -> None:
        """Stop after this step or epoch."""
        self.stopped = self.stopped or reason
