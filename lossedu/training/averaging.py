"""The running mean of a model's parameters, which is often better than the last ones."""

import copy
from typing import TYPE_CHECKING, Any

from torch import nn

from lossedu.losses._checks import check_number

if TYPE_CHECKING:
    from lossedu.training.loop import Run


class WeightAverage:
    r"""A callback that keeps an exponential mean of the parameters, in its checkpoints too.

    .. math:: \bar\theta_{t+1} = d\, \bar\theta_t + (1 - d)\, \theta_{t+1}

    Args:
        decay: :math:`d`, in [0, 1]: 0 is the parameters as they are, 1 those at the start.

    Attributes:
        model: The averaged model, once training has begun.  Its buffers are those of the trained
            one; update batch normalisation's with `torch.optim.swa_utils.update_bn`.
    """

    def __init__(self, decay: float = 0.999) -> None:
        check_number("decay", decay, low=0.0, high=1.0)
        self.decay = decay
        self.model: nn.Module | None = None

    def on_start(self, run: "Run") -> None:
        """Begin from the parameters as they are, unless a checkpoint brings others."""
        if self.model is None:
            self.model = copy.deepcopy(run.model).requires_grad_(False)

    def after_step(self, run: "Run") -> None:
        """Move the mean."""
        from torch.optim.swa_utils import get_ema_multi_avg_fn

        if self.model is None:
            raise RuntimeError("fit must call on_start before after_step, but did not.")
        means, values = list(self.model.parameters()), list(run.model.parameters())
        get_ema_multi_avg_fn(self.decay)(means, values, run.step)  # type: ignore[no-untyped-call]
        for mean, buffer in zip(self.model.buffers(), run.model.buffers(), strict=True):
            mean.copy_(buffer)

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {} if self.model is None else {"model": self.model.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        if state and self.model is not None:
            self.model.load_state_dict(state["model"])
