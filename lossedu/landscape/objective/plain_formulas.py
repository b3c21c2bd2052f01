"""Formulas in place of kernels whose second derivative is missing or wrong."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from lossedu.landscape.objective.attention import plain_attention
from lossedu.landscape.objective.recomputation import activations_kept


@contextmanager
def plain_formulas() -> Iterator[None]:
    """Let a model be differentiated twice, whatever it is made of."""
    with plain_attention(), activations_kept(), _plain_weight_norm():
        yield


def _weight_norm(v: Tensor, g: Tensor, dim: int = 0) -> Tensor:
    """As `torch._weight_norm`, whose Hessian is not symmetric in torch 2.13."""
    return v * (g / torch.norm_except_dim(v, 2, dim))


@contextmanager
def _plain_weight_norm() -> Iterator[None]:
    name = "_weight_norm"  # in torch, and as the hook of `torch.nn.utils.weight_norm` knows it
    places = [torch, sys.modules["torch.nn.utils.weight_norm"]]
    before = [(place, getattr(place, name)) for place in places if hasattr(place, name)]
    for place, _ in before:
        setattr(place, name, _weight_norm)
    try:
        yield
    finally:
        for place, kernel in before:
            setattr(place, name, kernel)
