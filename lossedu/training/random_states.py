"""The random states that a run depends on: captured, restored, and kept out of the caller's way."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


def stream_seed(*parts: int) -> int:
    """A seed of 32 bits for the stream that ``parts`` name, unlike those of its neighbours.

    Example:
        >>> stream_seed(0, 1) != stream_seed(1, 0)
        True
    """
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


def check_seed(name: str, seed: int) -> None:
    """Refuse what NumPy does not take for a seed."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"{name} must be a whole number from 0 to 2**32 - 1, but is {seed!r}.")


def capture() -> dict[str, Any]:
    """The states of torch (CPU and CUDA), Python and NumPy."""
    states: dict[str, Any] = {"torch": torch.get_rng_state(), "python": random.getstate()}
    name, keys, *rest = np.random.get_state(legacy=True)
    states["numpy"] = (name, torch.from_numpy(np.asarray(keys, np.int64)), *rest)
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state()
    return states


def restore(states: dict[str, Any]) -> None:
    """Go back to what `capture` has seen."""
    torch.set_rng_state(states["torch"])
    version, internal, gauss = states["python"]
    random.setstate((version, tuple(internal), gauss))
    name, keys, *rest = states["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"])


def same(one: Any, other: Any) -> bool:
    """Whether two states of `capture` are the same."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, tuple):
        return all(map(same, one, other))
    return bool(one == other)


@contextmanager
def scoped(seed: int) -> Iterator[None]:
    """Draw from a stream of its own, and leave the surrounding one as it was."""
    from accelerate.utils import set_seed

    check_seed("seed", seed)
    before = capture()
    try:
        set_seed(seed)
        yield
    finally:
        restore(before)
