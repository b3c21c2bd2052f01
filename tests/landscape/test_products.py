"""Products of curvature matrices are those of the dense matrices."""

import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, mse_loss

from lossedu.landscape import Objective
from lossedu.landscape.graphs import bytes_of_graph
from lossedu.landscape.operators import Counted, Matrix
from lossedu.landscape.products import (
    as_operator,
    empirical_fisher,
    fisher,
    gauss_newton,
    hessian,
)
from lossedu.training.random_states import scoped

CLASSES = 3


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Linear(4, 4)
        self.decode = nn.Linear(4, 4)
        self.decode.weight = self.encode.weight

    def forward(self, x):
        return self.decode(torch.tanh(self.encode(x)))[:, :CLASSES]


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.mix = nn.TransformerEncoderLayer(4, 2, 6, dropout=0.2, batch_first=True)
        self.head = nn.Linear(4, CLASSES)

    def forward(self, x):
        return self.head(self.mix(x[:, None] * torch.ones(1, 3, 1, dtype=x.dtype)).mean(1))


def partly_frozen():
    model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, CLASSES))
    model[0].weight.requires_grad_(False)
    return model


MODELS = {
    "mlp": lambda: nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, CLASSES)),
    "batch norm": lambda: nn.Sequential(
        nn.Linear(4, 5), nn.BatchNorm1d(5), nn.SiLU(), nn.Linear(5, CLASSES)
    ),
    "cnn": lambda: nn.Sequential(
        nn.Unflatten(1, (1, 2, 2)), nn.Conv2d(1, 2, 2), nn.Softplus(), nn.Flatten(), nn.Linear(2, 3)
    ),
    "tied": Tied,
    "attention": Attention,
    "frozen": partly_frozen,
}


def examples(n=11):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n, 4, generator=generator, dtype=torch.float64)
    return x, torch.randint(CLASSES, (n,), generator=generator)


def objective_of(name="mlp", *, loss=cross_entropy, targets=None, **settings):
    with scoped(3):
        model = MODELS[name]().double()
    x, y = examples()
    return Objective(model, loss, (x, y if targets is None else targets), **settings)


def dense(operator):
    unit = torch.eye(operator.size, dtype=operator.dtype)
    return torch.stack([operator @ row for row in unit])


def loss_over_all(objective):
    def loss(theta):
        parts = [(objective.differentiable(theta, b), b.count) for b in objective.batches()]
        return sum(part * count for part, count in parts) / sum(count for _, count in parts)

    return loss


def jacobian_and_outputs(objective):
    (batch,) = objective.batches()

    def outputs(theta):
        return objective.outputs(theta, batch)

    return torch.func.jacrev(outputs)(objective.point), outputs(objective.point)


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


@pytest.mark.parametrize("memory", [0, 1, 2**30])
def test_the_product_is_the_same_however_many_graphs_are_kept(memory):
    objective = objective_of(batch_size=3)
    vector = torch.ones(objective.size, dtype=torch.float64)
    operator = hessian(objective, memory=memory)

    first, second = operator @ vector, operator @ vector

    torch.testing.assert_close(first, hessian(objective) @ vector, rtol=0, atol=0)
    torch.testing.assert_close(second, first, rtol=0, atol=0)


def test_graphs_beyond_the_first_are_kept_as_long_as_they_fit():
    objective = objective_of(batch_size=3)
    vector = torch.ones(objective.size, dtype=torch.float64)
    (one,) = (
        hessian(objective)._linearise(objective, objective.point, next(objective.batches())).roots
    )
    room = 2 * bytes_of_graph([one]) + 1
    operators = [hessian(objective, memory=memory) for memory in (0, room, 2**30)]

    for operator in operators:
        operator @ vector

    assert [len(operator._kept) for operator in operators] == [1, 3, 4]


def test_a_graph_weighs_what_it_saved():
    x = torch.ones(1000, dtype=torch.float64, requires_grad=True)

    assert bytes_of_graph([x.sin().exp()]) == 2 * 8000  # sin keeps its input, exp its result


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


@pytest.mark.parametrize("batch_size", [None, 4])
def test_the_categorical_fisher_is_the_mean_over_all_classes_that_could_be_drawn(batch_size):
    objective = objective_of(batch_size=batch_size)
    jacobian, outputs = jacobian_and_outputs(objective_of())
    p = outputs.softmax(1)
    expected = torch.zeros(objective.size, objective.size, dtype=torch.float64)
    for i in range(len(p)):
        for c in range(CLASSES):
            score = (torch.eye(CLASSES, dtype=p.dtype)[c] - p[i]) @ jacobian[i]
            expected += p[i, c] * torch.outer(score, score) / len(p)

    torch.testing.assert_close(dense(fisher(objective, "categorical")), expected)


def test_the_fisher_is_the_gauss_newton_matrix_of_its_own_loss():
    x, _ = examples()
    means = torch.randn(len(x), CLASSES, dtype=torch.float64)
    half_square = objective_of(loss=lambda z, t: ((z - t) ** 2).sum(1).mean() / 2, targets=means)
    binary = objective_of(
        loss=lambda z, t: CLASSES * binary_cross_entropy_with_logits(z, t), targets=means.sigmoid()
    )

    torch.testing.assert_close(
        dense(fisher(half_square, "gaussian")), dense(gauss_newton(half_square))
    )
    torch.testing.assert_close(dense(fisher(binary, "bernoulli")), dense(gauss_newton(binary)))


@pytest.mark.parametrize("batch_size", [None, 4])
def test_the_empirical_fisher_is_the_mean_outer_product_of_gradients(batch_size):
    objective = objective_of(batch_size=batch_size)
    one_by_one = objective_of(batch_size=1)
    gradients = [
        torch.func.grad(lambda t, b=batch: one_by_one.differentiable(t, b))(objective.point)
        for batch in one_by_one.batches()
    ]

    expected = torch.stack([torch.outer(g, g) for g in gradients]).mean(0)

    torch.testing.assert_close(dense(empirical_fisher(objective)), expected)


def test_gradients_of_single_examples_need_frozen_statistics():
    with pytest.raises(ValueError, match='must be "frozen" for gradients of single examples'):
        empirical_fisher(objective_of("batch norm", batch_norm="batch"))


@pytest.mark.parametrize("make", [hessian, gauss_newton])
def test_a_loss_without_curvature_gives_zeros(make):
    x, _ = examples()
    signs = torch.ones(len(x), CLASSES, dtype=torch.float64)
    model = nn.Linear(4, CLASSES).double()
    objective = Objective(model, lambda z, t: torch.relu(1 - t * z).mean(), (x, signs))

    product = make(objective) @ torch.ones(objective.size, dtype=torch.float64)

    assert torch.equal(product, torch.zeros_like(product))


def test_a_vector_of_another_size_is_refused():
    with pytest.raises(ValueError, match="one entry for each parameter"):
        hessian(objective_of()) @ torch.ones(2, dtype=torch.float64)


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


def test_an_objective_stands_for_its_hessian_and_a_tensor_for_itself():
    objective = objective_of()

    assert torch.equal(dense(as_operator(objective)), dense(hessian(objective)))
    assert torch.equal(dense(as_operator(torch.eye(2))), torch.eye(2))


@pytest.mark.parametrize("entries", [torch.ones(2, 3), torch.tensor([[1.0, 2.0], [0.0, 1.0]])])
def test_a_matrix_must_be_square_and_symmetric(entries):
    with pytest.raises(ValueError, match="entries must be"):
        Matrix(entries)


def test_a_product_that_is_not_finite_is_reported():
    model = nn.Linear(4, 1).double()
    x, _ = examples()
    objective = Objective(model, lambda z, t: mse_loss(z, t) / 0.0, (x, x[:, :1]))

    with pytest.raises(ValueError, match="must have finite products"):
        Counted(as_operator(objective)) @ objective.point
