"""An objective that cannot be trusted is refused before its first answer, and no other is."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.autograd.function import once_differentiable

from lossedu import catalog
from lossedu.landscape import Objective, ObjectiveError, hessian, top_eigenvalues
from lossedu.landscape.curvature.products import gauss_newton
from lossedu.landscape.objective import self_check
from lossedu.training.recipes import recipes
from tests.landscape.objective.healthy import HEALTHY, healthy, of_every_kind
from tests.landscape.objective.models import examples, mlp, seeded


class Forgetful(nn.Module):
    """Drops units in evaluation, too."""

    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(5, 8), nn.Linear(8, 3)

    def forward(self, x):
        return self.head(nn.functional.dropout(self.body(x), 0.5))


class Square(torch.autograd.Function):
    """z -> z ** 2, whose backward autograd cannot see through."""

    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z)
        return z**2

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        (z,) = ctx.saved_tensors
        return 2 * z * gradient


class Halved(torch.autograd.Function):
    """z -> z ** 2, with half the gradient."""

    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z)
        return z**2

    @staticmethod
    def backward(ctx, gradient):
        (z,) = ctx.saved_tensors
        return z * gradient


class Applied(nn.Module):
    """A function between two layers."""

    def __init__(self, function):
        super().__init__()
        self.body, self.head, self.function = nn.Linear(5, 8), nn.Linear(8, 3), function

    def forward(self, x):
        return self.head(self.function(self.body(x).tanh()))


def linear_loss(outputs, targets):
    """Its gradient in the outputs is constant, so that nothing warns of what is hidden."""
    return outputs.gather(1, targets[:, None]).mean()


class Detached(nn.Module):
    """Scales by what depends on the parameters as if it did not."""

    def __init__(self):
        super().__init__()
        self.body = nn.Linear(5, 3)

    def forward(self, x):
        z = self.body(x)
        return z / z.norm(dim=-1, keepdim=True).detach()


def refused(fault, objective, ask, match=None):
    with pytest.raises(ObjectiveError, match=match) as raised:
        ask(objective)
    assert raised.value.fault == fault
    assert "check=False" in str(raised.value)
    assert "Hint: " in str(raised.value)


def value(objective):
    return objective.value(objective.point)


def gradient(objective):
    return objective.gradient(objective.point)


def product(objective):
    return hessian(objective) @ torch.ones(objective.size, dtype=objective.dtype)


def random_loss(outputs, targets):
    return nn.functional.cross_entropy(outputs, targets) + torch.rand(()) * 1e-3


@pytest.mark.parametrize("ask", [value, gradient, product])
@pytest.mark.parametrize(
    ("model", "loss"), [(Forgetful, nn.CrossEntropyLoss()), (mlp, random_loss)]
)
def test_a_loss_that_changes_from_call_to_call_is_refused(ask, model, loss):
    objective = Objective(seeded(model), loss, examples())

    refused("random", objective, ask, "function of parameters and data alone, but is .* and then")


@pytest.mark.parametrize("batch_size", [None, 6, 4, 3, 2])
@pytest.mark.parametrize("ask", [value, gradient, product])
def test_a_sum_over_examples_is_refused_whatever_the_batch_size(ask, batch_size):
    objective = Objective(
        mlp(), nn.CrossEntropyLoss(reduction="sum"), examples(), batch_size=batch_size
    )

    refused("sum", objective, ask, r"must be a mean .* but is a sum.*reduction=\"mean\"")


def test_a_sum_that_a_hook_computes_is_refused_too():
    def summed(model, batch):
        x, y = batch
        return nn.functional.cross_entropy(model(x), y, reduction="sum"), len(x)

    refused("sum", Objective(mlp(), None, examples(), forward=summed), value)


@pytest.mark.parametrize("ask", [gradient, product])
@pytest.mark.parametrize("model", [Detached, partial(Applied, Halved.apply)])
def test_a_gradient_that_is_none_is_refused_but_not_its_values(ask, model):
    objective = Objective(seeded(model), nn.CrossEntropyLoss(), examples())

    assert value(objective) > 0
    refused("gradient", objective, ask, "must have the gradient that autograd gives")


@pytest.mark.parametrize("curvature", [hessian, gauss_newton])
def test_a_hessian_with_a_hidden_part_is_refused_but_not_its_gradient(curvature):
    objective = Objective(seeded(partial(Applied, Square.apply)), linear_loss, examples())
    plain = Objective(seeded(partial(Applied, torch.square)), linear_loss, examples())
    vector = torch.ones(objective.size)

    torch.testing.assert_close(gradient(objective), gradient(plain))
    refused("curvature", objective, lambda o: curvature(o) @ vector, "differentiable twice")

    unchecked = Objective(
        seeded(partial(Applied, Square.apply)), linear_loss, examples(), check=False
    )
    assert not torch.allclose(hessian(unchecked) @ vector, hessian(plain) @ vector, rtol=0.05)


def test_eigenvalues_of_a_hidden_hessian_are_never_called_converged():
    objective = Objective(seeded(partial(Applied, Square.apply)), linear_loss, examples())

    refused("curvature", objective, lambda o: top_eigenvalues(o, 1))


@pytest.mark.parametrize("name", list(HEALTHY))
def test_nothing_is_wrong_with_a_healthy_objective(name):
    objective = healthy(name)
    theta, batch = objective.point, next(objective.batches())

    for stage in ("value", "gradient", "curvature"):
        try:
            fault = self_check.fault_of(stage, objective, theta, batch)
        except (RuntimeError, TypeError):  # not to be judged: it cannot be computed in float64
            continue
        assert fault is None


def test_most_healthy_objectives_are_judged_and_not_only_let_through():
    judged = 0
    for name in HEALTHY:
        objective = healthy(name)
        try:
            self_check.fault_of("curvature", objective, objective.point, next(objective.batches()))
        except (RuntimeError, TypeError):
            continue
        judged += 1

    assert judged > 0.9 * len(HEALTHY)


@pytest.mark.parametrize("spec", catalog.specs().values(), ids=lambda spec: spec.name)
def test_no_loss_of_the_package_is_refused(spec):
    for objective in of_every_kind(spec.function):
        theta, batch = objective.point, next(objective.batches())
        for stage in ("value", "gradient", "curvature"):
            assert self_check.fault_of(stage, objective, theta, batch) is None


def test_most_losses_of_the_package_are_judged_on_some_targets():
    judged = [spec for spec in catalog.specs().values() if of_every_kind(spec.function)]

    assert len(judged) > len(catalog.specs()) / 3


@pytest.mark.parametrize("name", list(recipes()))
def test_of_the_recipes_only_that_of_a_semi_gradient_is_refused(name):
    recipe = recipes()[name]
    task = recipe.task(0)
    objective = Objective(recipe.model(0), task.loss, [task.train])
    theta, batch = objective.point, next(objective.batches())

    faults = [
        self_check.fault_of(stage, objective, theta, batch)
        for stage in ("value", "gradient", "curvature")
    ]

    semi = recipe.loss == "td_loss"
    assert [fault is not None for fault in faults] == [False, semi, semi]


@pytest.mark.parametrize(
    ("model", "loss", "ask"),
    [
        (Forgetful, nn.CrossEntropyLoss(), value),
        (mlp, nn.CrossEntropyLoss(reduction="sum"), value),
        (Detached, nn.CrossEntropyLoss(), gradient),
        (partial(Applied, Square.apply), linear_loss, product),
    ],
)
def test_the_check_can_be_switched_off(model, loss, ask):
    ask(Objective(seeded(model), loss, examples(), check=False))
    with pytest.raises(ObjectiveError):
        ask(Objective(seeded(model), loss, examples()))


class Counted(nn.Module):
    """How many rows it has seen."""

    rows = 0

    def __init__(self):
        super().__init__()
        self.body = nn.Linear(5, 3)

    def forward(self, x):
        Counted.rows += len(x)
        return self.body(x)


def rows_of(ask, objective):
    Counted.rows = 0
    ask(objective)
    return Counted.rows


def test_the_check_looks_once_and_at_a_few_rows_only():
    n = 1000
    for ask in (value, gradient, product):
        objective = Objective(seeded(Counted), nn.CrossEntropyLoss(), examples(n))
        first = rows_of(ask, objective)
        assert n < first <= n + 80
        for each in (objective, objective.with_batch_norm("batch")):
            assert rows_of(ask, each) == n


def test_the_callers_random_numbers_stay_where_they_were():
    before = torch.get_rng_state()
    objective = Objective(seeded(Forgetful), nn.CrossEntropyLoss(), examples())

    refused("random", objective, value)

    assert torch.equal(torch.get_rng_state(), before)


def test_what_the_check_cannot_evaluate_it_lets_through():
    """Rows cannot be taken out of it one by one, and float64 is refused."""

    class Particular(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Linear(5, 3)

        def forward(self, x):
            assert x.dtype == torch.float32
            assert len(x) == 12
            return self.body(x)

    objective = Objective(seeded(Particular), nn.CrossEntropyLoss(), examples())

    assert value(objective) > 0
    assert gradient(objective).any()
    assert product(objective).any()
