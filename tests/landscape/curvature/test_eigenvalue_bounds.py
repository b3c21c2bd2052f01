"""The bounds of eigenvalues hold, and are called converged only where they are."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape import Objective
from lossedu.landscape.curvature.eigenvalues import top_eigenvalues
from lossedu.landscape.curvature.products import hessian
from lossedu.training.random_states import scoped
from tests.landscape.curvature.known_spectra import assert_right, like_a_network, matrix


@pytest.mark.parametrize(
    ("seed", "tolerance", "k"),
    [(12, 1e-3, 3), (32, 1e-3, 1), (117, 1e-3, 3), (41, 1e-2, 1), (190, 0.1, 3)],
)
def test_a_dense_cluster_hides_none_that_is_beyond_the_bounds(seed, tolerance, k):
    rng = np.random.default_rng(seed)
    values = [*rng.normal(3, 1e-2, 6), *rng.normal(0, 1, 20)]

    pairs = top_eigenvalues(matrix(values, seed), k, tolerance=tolerance, seed=seed)

    assert_right(pairs, values)


def test_vectors_have_the_residuals_that_are_stated():
    rng = np.random.default_rng(5)
    a = matrix(like_a_network(rng, 120))

    pairs = top_eigenvalues(a, 6, tolerance=1e-2)

    values = torch.from_numpy(pairs.values.copy())
    residuals = (pairs.vectors @ a - values[:, None] * pairs.vectors).norm(dim=1)
    assert (residuals.numpy() <= pairs.bounds + 1e-12).all()
    assert (residuals.numpy() > 0.1 * pairs.bounds - 1e-12).all()


def test_too_few_products_are_not_called_converged():
    values = np.linspace(0, 1, 300)

    pairs = top_eigenvalues(matrix(values), 5, tolerance=1e-6, max_products=20)

    assert pairs.products == 20
    assert not pairs.converged.any()
    assert (abs(pairs.values[0] - 1) <= pairs.bounds).all()


@pytest.mark.parametrize("seed", range(10))
def test_in_float32_the_bounds_hold_down_to_its_rounding(seed):
    values = like_a_network(np.random.default_rng(seed), 100)

    pairs = top_eigenvalues(matrix(values, seed, torch.float32), 5, tolerance=1e-12)

    assert_right(pairs, values, rounding=0)
    assert pairs.bounds.max() <= 4e-6 * pairs.values[0]


class HalfInside(nn.Module):
    """Its first layer computes in another precision than its last."""

    def __init__(self, dtype):
        super().__init__()
        self.inside, self.head = nn.Linear(6, 9).to(dtype), nn.Linear(9, 4)

    def forward(self, x):
        inside = torch.tanh(self.inside(x.to(self.inside.weight.dtype)))
        return self.head(inside.to(self.head.weight.dtype))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_bounds_hold_where_a_part_of_the_model_is_in_half_precision(dtype):
    with scoped(0):
        model, x, y = HalfInside(dtype), torch.randn(30, 6), torch.randint(4, (30,))
    objective = Objective(model, cross_entropy, (x, y))
    operator = hessian(objective)
    dense = torch.stack([operator @ row for row in torch.eye(operator.size)]).double()

    pairs = top_eigenvalues(objective, 3, tolerance=1e-6)

    values = torch.from_numpy(pairs.values.copy())
    vectors = pairs.vectors.double()
    residuals = (vectors @ (dense + dense.T) / 2 - values[:, None] * vectors).norm(dim=1)
    assert operator.dtype == torch.float32
    assert (residuals.numpy() <= pairs.bounds).all()


def test_a_bound_is_never_below_what_rounding_hides():
    pairs = top_eigenvalues(torch.diag(torch.arange(9.0)), 9)

    assert (pairs.bounds >= 9 * torch.finfo(torch.float32).eps).all()


def test_a_table_shows_the_bounds():
    text = top_eigenvalues(matrix([3.0, 1.0]), 2).table().text()

    assert text[0] == ("", "eigenvalue", "bound", "converged")
    assert [row[1] for row in text[1:]] == ["3", "1"]
