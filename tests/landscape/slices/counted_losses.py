"""A loss that counts its calls and stops at one of them, and the objective it is the loss of."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape import Objective
from lossedu.training.random_states import scoped

X = torch.randn(20, 4, generator=torch.Generator().manual_seed(0))
Y = (X[:, 0] > 0).long()


class Counted:
    """A loss that counts its calls and stops at one of them."""

    def __init__(self, stop_at=None, stop=KeyboardInterrupt):
        self.calls = 0
        self.stop_at = stop_at
        self.stop = stop

    def __call__(self, outputs, targets):
        self.calls += 1
        if self.calls == self.stop_at:
            raise self.stop
        return cross_entropy(outputs, targets)


def objective(loss=cross_entropy, seed=0, data=(X, Y), **options):
    with scoped(seed):
        model = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 2))
    # Calls are counted from the first evaluation on, not from a look at a few examples before it.
    return Objective(model, loss, data, check=not isinstance(loss, Counted), **options)
