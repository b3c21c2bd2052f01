"""A trained network whose layers are rescaled: the same function at another point."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape import Objective
from lossedu.training.random_states import scoped


def rescaled(factor):
    """A ReLU network whose layers are multiplied and divided by the same number."""
    with scoped(1):
        model = nn.Sequential(nn.Linear(5, 12), nn.ReLU(), nn.Linear(12, 3)).double()
        data = torch.randn(40, 5, dtype=torch.float64), torch.randint(3, (40,))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
        for _ in range(200):
            optimizer.zero_grad()
            cross_entropy(model(data[0]), data[1]).backward()
            optimizer.step()
    with torch.no_grad():
        model[0].weight *= factor
        model[0].bias *= factor
        model[2].weight /= factor
    return Objective(model, cross_entropy, data)
