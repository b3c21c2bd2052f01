"""Models that forget activations and compute them again in the backward pass, as if they did not.

`torch.utils.checkpoint` calls a part of the model a second time, later, when the parameters of a
functional call have been taken out again: without reentrance it fails, and with it the parameters'
gradient, which goes through no input, is silently 0.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch.utils import checkpoint


class _Direct:
    """Takes the place of the function that recomputes with reentrance."""

    @staticmethod
    def apply(function: Callable[..., Any], preserve_rng_state: bool, *inputs: Any) -> Any:
        """Call it, once and for all."""
        return function(*inputs)


def _nothing_around(*arguments: Any, **options: Any) -> Iterator[None]:
    """Takes the place of what goes around a call that is recomputed without reentrance."""
    yield


_PLAIN = {
    "CheckpointFunction": _Direct,
    "_checkpoint_without_reentrant_generator": _nothing_around,
}


@contextmanager
def activations_kept() -> Iterator[None]:
    """Let `torch.utils.checkpoint` keep all activations: right gradients for more memory."""
    before = {name: getattr(checkpoint, name) for name in _PLAIN if hasattr(checkpoint, name)}
    for name in before:
        setattr(checkpoint, name, _PLAIN[name])
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(checkpoint, name, value)
