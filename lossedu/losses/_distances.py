r"""Distances between embeddings that keep their digits and have a gradient where they are 0.

*Ties.*  Which of two distances is larger is decided between lengths in float64: of differences of
rows or, for the cosine, of rows of length 1.  Two lengths tie where they differ by no more than
:math:`2^{-30}` (1e-9) of the smaller one, for the cosine plus :math:`2^{-44}` (6e-14), what rows of
length 1 may owe to rounding.  A processor changes the last of 53 bits, so none upsets a tie.
"""

from typing import Literal

import torch
from torch import Tensor

from lossedu.arguments.checks import can_look, extremes

Distance = Literal["euclidean", "squared_euclidean", "cosine"]

TIE = 2.0**-30
_TURN = 2.0**-44
_SHORT = 2.0**-40


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
    """The Euclidean length of each row, scaled so that no square over- or underflows; NaN stays."""
    if vectors.shape[-1] == 0:
        return vectors.sum(-1)
    largest = vectors.detach().abs().amax(-1)
    scale = torch.where(largest != 0, largest, torch.ones_like(largest))
    square = ((vectors / scale.unsqueeze(-1)) ** 2).sum(-1)
    # At 0 the root has no slope; a root that is not taken has slope 0.
    safe = torch.where(largest != 0, square, torch.ones_like(square))
    return torch.where(largest != 0, scale * safe.sqrt(), torch.zeros_like(square))


def unit(vectors: Tensor) -> Tensor:
    """Rows of length 1; rows of zeros stay as they are."""
    if can_look(vectors):
        size: Tensor = torch.linalg.vector_norm(vectors, dim=-1, keepdim=True)
        shortest, longest = extremes(size.detach())
        if shortest >= _SHORT and longest <= 1 / _SHORT:  # no square over- or underflows
            return vectors.div(size)
    size = length(vectors).unsqueeze(-1)
    return vectors / torch.where(size != 0, size, torch.ones_like(size))


def longest_tied(lengths: Tensor, kind: Distance) -> Tensor:
    """The largest length that ties with each of these."""
    return lengths * (1 + TIE) + (_TURN if kind == "cosine" else 0.0)


def shortest_tied(lengths: Tensor, kind: Distance) -> Tensor:
    """The smallest length that ties with each of these."""
    return (lengths - (_TURN if kind == "cosine" else 0.0)) / (1 + TIE)


def from_length(lengths: Tensor, kind: Distance) -> Tensor:
    """The distance of rows whose difference has this length."""
    if kind == "euclidean":
        return lengths
    return lengths**2 / (2 if kind == "cosine" else 1)


def to_length(apart: Tensor, kind: Distance) -> Tensor:
    """How long the difference of rows at this distance is."""
    if kind == "euclidean":
        return apart
    return (apart * (2 if kind == "cosine" else 1)).sqrt()
