"""The Krylov basis stays orthonormal, and says how much a start can hide."""

import numpy as np
import pytest
import torch

from lossedu.landscape.curvature.eigenvalues import top_eigenvalues
from lossedu.landscape.curvature.lanczos import Krylov
from lossedu.landscape.curvature.operators import Matrix, random_vector
from tests.landscape.curvature.known_spectra import like_a_network, matrix


def test_a_krylov_basis_stays_orthonormal_where_plain_lanczos_loses_it():
    operator = Matrix(matrix([100.0, 50.0, *np.linspace(0, 1, 150)]))
    krylov = Krylov(operator, random_vector(operator, torch.Generator().manual_seed(0)))

    for _ in range(100):
        krylov.step()

    gram = krylov.basis @ krylov.basis.T
    torch.testing.assert_close(gram, torch.eye(100, dtype=torch.float64), rtol=0, atol=1e-13)


def test_what_a_start_holds_of_an_eigenvector_is_at_most_one_over_its_growth():
    a = matrix([3.0, *np.linspace(-0.1, 1, 80)])
    vector = torch.linalg.eigh(a)[1][:, -1]
    for part in (1e-2, 1e-6, 1e-9):
        other = torch.randn(81, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        other -= (other @ vector) * vector
        krylov = Krylov(Matrix(a), part * vector + other / other.norm())

        grown = []
        while not grown or grown[-1] < 0.5 / part:
            krylov.step()
            grown.append(krylov.growth(3.0))
            assert part <= (1 + part) / grown[-1]
        assert len(grown) < 25


def test_growth_is_without_end_where_the_basis_spans_all_that_its_start_reaches():
    krylov = Krylov(Matrix(matrix([2.0, 1.0, 1.0])), torch.ones(3, dtype=torch.float64))

    while not krylov.closed:
        krylov.step()

    assert krylov.growth(3.0) == np.inf


def test_the_basis_may_be_kept_elsewhere():
    a = matrix(like_a_network(np.random.default_rng(1), 60))

    assert top_eigenvalues(a, 3, basis_device="cpu").values.tolist() == pytest.approx(
        top_eigenvalues(a, 3).values.tolist()
    )
