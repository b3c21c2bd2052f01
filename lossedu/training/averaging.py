"""The running mean of a model's parameters, which is often better than the last ones."""

import copy
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from lossedu.arguments.checks import check_number
from lossedu.training.module_states import load_by_name

if TYPE_CHECKING:
    from lossedu.training.run import Run


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
        self._wide: dict[str, Tensor] = {}

    def on_start(self, run: "Run") -> None:
        """Begin from the parameters as they are, unless a checkpoint brings others."""
        if self.model is None:
            self.model = _plain_copy(run.model).requires_grad_(False)
            # A mean in half precision stops where a step towards it is less than its rounding.
            self._wide = {
                name: parameter.detach().float()
                for name, parameter in self.model.named_parameters()
                if parameter.is_floating_point() and parameter.element_size() < 4
            }

    def after_step(self, run: "Run") -> None:
        """Move the mean."""
        from torch.optim.swa_utils import get_ema_multi_avg_fn

        if self.model is None:
            raise RuntimeError("fit must call on_start before after_step, but did not.")
        wide, own = self._wide, dict(self.model.named_parameters())
        means = [wide.get(name, mean) for name, mean in own.items()]
        pairs = zip(means, run.model.parameters(), strict=True)
        values = [value.detach().to(mean.dtype) for mean, value in pairs]
        get_ema_multi_avg_fn(self.decay)(means, values, run.step)  # type: ignore[no-untyped-call]
        for name, mean in wide.items():
            own[name].copy_(mean)
        for mean, buffer in zip(self.model.buffers(), run.model.buffers(), strict=True):
            mean.copy_(buffer)

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {} if self.model is None else {"model": self.model.state_dict(), "wide": self._wide}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        if state and self.model is not None:
            load_by_name(self.model, state["model"])
            for name, mean in state.get("wide", {}).items():
                self._wide[name].copy_(mean)


def _plain_copy(model: nn.Module) -> nn.Module:
    """A copy without what accelerate has wrapped around ``forward`` for the run."""
    from accelerate.utils import extract_model_from_parallel

    copied: nn.Module = extract_model_from_parallel(copy.deepcopy(model), keep_fp32_wrapper=False)
    for mark in ("_is_accelerate_prepared", "_original_forward"):
        copied.__dict__.pop(mark, None)
    return copied
