"""Networks that SAM trains, and the closure that computes their loss."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.training.random_states import scoped


def examples():
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(16, 5, generator=generator)
    return inputs, torch.randint(3, (16,), generator=generator)


def network():
    with scoped(1):
        return nn.Sequential(
            nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3)
        )


def plain():
    with scoped(2):
        return nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3)).double()


def closure_for(model, optimizer, data=None, scaler=None):
    inputs, targets = data or examples()
    inputs = inputs.to(next(model.parameters()).dtype)

    def closure():
        optimizer.zero_grad()
        loss = cross_entropy(model(inputs), targets)
        (loss if scaler is None else scaler.scale(loss)).backward()
        return loss

    return closure


def assert_equal(one, other):
    torch.testing.assert_close(one.state_dict(), other.state_dict(), rtol=0, atol=0)
