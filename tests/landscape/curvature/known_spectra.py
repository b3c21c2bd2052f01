"""Matrices whose eigenvalues are known, and the check of what is computed."""

import numpy as np
import torch

FIRST = {"largest": lambda v: -v, "smallest": lambda v: v, "magnitude": lambda v: -abs(v)}


def matrix(values, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    square = torch.randn(len(values), len(values), generator=generator, dtype=torch.float64)
    basis = torch.linalg.qr(square)[0]
    values = torch.as_tensor(np.array(values), dtype=torch.float64)
    product = basis @ torch.diag(values) @ basis.T
    return ((product + product.T) / 2).to(dtype)


def first(values, k, which="largest"):
    return np.array(sorted(map(float, values), key=FIRST[which])[:k])


def assert_right(pairs, values, which="largest", rounding=1e-12):
    """Every pair is the one that belongs there, within its bound; no other is claimed."""
    expected = first(values, len(pairs.values), which)
    scale = max(map(abs, values)) or 1.0
    assert pairs.converged.all()
    assert (abs(pairs.values - expected) <= pairs.bounds + rounding * scale).all()


def like_a_network(rng, size):
    """A few large eigenvalues, a bulk at zero, some below: as Hessians of networks have."""
    large = np.exp(rng.normal(0, 1.5, rng.integers(3, 12)))
    return np.concatenate([large, rng.normal(0, 0.02, size - len(large))])
