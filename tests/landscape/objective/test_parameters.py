"""Which parameters vary, under which names, and the way from names to a point and back."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape import Objective
from tests.landscape.objective.models import CLASSES, Tied, examples, mlp


def test_tied_weights_vary_together_and_count_once():
    objective = Objective(Tied(), cross_entropy, examples())

    assert objective.names == ("encode.weight", "encode.bias", "decode.bias")


def test_frozen_parameters_stay_and_names_or_a_rule_select():
    model = mlp()
    model[0].requires_grad_(False)

    by_default = Objective(model, cross_entropy, examples())
    by_name = Objective(model, cross_entropy, examples(), parameters=["0.bias"])
    by_rule = Objective(model, cross_entropy, examples(), parameters=lambda name: "weight" in name)

    assert by_default.names == ("3.weight", "3.bias")
    assert by_name.names == ("0.bias",)
    assert by_rule.names == ("0.weight", "3.weight")


def test_a_point_goes_to_names_and_back():
    model = Tied()
    objective = Objective(model, cross_entropy, examples())

    assert torch.equal(objective.flatten(model.state_dict()), objective.point)
    named = objective.unflatten(objective.point)
    assert torch.equal(named["encode.bias"], model.encode.bias)


def test_a_wrapped_model_is_that_model():
    model = mlp()
    compiled = torch.compile(model)

    objective = Objective(compiled, cross_entropy, examples())

    assert objective.names == tuple(dict(model.named_parameters()))


def test_an_unused_parameter_has_gradient_zero():
    parts = nn.ModuleDict({"used": nn.Linear(5, CLASSES), "idle": nn.Linear(2, 2)})
    objective = Objective(FirstOnly(parts), cross_entropy, examples())

    gradient = objective.unflatten(objective.gradient(objective.point))

    assert not gradient["parts.idle.weight"].any()
    assert gradient["parts.used.weight"].any()


class FirstOnly(nn.Module):
    def __init__(self, parts):
        super().__init__()
        self.parts = parts

    def forward(self, x):
        return self.parts["used"](x)


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"parameters": []}, ValueError, "at least one parameter"),
        ({"parameters": ["0.wieght"]}, ValueError, "0.wieght"),
        ({"parameters": "0.weight"}, ValueError, "the string '0.weight'"),
        ({"batch_norm": "fresh"}, ValueError, "batch_norm must"),
        ({"dtype": torch.int64}, ValueError, "dtype must be floating-point"),
        ({"data": iter([])}, TypeError, "is an iterator"),
        ({"data": 3}, TypeError, "data must be"),
        ({"data": (torch.zeros(2, 5), torch.zeros(3))}, ValueError, "one row an example"),
        ({"model": nn.LazyLinear(3)}, ValueError, "lazy"),
        ({"model": nn.Linear(5, 3, dtype=torch.complex64)}, ValueError, "complex64"),
    ],
)
def test_what_cannot_be_is_refused(given, error, said):
    arguments = {"model": mlp(), "data": examples(), **given}

    with pytest.raises(error, match=said):
        Objective(arguments.pop("model"), cross_entropy, arguments.pop("data"), **arguments)


def test_a_point_of_another_size_or_model_is_refused():
    objective = Objective(mlp(), cross_entropy, examples())

    with pytest.raises(ValueError, match="theta must have shape"):
        objective.value(objective.point[1:])
    with pytest.raises(ValueError, match=r"'0\.weight' is missing"):
        objective.flatten({})
    with pytest.raises(ValueError, match="must have shape"):
        objective.flatten({**mlp().state_dict(), "0.weight": torch.zeros(1)})
