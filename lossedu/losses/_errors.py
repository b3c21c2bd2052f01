"""What losses of one error share."""

from torch import Tensor


def huber(error: Tensor, delta: float | Tensor) -> Tensor:
    """The Huber loss of each error: half of its square up to delta, beyond it a line."""
    clipped = error.clamp(-delta, delta)  # type: ignore[arg-type]  # two of a kind, either kind
    return clipped * (error - clipped / 2)
