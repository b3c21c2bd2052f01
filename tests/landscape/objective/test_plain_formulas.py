"""Where a kernel's second derivative is missing or wrong, a formula takes its place."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape import Objective, hessian
from tests.landscape.objective.models import examples


def hooked(layer, *, dim):
    with pytest.warns(FutureWarning):
        return nn.utils.weight_norm(layer, dim=dim)


@pytest.mark.parametrize("dim", [0, 1, None])
@pytest.mark.parametrize("normed", [hooked, nn.utils.parametrizations.weight_norm])
def test_the_hessian_of_a_weight_norm_is_the_change_of_its_gradient(normed, dim):
    with torch.random.fork_rng():
        torch.random.manual_seed(0)
        model = nn.Sequential(normed(nn.Linear(5, 3), dim=dim)).double()
    x, y = examples()
    objective = Objective(model, cross_entropy, (x.double(), y))
    kernel, point, eye = torch._weight_norm, objective.point, torch.eye(objective.size).double()

    found = torch.stack([hessian(objective) @ row for row in eye])
    changes = [
        objective.gradient(point + 1e-6 * row) - objective.gradient(point - 1e-6 * row)
        for row in eye
    ]

    torch.testing.assert_close(found, torch.stack(changes) / 2e-6, rtol=1e-6, atol=1e-8)
    assert torch._weight_norm is kernel
