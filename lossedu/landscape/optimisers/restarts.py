"""Cyclic learning rates with warm restarts, and the snapshots that belong to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts

from lossedu.arguments.checks import check_count, check_number

if TYPE_CHECKING:
    from lossedu.training.run import Run


@dataclass(frozen=True)
class WarmRestarts:
    """A cyclic schedule.

    Attributes:
        schedule: Torch's scheduler; it moves after every step.
        snapshot_steps: After how many steps each cycle ends: there the rate is lowest.
    """

    schedule: CosineAnnealingWarmRestarts
    snapshot_steps: tuple[int, ...]

    @property
    def steps(self) -> int:
        """How many steps all cycles take."""
        return self.snapshot_steps[-1]


def warm_restarts(
    optimizer: Optimizer, *, period: int, cycles: int, factor: int = 1, lowest: float = 0.0
) -> WarmRestarts:
    r"""Let the learning rate fall along half a cosine, again and again.

    .. math:: \eta_t = \eta_{min} + \tfrac12 (\eta_0 - \eta_{min}) (1 + \cos(\pi t / T_i)), \qquad
        T_{i+1} = f\, T_i

    Args:
        optimizer: Its learning rate is the highest, :math:`\eta_0`.
        period: Steps of the first cycle, :math:`T_0`.
        cycles: How many cycles.
        factor: How many times as long each cycle is as the one before, :math:`f`.
        lowest: :math:`\eta_{min}`, at most the learning rate of each group.

    Raises:
        ValueError: If an argument is out of range.

    References:
        I. Loshchilov, F. Hutter, SGDR: stochastic gradient descent with warm restarts, ICLR 2017,
        arXiv 1608.03983; G. Huang et al., Snapshot ensembles, ICLR 2017, arXiv 1704.00109.
    """
    for name, value in (("period", period), ("cycles", cycles), ("factor", factor)):
        check_count(name, value)
    highest = min(float(group["lr"]) for group in optimizer.param_groups)
    check_number("lowest", lowest, low=0.0, high=highest)
    schedule = CosineAnnealingWarmRestarts(optimizer, period, factor, lowest)
    ends = (period * sum(factor**i for i in range(k + 1)) for k in range(cycles))
    return WarmRestarts(schedule, tuple(ends))


class Snapshots:
    """A callback for `fit` that keeps the model's ``state_dict`` after certain steps.

    Args:
        steps: After how many steps, such as `WarmRestarts.snapshot_steps`.

    Attributes:
        states: One ``state_dict`` for each step that has passed, in order, on the CPU.
    """

    def __init__(self, steps: Sequence[int]) -> None:
        self._steps = frozenset(steps)
        self.states: list[dict[str, Tensor]] = []

    def after_step(self, run: "Run") -> None:
        """Keep a copy, if it is time."""
        if run.step in self._steps:
            state = run.model.state_dict()
            self.states.append({k: t.detach().to("cpu", copy=True) for k, t in state.items()})

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"states": self.states}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.states = list(state["states"])
