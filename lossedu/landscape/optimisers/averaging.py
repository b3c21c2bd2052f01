"""Averages of weights along a run, with batch norm's statistics made anew."""

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from lossedu.arguments.checks import check_count, check_number
from lossedu.landscape.objective.objective import Objective
from lossedu.training.averaging import WeightAverage
from lossedu.training.batches import Data
from lossedu.training.forward import Forward
from lossedu.training.module_states import unwrapped

if TYPE_CHECKING:
    from lossedu.training.run import Run


class EqualAverage(WeightAverage):
    r"""A callback for `fit` that averages the weights of many steps alike.

    .. math:: \bar\theta_n = \frac1n \sum_{k=1}^{n} \theta_{s + k m}

    Args:
        start: :math:`s`: the first steps are left out; at least 0.
        every: :math:`m`: how many steps lie between two that count; at least 1.

    Attributes:
        model: The averaged model, once training has begun; call `update_batch_norm` on it.
        count: How many points it is the mean of.

    Raises:
        ValueError: If an argument is out of range.

    References:
        P. Izmailov et al., Averaging weights leads to wider optima and better generalization, UAI
        2018, arXiv 1803.05407.
    """

    def __init__(self, start: int, every: int = 1) -> None:
        check_number("start", start, low=0)
        check_count("every", every)
        super().__init__()
        self.start, self.every = start, every
        self.count = 0

    def after_step(self, run: "Run") -> None:
        """Take the step's weights into the mean, if it counts."""
        if run.step <= self.start or (run.step - self.start) % self.every:
            return
        self.decay = self.count / (self.count + 1)
        super().after_step(run)
        self.count += 1

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {**super().state_dict(), "count": self.count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        super().load_state_dict(state)
        self.count = state["count"]


def average_weights(
    model: nn.Module,
    states: Sequence[Mapping[str, Tensor]],
    data: Data | None = None,
    *,
    forward: Forward | None = None,
) -> nn.Module:
    """A new model whose parameters are the arithmetic mean of several.

    Args:
        model: The structure; it stays as it is.
        states: The ``state_dict`` of each.  Buffers are those of the last.
        data: What batch norm's statistics are made from; None leaves those of the last.
        forward: As for `Objective`.

    Returns:
        The averaged model, in evaluation mode.

    Raises:
        ValueError: If there are no states.
    """
    from torch.optim.swa_utils import AveragedModel

    if not states:
        raise ValueError("states must hold at least one state_dict, but are empty.")
    current = copy.deepcopy(model)
    dtypes = [parameter.dtype for parameter in current.parameters()]
    for parameter in current.parameters():
        # A running mean in half precision stops where a term is less than its rounding.
        if parameter.is_floating_point() and parameter.element_size() < 4:
            parameter.data = parameter.data.float()
    averaged = AveragedModel(current)
    for state in states:
        current.load_state_dict(state)
        averaged.update_parameters(current)
    mean: nn.Module = averaged.module
    for parameter, dtype in zip(mean.parameters(), dtypes, strict=True):
        parameter.data = parameter.data.to(dtype)
    for buffer, last in zip(mean.buffers(), current.buffers(), strict=True):
        buffer.copy_(last)
    if data is not None:
        update_batch_norm(mean, data, forward=forward)
    return mean.eval()


def update_batch_norm(
    model: nn.Module,
    data: Data,
    *,
    forward: Forward | None = None,
    batch_size: int | None = None,
) -> None:
    """Give batch norm the statistics that it has at the model's weights, in place.

    Like `torch.optim.swa_utils.update_bn`, but batches count by their examples, and dropout is
    off.  Without batch norm nothing happens, and data are not read.

    Args:
        model: Also wrapped, as for `Objective`.  Only the buffers of its batch norm layers change.
        data: As for `Objective`.
        forward: As for `Objective`; by default the model gets the first part of each batch.
        batch_size: As for `Objective`.
    """
    model = unwrapped(model)
    if not any(isinstance(module, _BatchNorm) for module in model.modules()):
        return
    settings: dict[str, Any] = {"parameters": lambda _: True, "batch_size": batch_size}
    loss = _nothing if forward is None else None
    objective = Objective(model, loss, data, forward=forward, **settings)
    statistics = objective.statistics(objective.point)
    for name, buffer in model.named_buffers():
        if name.rpartition(".")[2] in ("running_mean", "running_var"):
            buffer.copy_(statistics[name])


def _nothing(outputs: Tensor, *_: Any) -> Tensor:
    """A loss that nobody asks for: only the model is run."""
    return outputs.sum()
