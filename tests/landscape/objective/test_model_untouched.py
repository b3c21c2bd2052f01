"""An evaluation leaves the model as it was, and what the model does later changes no value."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape import Objective
from tests.landscape.objective.models import CLASSES, assert_same, examples, inputs_for, mlp, seen


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("batch_norm", ["frozen", "batch", "recomputed"])
def test_the_model_is_left_as_it_was(model, mode, batch_norm):
    x, y = inputs_for(model)
    getattr(model, mode)()
    cross_entropy(model(x), y).backward()
    before = seen(model)

    objective = Objective(model, cross_entropy, (x, y), batch_norm=batch_norm)
    objective.value(objective.point)
    if batch_norm != "recomputed":
        objective.gradient(objective.point)

    assert_same(before, seen(model))


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt])
def test_the_model_is_left_as_it_was_when_something_is_raised(model, stop):
    x, y = inputs_for(model)
    before = seen(model)

    def failing(outputs, targets):
        raise stop

    objective = Objective(model, failing, (x, y), batch_norm="batch")

    with pytest.raises(stop):
        objective.gradient(objective.point)
    assert_same(before, seen(model))


def test_what_the_model_learns_later_does_not_move_the_objective():
    model, (x, y) = mlp(), examples()
    objective = Objective(model, cross_entropy, (x, y), parameters=["0.weight"])
    before = objective.value(objective.point)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1.0)

    assert objective.value(objective.point) == before


def test_a_loss_with_weights_goes_where_the_model_goes_and_is_not_the_callers():
    loss = nn.CrossEntropyLoss(torch.tensor([1.0, 2.0, 3.0]))
    x, y = examples()
    model = mlp()

    objective = Objective(model, loss, (x, y), dtype=torch.float64)

    own = loss(model.eval()(x), y).item()
    assert objective.value(objective.point) == pytest.approx(own, rel=1e-5)
    assert loss.weight.dtype == torch.float32
    assert loss.training


class Keeping(nn.Module):
    """Keeps what its last call made, with its graph."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(5, CLASSES)
        self.seen = {}

    def forward(self, x):
        self.seen["heads"] = [self.head(x)]
        return self.seen["heads"][0]


def test_a_model_that_kept_activations_is_read_like_any_other():
    model, (x, y) = Keeping(), examples()
    own = cross_entropy(model(x), y).item()
    kept = model.seen["heads"][0]

    objective = Objective(model, cross_entropy, (x, y))

    assert objective.value(objective.point) == pytest.approx(own, rel=1e-6)
    assert model.seen["heads"][0] is kept
