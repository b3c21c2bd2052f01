"""What stands for a matrix, and which vectors it takes."""

import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

from lossedu.landscape import Objective
from lossedu.landscape.curvature.operators import Counted, Matrix
from lossedu.landscape.curvature.products import as_operator, hessian
from tests.landscape.curvature.dense_matrices import dense, examples, objective_of


@pytest.mark.parametrize("dtype", [torch.float32, torch.int64])
def test_a_vector_of_another_dtype_is_refused(dtype):
    objective = objective_of()

    with pytest.raises(ValueError, match=r"must have dtype torch.float64, .* Hint: vector.to"):
        hessian(objective) @ torch.ones(objective.size, dtype=dtype)


def test_a_vector_of_another_size_is_refused():
    with pytest.raises(ValueError, match="one entry for each parameter"):
        hessian(objective_of()) @ torch.ones(2, dtype=torch.float64)


def test_an_objective_stands_for_its_hessian_and_a_tensor_for_itself():
    objective = objective_of()

    assert torch.equal(dense(as_operator(objective)), dense(hessian(objective)))
    assert torch.equal(dense(as_operator(torch.eye(2))), torch.eye(2))


SHEAR = torch.tensor([[1.0, 2.0], [0.0, 1.0]])


@pytest.mark.parametrize("entries", [torch.ones(2, 3), torch.ones(0, 0), SHEAR, 1e-9 * SHEAR])
def test_a_matrix_must_be_square_and_symmetric(entries):
    with pytest.raises(ValueError, match="entries must be"):
        Matrix(entries)


def test_a_computed_hessian_is_symmetric_up_to_its_rounding():
    entries = torch.eye(3) + 1e-3
    entries[0, 1] += 1e-7

    assert Matrix(entries).size == 3


def test_a_matrix_with_a_graph_gives_vectors_without_one():
    assert not (Matrix(torch.eye(2, requires_grad=True)) @ torch.ones(2)).requires_grad


@pytest.mark.parametrize("target", [torch.eye(2).numpy(), nn.Linear(2, 2), None])
def test_what_is_no_operator_is_refused(target):
    with pytest.raises(TypeError, match=r"target must be an objective, .* but is"):
        as_operator(target)


def test_a_product_that_is_not_finite_is_reported():
    model = nn.Linear(4, 1).double()
    x, _ = examples()
    objective = Objective(model, lambda z, t: mse_loss(z, t) / 0.0, (x, x[:, :1]))

    with pytest.raises(ValueError, match="must have finite products"):
        Counted(as_operator(objective)) @ objective.point
