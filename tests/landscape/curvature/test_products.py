"""Products of the Hessian and the Gauss-Newton matrix are those of the dense matrices."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from lossedu.landscape import Objective
from lossedu.landscape.curvature.products import empirical_fisher, fisher, gauss_newton, hessian
from tests.landscape.curvature.dense_matrices import (
    CLASSES,
    MODELS,
    dense,
    examples,
    jacobian_and_outputs,
    objective_of,
)


def loss_over_all(objective):
    def loss(theta):
        parts = [(objective.differentiable(theta, b), b.count) for b in objective.batches()]
        return sum(part * count for part, count in parts) / sum(count for _, count in parts)

    return loss


@pytest.mark.parametrize("name", sorted(set(MODELS) - {"attention"}))
@pytest.mark.parametrize("batch_size", [None, 4], ids=["one batch", "unequal batches"])
def test_the_hessian_is_the_dense_one(name, batch_size):
    objective = objective_of(name, batch_size=batch_size)

    expected = torch.func.hessian(loss_over_all(objective))(objective.point)

    torch.testing.assert_close(dense(hessian(objective)), expected, rtol=1e-9, atol=1e-11)


# torch.func.hessian is wrong where a layer norm, or a batch norm in training mode, is
# differentiated twice (seen with torch 2.13), so differences of gradients are the judge there.
@pytest.mark.parametrize(
    ("name", "batch_norm"), [("attention", "frozen"), ("batch norm", "batch"), ("mlp", "frozen")]
)
@pytest.mark.parametrize("batch_size", [None, 4], ids=["one batch", "unequal batches"])
def test_the_hessian_is_the_change_of_the_gradient(name, batch_norm, batch_size):
    objective = objective_of(name, batch_norm=batch_norm, batch_size=batch_size)
    steps = 1e-5 * torch.eye(objective.size, dtype=torch.float64)
    theta = objective.point

    expected = torch.stack(
        [(objective.gradient(theta + s) - objective.gradient(theta - s)) / 2e-5 for s in steps]
    )

    torch.testing.assert_close(dense(hessian(objective)), expected, rtol=1e-6, atol=1e-8)


def test_another_point_has_another_hessian():
    objective = objective_of()
    theta = objective.point + 0.5

    expected = torch.func.hessian(loss_over_all(objective))(theta)

    torch.testing.assert_close(dense(hessian(objective, theta)), expected)


@pytest.mark.parametrize(
    "loss", [cross_entropy, lambda z, y: (z.square().sum(1) ** 2).mean() + z[:, 0].sin().mean()]
)
def test_gauss_newton_is_jacobian_hessian_of_the_outputs_jacobian(loss):
    objective = objective_of(loss=loss)
    jacobian, outputs = jacobian_and_outputs(objective)
    (batch,) = objective.batches()
    curvature = torch.func.hessian(lambda z: objective.loss_of(z, batch))(outputs)

    expected = torch.einsum("ncp,ncmd,mdq->pq", jacobian, curvature, jacobian)

    torch.testing.assert_close(dense(gauss_newton(objective)), expected)


MAKERS = [hessian, gauss_newton, empirical_fisher, lambda o: fisher(o, "categorical")]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_products_do_not_ask_whether_gradients_are_on(make, context):
    expected = make(objective_of()) @ objective_of().point

    with context():
        objective = objective_of(batch_size=4)
        found = make(objective) @ (1.0 * objective.point)

    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_in_half_precision_the_mean_over_many_batches_is_one(dtype):
    x = torch.ones(1000, 1)
    objective = Objective(nn.Linear(1, 1, bias=False), mse_loss, (x, x), dtype=dtype, batch_size=1)

    assert (hessian(objective) @ torch.ones(1, dtype=dtype)).tolist() == [2.0]


def test_a_point_in_another_precision_promises_no_more_than_the_model_has():
    objective = objective_of(dtype=torch.float32)

    assert hessian(objective, objective.point.double()).dtype == torch.float32


@pytest.mark.parametrize("make", [hessian, gauss_newton, empirical_fisher])
def test_a_loss_that_is_cut_off_from_the_parameters_is_refused(make):
    objective = objective_of(loss=lambda z, y: (z.argmax(1) != y).double().mean())

    with pytest.raises(ValueError, match=r"loss must depend on the parameters by a graph"):
        make(objective) @ objective.point


def test_an_output_that_is_cut_off_from_the_parameters_is_refused():
    class Detached(nn.Linear):
        def forward(self, x):
            return super().forward(x).detach()

    objective = Objective(Detached(4, CLASSES).double(), cross_entropy, examples())
    with pytest.raises(ValueError, match=r"output must depend on the parameters by a graph"):
        gauss_newton(objective) @ objective.point


@pytest.mark.parametrize("make", [hessian, gauss_newton])
def test_a_loss_without_curvature_gives_zeros(make):
    x, _ = examples()
    signs = torch.ones(len(x), CLASSES, dtype=torch.float64)
    model = nn.Linear(4, CLASSES).double()
    objective = Objective(model, lambda z, t: torch.relu(1 - t * z).mean(), (x, signs))

    product = make(objective) @ torch.ones(objective.size, dtype=torch.float64)

    assert torch.equal(product, torch.zeros_like(product))


def test_outputs_must_be_one_tensor():
    objective = objective_of(loss=lambda z, y: cross_entropy(z["logits"], y))

    class Wrapped(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(4, CLASSES).double()

        def forward(self, x):
            return {"logits": self.head(x)}

    objective = Objective(Wrapped(), objective.loss, examples())
    with pytest.raises(TypeError, match="must return one tensor here, but returned dict"):
        gauss_newton(objective) @ objective.point
