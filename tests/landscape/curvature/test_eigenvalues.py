"""Eigenvalues come with bounds that hold, each as often as it is there, and none is missed."""

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape import Objective
from lossedu.landscape.curvature.eigenvalues import most_negative_eigenvalue, top_eigenvalues
from lossedu.landscape.curvature.lanczos import Krylov
from lossedu.landscape.curvature.operators import Counted, Matrix, random_vector
from lossedu.landscape.curvature.power_iteration import power_iteration
from lossedu.landscape.curvature.products import gauss_newton, hessian
from lossedu.training.random_states import scoped

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


@pytest.mark.parametrize(
    ("seed", "tolerance", "k"),
    [(12, 1e-3, 3), (32, 1e-3, 1), (117, 1e-3, 3), (41, 1e-2, 1), (190, 0.1, 3)],
)
def test_a_dense_cluster_hides_none_that_is_beyond_the_bounds(seed, tolerance, k):
    rng = np.random.default_rng(seed)
    values = [*rng.normal(3, 1e-2, 6), *rng.normal(0, 1, 20)]

    pairs = top_eigenvalues(matrix(values, seed), k, tolerance=tolerance, seed=seed)

    assert_right(pairs, values)


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


def test_vectors_have_the_residuals_that_are_stated():
    rng = np.random.default_rng(5)
    a = matrix(like_a_network(rng, 120))

    pairs = top_eigenvalues(a, 6, tolerance=1e-2)

    values = torch.from_numpy(pairs.values.copy())
    residuals = (pairs.vectors @ a - values[:, None] * pairs.vectors).norm(dim=1)
    assert (residuals.numpy() <= pairs.bounds + 1e-12).all()
    assert (residuals.numpy() > 0.1 * pairs.bounds - 1e-12).all()


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


def test_power_iteration_gives_the_largest_by_absolute_value():
    value, vector = power_iteration(matrix([1.0, 0.5, -2.0, 0.1]))

    assert value == pytest.approx(-2, rel=1e-9)
    torch.testing.assert_close(matrix([1.0, 0.5, -2.0, 0.1]) @ vector, -2 * vector)


def test_power_iteration_ends_at_a_zero_matrix():
    assert power_iteration(torch.zeros(3, 3))[0] == 0.0


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


def test_curvature_operators_share_the_search():
    with scoped(0):
        model = nn.Linear(4, 3).double()
        data = torch.randn(9, 4, dtype=torch.float64), torch.randint(3, (9,))
    objective = Objective(model, cross_entropy, data)

    by_hessian = top_eigenvalues(hessian(objective), 3)
    by_gauss_newton = top_eigenvalues(gauss_newton(objective), 3)

    np.testing.assert_allclose(by_hessian.values, by_gauss_newton.values)


def test_a_table_shows_the_bounds():
    text = top_eigenvalues(matrix([3.0, 1.0]), 2).table().text()

    assert text[0] == ("", "eigenvalue", "bound", "converged")
    assert [row[1] for row in text[1:]] == ["3", "1"]


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
