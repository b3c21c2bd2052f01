"""Natural gradients solve their equation, and do not depend on how weights are parametrised."""

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from lossedu.landscape import Objective, fisher, natural_gradient
from lossedu.training.random_states import scoped


def half_squared_error(outputs, targets):
    return (outputs - targets).square().sum(1).mean() / 2


def summed_events(logits, targets):
    return binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(1).mean()


LOSSES = {
    "categorical": cross_entropy,
    "bernoulli": summed_events,
    "gaussian": half_squared_error,
}


def data(likelihood, n=40):
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(n, 4, generator=generator, dtype=torch.float64)
    targets = {
        "categorical": torch.randint(3, (n,), generator=generator),
        "bernoulli": torch.randint(2, (n, 3), generator=generator).double(),
        "gaussian": torch.randn(n, 3, generator=generator, dtype=torch.float64),
    }
    return inputs, targets[likelihood]


def network():
    with scoped(0):
        return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)).double()


def objective_of(likelihood, model=None, **options):
    return Objective(model or network(), LOSSES[likelihood], data(likelihood), **options)


@pytest.mark.parametrize("batch_size", [None, 7])
@pytest.mark.parametrize("likelihood", LOSSES)
def test_it_solves_the_damped_equation(likelihood, batch_size):
    objective = objective_of(likelihood, batch_size=batch_size)
    metric = fisher(objective, likelihood)
    unit = torch.eye(objective.size, dtype=torch.float64)
    dense = torch.stack([metric @ row for row in unit]) + 0.01 * unit
    expected = torch.linalg.solve(dense, objective.gradient(objective.point))

    found = natural_gradient(objective, likelihood, damping=0.01, tolerance=1e-11)

    assert found.converged
    torch.testing.assert_close(found.direction, expected, rtol=1e-7, atol=1e-9)


def test_one_step_solves_linear_regression():
    model = nn.Linear(4, 3).double()
    objective = objective_of("gaussian", model)
    inputs, targets = data("gaussian")
    ones = torch.ones(len(inputs), 1, dtype=torch.float64)
    solved = torch.linalg.lstsq(torch.cat([inputs, ones], 1), targets).solution.T

    found = natural_gradient(objective, "gaussian", damping=0.0, tolerance=1e-12)

    arrived = objective.unflatten(objective.point - found.direction)
    torch.testing.assert_close(arrived["weight"], solved[:, :4])
    torch.testing.assert_close(arrived["bias"], solved[:, 4])


class Rescaled(nn.Module):
    """The same functions, with weights in other units."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor
        generator = torch.Generator().manual_seed(0)
        start = torch.randn(3, 4, generator=generator, dtype=torch.float64)
        self.weight = nn.Parameter(start / factor)

    def forward(self, x):
        return x @ (self.factor * self.weight).T


def test_the_step_in_function_space_does_not_depend_on_the_units_of_weights():
    factor = torch.tensor([0.1, 1.0, 3.0, 20.0], dtype=torch.float64)
    plain, rescaled = (Rescaled(f) for f in (torch.ones_like(factor), factor))

    steps = [
        natural_gradient(
            objective_of("bernoulli", model), "bernoulli", damping=0.0, tolerance=1e-12
        ).direction.view(3, 4)
        for model in (plain, rescaled)
    ]

    torch.testing.assert_close(steps[1] * factor, steps[0], rtol=1e-6, atol=1e-9)


def test_without_damping_the_shortest_solution_of_many_is_approached():
    few = Objective(network(), half_squared_error, tuple(t[:3] for t in data("gaussian")))

    found = natural_gradient(few, "gaussian", damping=0.0, tolerance=1e-10)

    metric = fisher(few, "gaussian")
    dense = torch.stack([metric @ row for row in torch.eye(few.size, dtype=torch.float64)])
    shortest = torch.linalg.pinv(dense, hermitian=True, rtol=1e-12) @ few.gradient(few.point)
    assert few.size > 9  # numbers to predict
    torch.testing.assert_close(found.direction, shortest, rtol=1e-5, atol=1e-7)


def test_in_float32_the_residual_is_that_of_the_direction_itself():
    single = Objective(network().float(), cross_entropy, data("categorical"), dtype=torch.float32)

    found = natural_gradient(single, "categorical", damping=1e-4, tolerance=1e-5)

    double = Objective(network().float(), cross_entropy, data("categorical"), dtype=torch.float64)
    image = fisher(double, "categorical") @ found.direction.double()
    gradient = double.gradient(double.point)
    left = image + 1e-4 * found.direction.double() - gradient
    assert found.converged
    assert float(left.norm() / gradient.norm()) == pytest.approx(found.residual, abs=3e-6)


def test_where_the_gradient_is_zero_nothing_moves():
    model = nn.Linear(4, 3, bias=False).double()
    inputs = data("gaussian")[0]
    objective = Objective(model, half_squared_error, (inputs, model(inputs).detach()))

    found = natural_gradient(objective, "gaussian")

    assert found.converged
    assert found.products == 0
    assert not found.direction.any()


def test_too_few_products_are_not_called_converged():
    objective = objective_of("categorical")

    found = natural_gradient(objective, "categorical", damping=1e-6, max_products=2)

    assert not found.converged
    assert found.residual > 1e-3
    assert found.products == 3


def test_it_is_taken_at_the_point_that_is_asked_for():
    objective = objective_of("categorical")
    other = objective.point + 0.3
    moved = network()
    moved.load_state_dict(objective.unflatten(other))

    there = natural_gradient(objective, "categorical", other)

    expected = natural_gradient(objective_of("categorical", moved), "categorical")
    torch.testing.assert_close(there.direction, expected.direction)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"damping": -1.0}, "damping must be"),
        ({"tolerance": 0.0}, "tolerance must be"),
        ({"max_products": 0}, "max_products must be"),
        ({"likelihood": "poisson"}, "likelihood must be"),
    ],
)
def test_wrong_arguments_are_refused(options, message):
    words = {"likelihood": "categorical"} | options

    with pytest.raises(ValueError, match=message):
        natural_gradient(objective_of("categorical"), **words)


def test_a_gradient_that_is_not_finite_is_reported():
    objective = objective_of("gaussian")

    with pytest.raises(ValueError, match="finite gradient"):
        natural_gradient(objective, "gaussian", objective.point * math.inf)
