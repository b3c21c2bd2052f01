"""The loss as a function of parameters is the model's own loss, and so is its gradient."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from lossedu.landscape import Objective
from tests.landscape.objective.models import examples, inputs_for, mlp, transformer


def test_at_the_models_own_point_it_is_the_models_own_loss(model):
    x, y = inputs_for(model)
    objective = Objective(model, cross_entropy, (x, y))
    with torch.no_grad():
        own = cross_entropy(model.eval()(x), y).item()

    assert objective.value(objective.point) == pytest.approx(own, rel=1e-6)


def test_elsewhere_it_is_the_loss_of_a_model_with_those_weights(model):
    x, y = inputs_for(model)
    objective = Objective(model, cross_entropy, (x, y))
    theta = objective.point + 0.1 * torch.randn(objective.size)
    other = copy.deepcopy(model.state_dict())
    other.update(objective.unflatten(theta))
    other.update({k: other["encode.weight"] for k in other if k == "decode.weight"})
    model.load_state_dict(other)
    with torch.no_grad():
        own = cross_entropy(model.eval()(x), y).item()

    assert objective.value(theta) == pytest.approx(own, rel=1e-5)


def test_the_gradient_is_that_of_the_value(model):
    x, y = inputs_for(model)
    objective = Objective(model, cross_entropy, (x, y), dtype=torch.float64)
    direction = torch.randn(objective.size, dtype=torch.float64)
    step = 1e-6

    value, gradient = objective.value_and_gradient(objective.point)

    rise = objective.value(objective.point + step * direction)
    fall = objective.value(objective.point - step * direction)
    assert value == pytest.approx(objective.value(objective.point), rel=1e-12)
    slope = float(gradient @ direction)
    assert (rise - fall) / (2 * step) == pytest.approx(slope, rel=1e-5, abs=1e-7)


def test_attention_has_second_derivatives():
    model = transformer("gelu")  # a kink between the two points would be no derivative
    objective = Objective(model, cross_entropy, inputs_for(model), dtype=torch.float64)
    theta = objective.point.clone().requires_grad_()
    batch = next(objective.batches())
    direction = torch.randn(objective.size, dtype=torch.float64)
    step = 1e-5

    (first,) = torch.autograd.grad(objective.differentiable(theta, batch), theta, create_graph=True)
    (second,) = torch.autograd.grad(first, theta, direction)

    after = objective.gradient(objective.point + step * direction)
    before = objective.gradient(objective.point - step * direction)
    torch.testing.assert_close(second, (after - before) / (2 * step), rtol=1e-4, atol=1e-7)


def test_values_after_gradients_and_gradients_after_values_agree():
    objective = Objective(mlp(), cross_entropy, examples(), dtype=torch.float64)

    value = objective.value(objective.point)

    assert objective.value_and_gradient(objective.point)[0] == pytest.approx(value, rel=1e-12)
    assert objective.value(objective.point) == value


def test_a_loss_that_is_not_finite_is_said_as_it_is():
    objective = Objective(mlp(), cross_entropy, examples())

    assert objective.value(objective.point * torch.inf) != objective.value(objective.point)
    assert not torch.isfinite(torch.tensor(objective.value(objective.point * torch.inf)))


def test_a_loss_that_nothing_leads_from_has_no_gradient():
    errors = Objective(mlp(), lambda out, y: (out.argmax(1) != y).double().mean(), examples())

    assert 0 <= errors.value(errors.point) <= 1
    with pytest.raises(ValueError, match="loss must depend on the parameters"):
        errors.gradient(errors.point)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_where_gradients_are_off_around_it_numbers_are_the_same(mode):
    model, data = mlp(), examples()
    objective = Objective(model, cross_entropy, data)
    value, gradient = objective.value_and_gradient(objective.point)

    with mode():
        inside = Objective(model, cross_entropy, data)
        for each in (inside, objective):
            found = each.value_and_gradient(each.point.clone())
            with each.following(each.point) as follow:
                followed = follow()
            assert found[0] == followed == value
            assert torch.equal(found[1], gradient)
        assert not torch.is_grad_enabled()

    assert torch.equal(inside.gradient(inside.point), gradient)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_gradients_in_half_precision_are_averaged_in_single(dtype):
    x = torch.ones(2000, 1)
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 50.0)

    for size in (None, 2):
        objective = Objective(model, mse_loss, (x, 0 * x), dtype=dtype, batch_size=size)
        assert objective.gradient(objective.point).item() == pytest.approx(100, rel=1e-2)
