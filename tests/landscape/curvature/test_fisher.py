"""Products of Fisher matrices are those of the dense matrices."""

import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, mse_loss

from lossedu.landscape import Objective
from lossedu.landscape.curvature.products import empirical_fisher, fisher, gauss_newton
from lossedu.training.random_states import scoped
from tests.landscape.curvature.dense_matrices import (
    CLASSES,
    dense,
    examples,
    jacobian_and_outputs,
    objective_of,
)


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
