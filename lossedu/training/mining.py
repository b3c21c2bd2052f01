"""Losses that look beyond an example: at its batch, at other processes, at the run so far."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor

from lossedu.arguments.checks import check_number
from lossedu.losses import gather_batch, hard_example_mask, sigmoid_focal_loss

if TYPE_CHECKING:
    from lossedu.training.run import Run

Reduction = Literal["mean", "sum", "none"]


@dataclass(frozen=True)
class HardExamples:
    r"""Train on the hardest examples of each batch only.

    .. math:: \frac{1}{|H|} \sum_{i \in H} \ell_i, \qquad H = \text{the } \lceil \text{keep} \cdot
        n \rceil \text{ examples of largest loss}

    The trap: where labels are wrong, the hardest examples are the wrong ones; and where classes
    overlap, a model that hedges everything has the smallest largest loss.

    Attributes:
        loss: Any loss that takes ``reduction="none"``.
        keep: The share of a batch to train on, in (0, 1].  At 1 this is the loss itself; towards 0
            it is the largest loss of the batch.

    Example:
        >>> from lossedu.losses import mse_loss
        >>> loss = HardExamples(mse_loss, keep=0.5)
        >>> loss(torch.tensor([0.0, 1.0, 2.0, 3.0]), torch.zeros(4)).item()
        6.5

    References:
        A. Shrivastava, A. Gupta, R. Girshick, Training region-based object detectors with online
        hard example mining, CVPR 2016, arXiv 1604.03540.
    """

    loss: Callable[..., Tensor]
    keep: float = 0.25

    def __post_init__(self) -> None:
        """Refuse a share that keeps nothing, before a run begins."""
        hard_example_mask(torch.zeros(1), keep=self.keep)

    def __call__(self, outputs: Any, *rest: Any, reduction: Reduction = "mean") -> Tensor:
        """The loss of the hardest; with ``"none"`` that of every example, for telemetry."""
        values = self.loss(outputs, *rest, reduction="none")
        if reduction == "none":
            return values
        hard = hard_example_mask(values, keep=self.keep)
        total = torch.where(hard, values, 0.0).sum()
        return total / hard.sum().clamp(min=1) if reduction == "mean" else total


class AdaptiveFocus:
    r"""A focal loss whose focus follows the share of easy examples.

    .. math:: \gamma_{t+1} = \gamma_\text{most} \, (1 - h_t)

    with h the rate of hard examples of epoch t (those whose truth has a probability below one
    half).  The first epoch runs at gamma 0, which is cross-entropy: a model that knows nothing has
    no easy examples to neglect.  Give it to `fit` twice, as the loss and among the callbacks.

    Args:
        loss: A focal loss: any loss that takes ``gamma`` and ``reduction``.
        most: The focus where no example is hard, at least 0; at 0 it is always cross-entropy.

    Attributes:
        gamma: The focus now.

    Raises:
        ValueError: If most is below 0.

    Example:
        >>> focus = AdaptiveFocus(most=2.0)
        >>> focus(torch.tensor([0.0]), torch.tensor([1.0])).item()
        0.6931471824645996
    """

    def __init__(self, loss: Callable[..., Tensor] = sigmoid_focal_loss, *, most: float = 2.0):
        check_number("most", most, low=0.0)
        self.loss, self.most, self.gamma = loss, most, 0.0

    def __call__(self, outputs: Any, *rest: Any, reduction: Reduction = "mean") -> Tensor:
        """The loss at the focus of now."""
        return self.loss(outputs, *rest, gamma=self.gamma, reduction=reduction)

    def after_epoch(self, run: "Run") -> None:
        """Choose the focus of the next epoch."""
        hard = run.history.last("hard_example_rate")
        if hard == hard:  # NaN where the outputs are no classes
            self.gamma = self.most * (1 - hard)

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"gamma": self.gamma}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.gamma = float(state["gamma"])


@dataclass(frozen=True)
class AcrossProcesses:
    """Compute a loss of pairs or lists over the batches of all processes together.

    InfoNCE then has all other processes' examples as negatives, and a ranking loss compares items
    that lie in different processes.  All processes need as many examples; outside a process group
    this is the loss itself.  Only ``"none"``, which telemetry asks for, gathers nothing.

    Attributes:
        loss: A loss whose value depends on the whole batch.

    Example:
        >>> from lossedu.losses import pairwise_logistic_loss
        >>> loss = AcrossProcesses(pairwise_logistic_loss)
        >>> loss(torch.tensor([0.0, 0.0]), torch.tensor([1.0, 0.0])).item()
        0.6931471824645996
    """

    loss: Callable[..., Tensor]

    def __call__(self, outputs: Any, *rest: Any, reduction: Reduction = "mean") -> Tensor:
        """The loss of the gathered batch: the same in every process."""
        if reduction == "none":
            return self.loss(outputs, *rest, reduction=reduction)
        return self.loss(_gathered(outputs), *map(_gathered, rest), reduction=reduction)


def _gathered(value: Any) -> Any:
    if isinstance(value, Tensor):
        return gather_batch(value)
    if isinstance(value, tuple):
        return tuple(map(_gathered, value))
    return value
