"""A large model's spectrum from few vectors: the same bounds, for some more products."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from lossedu.landscape.curvature.density import spectral_density
from lossedu.landscape.curvature.eigenvalues import top_eigenvalues
from lossedu.landscape.curvature.lanczos import Krylov
from lossedu.landscape.curvature.operators import Matrix, random_vector
from tests.landscape.curvature.known_spectra import FIRST, assert_right, like_a_network, matrix

LEAST = 1  # byte: the fewest vectors that do
SPECTRA = {
    "network": like_a_network(np.random.default_rng(3), 160),
    "cluster": [*(3 + 1e-2 * np.random.default_rng(1).normal(size=6)), *np.linspace(-1, 1, 90)],
    "six times": [5.0] * 6 + list(np.linspace(0, 4, 90)),
    "three and two times": [9, 9, 9, 8, 8, *np.random.default_rng(0).normal(size=120)],
    "both ends": [-6.0, -6.0, 5.5, 5.0, *np.linspace(-2, 2, 90)],
    "low rank": [-3.0] * 3 + [2.0] * 3 + [0.0] * 60,
    "nearly twice": [4.0, 4.0 - 1e-9, *np.linspace(-0.9, 1, 80)],
}


@pytest.fixture
def rows(monkeypatch):
    """How many vectors each basis held after each step."""
    held = []
    step = Krylov.step

    def watched(krylov):
        step(krylov)
        held.append(len(krylov.basis))

    monkeypatch.setattr(Krylov, "step", watched)
    return held


@pytest.mark.parametrize("which", FIRST)
@pytest.mark.parametrize("name", SPECTRA)
def test_few_vectors_find_what_many_find(name, which, rows):
    values = SPECTRA[name]

    pairs = top_eigenvalues(matrix(values), 4, which=which, basis_memory=LEAST)

    assert_right(pairs, values, which)
    np.testing.assert_allclose(pairs.vectors @ pairs.vectors.T, np.eye(4), atol=1e-8)
    assert max(rows) <= 2 * (4 + 3) + 4


@pytest.mark.parametrize("seed", range(20))
def test_none_is_missed_in_random_matrices(seed):
    rng = np.random.default_rng(seed)
    values = like_a_network(rng, int(rng.integers(60, 200)))
    k = int(rng.integers(1, 8))
    which = ("largest", "magnitude", "smallest")[seed % 3]

    pairs = top_eigenvalues(matrix(values, seed), k, which=which, seed=seed, basis_memory=LEAST)

    assert_right(pairs, values, which)


@pytest.mark.parametrize("seed", range(5))
def test_after_many_restarts_in_float32_the_bounds_still_hold(seed, rows):
    values = [*np.linspace(1.0, 1.1, 8), *np.random.default_rng(seed).uniform(-1, 0.98, 200)]
    a = matrix(values, seed, torch.float32)

    pairs = top_eigenvalues(a, 3, tolerance=1e-5, basis_memory=LEAST, seed=seed)

    vectors, values = pairs.vectors.double(), torch.from_numpy(pairs.values.copy())
    residuals = (vectors @ a.double() - values[:, None] * vectors).norm(dim=1).numpy()
    assert sum(now < before for before, now in pairwise(rows)) > 5
    assert (residuals <= pairs.bounds).all()
    assert pairs.converged.all()


def test_bounds_are_the_residuals_before_and_after_the_basis_is_compressed():
    a = matrix([8.0, 5.0, *np.linspace(-1, 2, 60)])
    krylov = Krylov(Matrix(a), random_vector(Matrix(a), torch.Generator().manual_seed(0)))
    for _ in range(12):
        krylov.step()

    for _ in range(3):
        krylov.compress(np.argsort(-krylov.ritz().values)[:5])
        for _ in range(7):
            krylov.step()
        ritz = krylov.ritz()
        vectors = torch.from_numpy(ritz.coordinates.T.copy()) @ krylov.basis
        values = torch.from_numpy(ritz.values.copy())
        residuals = (vectors @ a - values[:, None] * vectors).norm(dim=1)
        np.testing.assert_allclose(residuals.numpy(), ritz.bounds, rtol=1e-6, atol=1e-12)
        assert len(krylov.basis) == 12


def test_growth_is_still_a_bound_after_the_basis_is_compressed():
    a = matrix([3.0, *np.linspace(-0.1, 1, 80)])
    vector = torch.linalg.eigh(a)[1][:, -1]
    other = torch.randn(81, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    other -= (other @ vector) * vector
    part = 1e-9
    krylov = Krylov(Matrix(a), part * vector + other / other.norm(), room=8)

    grown = [1.0]
    while grown[-1] < 0.5 / part:
        if krylov.full:
            krylov.compress(np.argsort(-krylov.ritz().values)[:4])
        krylov.step()
        grown.append(krylov.growth(3.0))
        assert part <= (1 + part) / grown[-1]
    assert 8 < len(grown) < 60


def test_where_memory_is_no_limit_not_one_product_more_is_needed():
    a = matrix(SPECTRA["network"])

    usual, endless = (top_eigenvalues(a, 4, **more) for more in ({}, {"basis_memory": 2**50}))

    assert usual.products == endless.products
    assert torch.equal(usual.vectors, endless.vectors)
    assert top_eigenvalues(a, 4, basis_memory=LEAST).products < 3 * usual.products


def test_a_density_from_few_vectors_is_that_from_all_of_them(rows):
    a = matrix(SPECTRA["network"])
    settings = {"probes": 4, "steps": 60, "width": 0.05}

    whole = spectral_density(a, **settings)
    few = spectral_density(a, **settings, basis_memory=12 * 8 * len(a))

    assert max(rows[len(rows) // 2 :]) == 12
    for low, high in ((-0.1, 0.1), (0.1, 100.0)):
        assert few.share(low, high)[0] == pytest.approx(whole.share(low, high)[0], abs=1e-3)
    step = whole.grid[1] - whole.grid[0]
    apart = np.abs(np.interp(whole.grid, few.grid, few.density) - whole.density)
    assert apart.sum() * step < 0.02


def test_memory_must_be_a_whole_number_of_bytes():
    with pytest.raises(ValueError, match="basis_memory must be"):
        top_eigenvalues(torch.eye(3), 1, basis_memory=0)
    with pytest.raises(ValueError, match="basis_memory must be"):
        spectral_density(torch.eye(3), basis_memory=0)
