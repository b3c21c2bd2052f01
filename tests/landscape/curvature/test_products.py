"""Products of curvature matrices are those of the dense matrices."""

import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, mse_loss

from lossedu.landscape import Objective
from lossedu.landscape.curvature.operators import Counted, Matrix
from lossedu.landscape.curvature.products import (
    as_operator,
    empirical_fisher,
    fisher,
    gauss_newton,
    hessian,
)
from lossedu.landscape.objective.graphs import bytes_of_graph
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


def test_a_model_without_batch_norm_has_gradients_of_single_examples_in_any_mode():
    objective = objective_of(batch_norm="batch")

    product = empirical_fisher(objective) @ objective.point

    torch.testing.assert_close(product, empirical_fisher(objective_of()) @ objective.point)


@pytest.mark.parametrize("batch_size", [None, 4])
def test_the_empirical_fisher_takes_outputs_of_one_dimension(batch_size):
    x, _ = examples()
    with scoped(0):
        head = nn.Linear(4, 1).double()
    data = x, x[:, 0]
    flat = Objective(nn.Sequential(head, nn.Flatten(0)), mse_loss, data, batch_size=batch_size)
    column = Objective(head, lambda z, t: mse_loss(z[:, 0], t), data)

    torch.testing.assert_close(dense(empirical_fisher(flat)), dense(empirical_fisher(column)))


def test_the_empirical_fisher_needs_one_output_an_example():
    model = nn.Sequential(nn.Linear(4, CLASSES), nn.Flatten(0), nn.Unflatten(0, (CLASSES, -1)))
    objective = Objective(model.double(), lambda z, y: cross_entropy(z.T, y), examples())

    with pytest.raises(ValueError, match="one row for each of the 11 examples"):
        empirical_fisher(objective) @ objective.point


def test_a_categorical_likelihood_needs_logits():
    x, _ = examples()
    objective = Objective(nn.Sequential(nn.Linear(4, 1), nn.Flatten(0)).double(), mse_loss, (x, x))

    with pytest.raises(ValueError, match=r'over dimension 1 .* Hint: "bernoulli"'):
        fisher(objective, "categorical") @ objective.point


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


@pytest.mark.parametrize("memory", [0, 2**30])
def test_a_point_that_moves_on_leaves_the_curvature_where_it_was(memory):
    objective = objective_of(batch_size=3)
    theta, vector = objective.point.clone(), torch.ones_like(objective.point)
    operator = hessian(objective, theta, memory=memory)

    before = operator @ vector
    theta *= 2

    torch.testing.assert_close(operator @ vector, before, rtol=0, atol=0)


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


@pytest.mark.parametrize("dtype", [torch.float32, torch.int64])
def test_a_vector_of_another_dtype_is_refused(dtype):
    objective = objective_of()

    with pytest.raises(ValueError, match=r"must have dtype torch.float64, .* Hint: vector.to"):
        hessian(objective) @ torch.ones(objective.size, dtype=dtype)


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
