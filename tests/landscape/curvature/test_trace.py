"""The trace is unbiased, its standard error is honest, and it is exact where it can be."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape import Objective
from lossedu.landscape.curvature.diagonal import diagonal, exact_diagonal
from lossedu.landscape.curvature.eigenvalues import Eigenpairs, top_eigenvalues
from lossedu.landscape.curvature.operators import Counted, Matrix
from lossedu.landscape.curvature.trace import trace
from lossedu.training.random_states import scoped

METHODS = ["krylov", "hutch++", "hutchinson"]


def matrix(values, seed=0):
    generator = torch.Generator().manual_seed(seed)
    square = torch.randn(len(values), len(values), generator=generator, dtype=torch.float64)
    basis = torch.linalg.qr(square)[0]
    product = basis @ torch.diag(torch.as_tensor(np.array(values))) @ basis.T
    return (product + product.T) / 2


def like_a_network(size=300, seed=0):
    rng = np.random.default_rng(seed)
    return np.concatenate([np.exp(rng.normal(0, 1, 12)), rng.normal(0.01, 0.05, size - 12)])


@pytest.mark.parametrize("method", METHODS)
def test_it_is_unbiased_and_its_standard_error_is_honest(method):
    values = like_a_network()
    a = matrix(values)

    runs = [trace(a, method=method, tolerance=0, max_products=60, seed=s) for s in range(200)]

    errors = np.array([run.value for run in runs]) - values.sum()
    stated = np.array([run.standard_error for run in runs])
    assert abs(errors.mean()) <= 4 * errors.std() / np.sqrt(len(runs))
    # The squares of 200 normal errors scatter by sqrt(2 / 200) = 10 % around their mean.
    assert (errors**2).mean() == pytest.approx((stated**2).mean(), rel=0.4)
    assert 0.9 <= (abs(errors) <= 2 * stated).mean() <= 0.99


def test_two_standard_errors_cover_where_it_stops_by_itself():
    values = like_a_network()
    a = matrix(values)

    runs = [trace(a, tolerance=0.01, seed=s) for s in range(200)]

    covered = [abs(run.value - values.sum()) <= 2 * run.standard_error for run in runs]
    within = [abs(run.value / values.sum() - 1) <= 0.03 for run in runs]
    assert all(run.converged for run in runs)
    assert np.mean(covered) >= 0.88
    assert np.mean(within) >= 0.95


def test_taking_out_a_krylov_space_beats_plain_probes():
    a = matrix(like_a_network())

    errors = {
        method: trace(a, method=method, tolerance=0, max_products=60).standard_error
        for method in METHODS
    }

    assert errors["krylov"] < errors["hutch++"] < errors["hutchinson"]


@pytest.mark.parametrize("method", ["krylov", "hutch++"])
@pytest.mark.parametrize("size", [1, 2, 9])
def test_it_is_exact_where_the_space_is_exhausted(method, size):
    values = np.linspace(-1, 3, size)

    estimate = trace(matrix(values), method=method)

    assert estimate.value == pytest.approx(values.sum(), abs=1e-12)
    assert (estimate.standard_error, estimate.converged) == (0.0, True)


@pytest.mark.parametrize("method", METHODS)
def test_a_zero_matrix_has_trace_zero(method):
    estimate = trace(torch.zeros(50, 50), method=method)

    assert (estimate.value, estimate.standard_error, estimate.converged) == (0.0, 0.0, True)


def test_the_identity_needs_no_luck():
    estimate = trace(torch.eye(400, dtype=torch.float64), max_products=20)

    assert estimate.value == pytest.approx(400, rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_known_eigenvectors_are_taken_out(method):
    values = like_a_network()
    a = matrix(values)
    known = top_eigenvalues(a, 10)
    settings = {"method": method, "tolerance": 0, "max_products": 30}

    runs = [trace(a, known=known, seed=s, **settings) for s in range(50)]
    errors = np.array([run.value for run in runs]) - values.sum()

    assert abs(errors.mean()) <= 4 * errors.std() / np.sqrt(len(runs))
    assert runs[0].standard_error < trace(a, **settings).standard_error


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [40, 100])
def test_known_eigenvectors_that_are_all_there_is_are_not_counted_twice(method, size):
    values = torch.zeros(size, dtype=torch.float64)
    values[:3] = torch.tensor([3.0, 2.0, 1.0])
    none = np.zeros(3)
    unit = torch.eye(size, dtype=torch.float64)[:3]
    known = Eigenpairs(values[:3].numpy(), unit, none, none == 0, 0)

    estimate = trace(values.diag(), known=known, method=method)

    assert estimate.value == pytest.approx(6, abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_known_eigenvectors_of_another_model_are_refused(method):
    known = top_eigenvalues(torch.eye(3), 1)

    with pytest.raises(ValueError, match="known must have vectors of 4 entries"):
        trace(torch.eye(4), known=known, method=method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_in_half_precision_the_trace_may_be_beyond_its_largest_number(method, dtype):
    estimate = trace(2000 * torch.eye(200, dtype=dtype), method=method)

    assert estimate.value == pytest.approx(400_000, rel=0.01)


def test_a_few_probes_are_not_called_converged():
    runs = [trace(torch.eye(99), tolerance=10.0, max_products=most) for most in (12, 20)]

    assert [run.converged for run in runs] == [False, True]


def test_unconverged_eigenvectors_do_no_harm():
    values = like_a_network()
    a = matrix(values)
    rough = top_eigenvalues(a, 5, max_products=8)

    runs = [trace(a, known=rough, tolerance=0, max_products=40, seed=s) for s in range(100)]

    errors = np.array([run.value for run in runs]) - values.sum()
    assert not rough.converged.all()
    assert abs(errors.mean()) <= 4 * errors.std() / np.sqrt(len(runs))


def test_products_are_counted_and_limited():
    counted = Counted(Matrix(matrix(like_a_network())))

    estimate = trace(counted, tolerance=1e-9, max_products=45)

    assert estimate.products == counted.products == 45
    assert not estimate.converged


def test_the_same_seed_gives_the_same_bits():
    a = matrix(like_a_network())

    assert trace(a, seed=4) == trace(a, seed=4)
    assert trace(a, seed=4).value != trace(a, seed=5).value


def test_the_trace_of_a_models_hessian_is_that_of_the_dense_one():
    with scoped(0):
        model = nn.Sequential(nn.Linear(6, 9), nn.Tanh(), nn.Linear(9, 4)).double()
        data = torch.randn(30, 6, dtype=torch.float64), torch.randint(4, (30,))
    objective = Objective(model, cross_entropy, data, batch_size=7)

    estimate = trace(objective, tolerance=0.05)

    exact = float(exact_diagonal(objective).values.sum())
    assert estimate.converged
    assert abs(estimate.value - exact) <= 4 * estimate.standard_error


def test_the_exact_diagonal_is_that_of_the_matrix():
    a = matrix(like_a_network(40))

    found = exact_diagonal(a)

    torch.testing.assert_close(found.values, a.diagonal())
    assert found.products == 40


def test_the_diagonal_is_unbiased_and_its_standard_error_is_honest():
    a = matrix(like_a_network(100))

    found = diagonal(a, probes=400)

    score = (found.values - a.diagonal()) / found.standard_error
    # All hundred entries have one set of probes: their scores are nearly independent.
    assert score.abs().max() < 4.5
    assert float(score.square().mean()) == pytest.approx(1, abs=0.5)


def test_in_half_precision_many_probes_have_an_honest_standard_error():
    a = matrix(like_a_network(60))

    found = diagonal(a.bfloat16(), probes=2000)

    exact = diagonal(a, probes=2000)
    ratio = (found.standard_error / exact.standard_error).numpy()
    np.testing.assert_allclose(ratio, 1, atol=0.05)


def test_one_probe_of_a_diagonal_matrix_is_exact_without_an_error_to_state():
    found = diagonal(torch.diag(torch.arange(5.0)), probes=1)

    assert found.values.tolist() == [0, 1, 2, 3, 4]
    assert found.standard_error.isnan().all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tolerance": -1.0}, "tolerance must be at least 0"),
        ({"method": "hutch"}, "method must be one of"),
        ({"max_products": 0}, "max_products must be"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        trace(torch.eye(2), **arguments)
