"""Eigenvalues come each as often as it is there, and none is missed."""

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape import Objective
from lossedu.landscape.curvature.eigenvalues import most_negative_eigenvalue, top_eigenvalues
from lossedu.landscape.curvature.operators import Counted, Matrix
from lossedu.landscape.curvature.products import gauss_newton, hessian
from lossedu.training.random_states import scoped
from tests.landscape.curvature.known_spectra import (
    FIRST,
    assert_right,
    first,
    like_a_network,
    matrix,
)


@pytest.mark.parametrize("seed", range(60))
def test_none_is_missed_and_every_bound_holds_in_random_matrices(seed):
    rng = np.random.default_rng(seed)
    values = like_a_network(rng, int(rng.integers(20, 150)))
    k = int(rng.integers(1, 8))
    which = ("largest", "magnitude")[seed % 2]

    pairs = top_eigenvalues(matrix(values, seed), k, which=which, seed=seed)

    assert_right(pairs, values, which)


@pytest.mark.parametrize("seed", range(40))
def test_none_is_missed_and_every_bound_holds_in_random_models(seed):
    width = 2 + seed % 5
    with scoped(seed):
        model = nn.Sequential(nn.Linear(4, width), nn.Tanh(), nn.Linear(width, 3)).double()
        x, y = torch.randn(20, 4, dtype=torch.float64), torch.randint(3, (20,))
    objective = Objective(model, cross_entropy, (x, y))
    exact = torch.func.hessian(lambda t: objective.differentiable(t, *objective.batches()))

    pairs = top_eigenvalues(objective, 5, seed=seed)

    assert_right(pairs, torch.linalg.eigvalsh(exact(objective.point)).tolist())


@pytest.mark.parametrize("which", FIRST)
@pytest.mark.parametrize(
    "values",
    [
        [5.0] * 6 + list(np.linspace(0, 4, 60)),
        [9, 9, 9, 8, 8, *np.random.default_rng(0).normal(size=150)],
        [1.0] * 40,
        [-3.0] * 3 + [2.0] * 3 + [0.0] * 30,
        [4.0, 4.0 - 1e-9, *np.linspace(-0.9, 1, 50)],
    ],
    ids=["six times", "three and two times", "identity", "low rank", "nearly twice"],
)
def test_a_multiple_eigenvalue_comes_as_often_as_it_is_there(values, which):
    pairs = top_eigenvalues(matrix(values), 5, which=which)

    assert_right(pairs, values, which)
    np.testing.assert_allclose(pairs.vectors @ pairs.vectors.T, np.eye(5), atol=1e-8)


@pytest.mark.parametrize("size", [12, 60])
@pytest.mark.parametrize("seed", range(10))
def test_of_opposite_eigenvalues_the_positive_one_comes_first(size, seed):
    rest = np.random.default_rng(seed).uniform(-1, 1, size - 4)
    target = matrix([3, -3, 2, -2, *rest], seed)

    alone, all_four = (
        top_eigenvalues(target, k, which="magnitude", seed=seed).values for k in (1, 4)
    )

    assert alone == pytest.approx([3], rel=1e-3)
    assert all_four == pytest.approx([3, -3, 2, -2], rel=1e-3)


def test_a_single_eigenvalue_comes_once():
    values = [10.0, 3.0, *np.linspace(-1, 1, 100)]

    pairs = top_eigenvalues(matrix(values), 3, tolerance=1e-6)

    np.testing.assert_allclose(pairs.values, [10, 3, 1], rtol=1e-5)


@pytest.mark.parametrize("which", FIRST)
@pytest.mark.parametrize("size", [1, 3, 40])
def test_a_zero_matrix_has_zero_eigenvalues(size, which):
    pairs = top_eigenvalues(torch.zeros(size, size), 5, which=which)

    assert pairs.values.tolist() == [0.0] * min(size, 5)
    assert pairs.converged.all()


def test_a_model_whose_hessian_is_zero_has_zero_eigenvalues():
    x = torch.randn(8, 4, generator=torch.Generator().manual_seed(0))
    model = nn.Linear(4, 2)
    hinge = Objective(model, lambda z, t: torch.relu(1 - t * z).mean(), (x, torch.ones(8, 2)))

    pairs = top_eigenvalues(hinge, 3)

    assert pairs.values.tolist() == [0.0] * 3
    assert pairs.converged.all()


@pytest.mark.parametrize("values", [[2.0], [-2.0, 1.0], [3.0, 1.0, 2.0, -5.0]])
@pytest.mark.parametrize("which", FIRST)
def test_all_come_where_there_are_fewer_than_asked_for(values, which):
    pairs = top_eigenvalues(matrix(values), 5, which=which)

    np.testing.assert_allclose(pairs.values, first(values, 5, which), atol=1e-12)


@given(
    st.lists(st.sampled_from([-2.5, -1.5, 0.0, 0.5, 1.0, 3.0]), min_size=1, max_size=14),
    st.integers(1, 6),
    st.sampled_from(sorted(FIRST)),
)
@example([-2.5, -2.5, -2.5, -1.5, 0, 0, 0, 0.5, 0.5, 1, 1], 5, "smallest")
@example([-1.5, -1.5, -1.5, -1.5, 0.5, 1, 1, 3, 3, 3, 3], 6, "magnitude")
@example([0, 0, 0, 0.5, 1, 1, 3, 3, 3], 5, "smallest")
@settings(max_examples=60)
def test_any_spectrum_with_repetitions_is_found(values, k, which):
    pairs = top_eigenvalues(matrix(values), k, which=which)

    assert_right(pairs, values, which)


@pytest.mark.parametrize("size", [30, 40])
def test_fewer_products_than_pairs_are_refused(size):
    with pytest.raises(ValueError, match="max_products must be at least 30, one for each pair"):
        top_eigenvalues(torch.eye(size), 30, max_products=20)


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_the_default_device_of_torch_does_not_matter(device):
    a = matrix([3.0, 3.0, 1.0, 0.5])

    with torch.device(device):
        pairs = top_eigenvalues(a, 3)

    np.testing.assert_allclose(pairs.values, [3, 3, 1])


def test_the_same_seed_gives_the_same_bits():
    a = matrix(like_a_network(np.random.default_rng(0), 80))

    one, other = top_eigenvalues(a, 4, seed=7), top_eigenvalues(a, 4, seed=7)

    assert torch.equal(one.vectors, other.vectors)
    assert one.values.tolist() == other.values.tolist()


def test_products_are_counted():
    counted = Counted(Matrix(matrix(np.linspace(0, 1, 30))))

    pairs = top_eigenvalues(counted, 2)

    assert pairs.products == counted.products


def test_the_most_negative_one_is_the_lower_end():
    values = [*np.linspace(0, 5, 40), -0.7]

    pairs = most_negative_eigenvalue(matrix(values))

    assert_right(pairs, values, "smallest")


def test_curvature_operators_share_the_search():
    with scoped(0):
        model = nn.Linear(4, 3).double()
        data = torch.randn(9, 4, dtype=torch.float64), torch.randint(3, (9,))
    objective = Objective(model, cross_entropy, data)

    by_hessian = top_eigenvalues(hessian(objective), 3)
    by_gauss_newton = top_eigenvalues(gauss_newton(objective), 3)

    np.testing.assert_allclose(by_hessian.values, by_gauss_newton.values)


def test_a_loss_that_is_not_finite_is_reported():
    with pytest.raises(ValueError, match="must have finite products"):
        top_eigenvalues(torch.full((4, 4), torch.nan))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 0}, "k must be a whole number"),
        ({"tolerance": 0.0}, "tolerance must be above 0"),
        ({"which": "top"}, "which must be one of"),
        ({"max_products": 0}, "max_products must be"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        top_eigenvalues(torch.eye(2), **arguments)
