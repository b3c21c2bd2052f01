"""A small network, and the training whose trajectory is recorded."""

from functools import partial

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.training import fit
from lossedu.training.random_states import scoped

X = torch.randn(40, 4, generator=torch.Generator().manual_seed(0))
Y = (X[:, 0] > 0).long()
SGD = partial(torch.optim.SGD, lr=0.5)


def net():
    with scoped(0):
        return nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 2))


def train(model, trajectory, steps=10, **options):
    options = {"optimizer": SGD, "steps": steps, "batch_size": 8, "progress": False, **options}
    return fit(model, cross_entropy, (X, Y), callbacks=[trajectory], **options)
