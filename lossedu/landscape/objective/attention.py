"""Attention by formulas that can be differentiated twice, and that are the same in every mode."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel


@contextmanager
def plain_attention() -> Iterator[None]:
    """Attention by plain formulas: fused kernels have no second derivative.

    The inference kernel of `torch.nn.TransformerEncoder` is off as well: it gives other values at
    padded places than the model does in training.
    """
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
