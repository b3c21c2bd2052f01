"""Models and losses that compute activations again in the backward pass, without a difference."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils import checkpoint

from lossedu.landscape import Objective, hessian
from lossedu.landscape.objective import recomputation
from tests.landscape.objective.models import CLASSES, examples, seeded

KINDS = {"without reentrance": False, "with reentrance": True}
each_kind = pytest.mark.parametrize("kind", KINDS)


class Recomputing(nn.Module):
    """Its first layers are called again in the backward pass; the input needs no gradient."""

    def __init__(self, reentrant):
        super().__init__()
        self.first, self.head = nn.Linear(5, 6), nn.Linear(6, CLASSES)
        self.reentrant = reentrant

    def forward(self, x):
        def hidden(values):
            return self.first(values).tanh()

        if self.reentrant is None:
            return self.head(hidden(x))
        return self.head(checkpoint.checkpoint(hidden, x, use_reentrant=self.reentrant))


def model(reentrant):
    return seeded(lambda: Recomputing(reentrant))


def recomputed_loss(reentrant):
    def loss(outputs, targets):
        return checkpoint.checkpoint(cross_entropy, outputs, targets, use_reentrant=reentrant)

    return loss


@each_kind
def test_gradient_and_curvature_are_those_of_the_model_that_keeps_its_activations(kind):
    data = examples()
    plain = Objective(model(None), cross_entropy, data)
    ours = Objective(model(KINDS[kind]), cross_entropy, data)
    direction = torch.arange(ours.size) % 3 - 1.0

    assert ours.value(ours.point) == pytest.approx(plain.value(plain.point), rel=1e-6)
    torch.testing.assert_close(ours.gradient(ours.point), plain.gradient(plain.point))
    torch.testing.assert_close(hessian(ours) @ direction, hessian(plain) @ direction)


@each_kind
def test_a_loss_that_computes_again_has_its_curvature(kind):
    data = examples()
    plain = Objective(model(None), cross_entropy, data)
    ours = Objective(model(None), recomputed_loss(KINDS[kind]), data)
    direction = torch.arange(ours.size) % 3 - 1.0

    torch.testing.assert_close(hessian(ours) @ direction, hessian(plain) @ direction)


@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")
@each_kind
def test_without_this_the_gradient_fails_or_is_silently_zero(kind, monkeypatch):
    monkeypatch.setattr(recomputation, "_PLAIN", {})
    ours = Objective(model(KINDS[kind]), cross_entropy, examples(), check=False)

    if KINDS[kind]:
        first = ours.unflatten(ours.gradient(ours.point))["first.weight"]
        assert not first.any()
    else:
        with pytest.raises(RuntimeError, match="meta"):
            ours.gradient(ours.point)


@each_kind
def test_outside_of_an_evaluation_the_model_computes_again_as_before(kind):
    own = model(KINDS[kind])
    objective = Objective(own, cross_entropy, examples())
    objective.gradient(objective.point)
    calls = []
    own.first.register_forward_hook(lambda *_: calls.append(1))
    x, y = examples()

    cross_entropy(own(x.requires_grad_()), y).backward()

    assert len(calls) == 2
