"""Distances between embeddings that keep their digits and have a gradient where they are 0."""

from typing import Literal

import torch
from torch import Tensor

Distance = Literal["euclidean", "squared_euclidean", "cosine"]


def distances(a: Tensor, b: Tensor, kind: Distance) -> Tensor:
    """The distance of each row of ``a`` from its row of ``b``; rows on the last axis.

    The gradient of the Euclidean distance at 0, where it has none, is 0.  The cosine distance is
    half the squared distance of unit vectors: one minus a cosine would lose small angles.
    """
    if kind == "cosine":
        return distances(unit(a), unit(b), "squared_euclidean") / 2
    if kind == "squared_euclidean":
        return ((a - b) ** 2).sum(-1)
    return length(a - b)


def length(vectors: Tensor) -> Tensor:
    """The Euclidean length of each row, scaled so that no square over- or underflows."""
    if vectors.shape[-1] == 0:
        return vectors.sum(-1)
    largest = vectors.detach().abs().amax(-1)
    scale = torch.where(largest > 0, largest, torch.ones_like(largest))
    square = ((vectors / scale.unsqueeze(-1)) ** 2).sum(-1)
    # At 0 the root has no slope; a root that is not taken has slope 0.
    safe = torch.where(largest > 0, square, torch.ones_like(square))
    return torch.where(largest > 0, scale * safe.sqrt(), torch.zeros_like(square))


def unit(vectors: Tensor) -> Tensor:
    """Rows of length 1; rows of zeros stay as they are."""
    size = length(vectors).unsqueeze(-1)
    return vectors / torch.where(size > 0, size, torch.ones_like(size))
