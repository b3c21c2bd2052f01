"""Models and functions whose planes are drawn."""

import math

import torch
from torch import nn
from torch.nn.functional import mse_loss

from lossedu.landscape import Objective
from lossedu.training.random_states import scoped

CLASSES = 3


def examples(n=40, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 6, generator=generator)
    return x, (x[:, :3] + 0.3 * torch.randn(n, 3, generator=generator)).argmax(1)


def mlp(seed=0, activation=nn.ReLU, width=12):
    with scoped(seed):
        hidden = nn.Linear(6, width), activation(), nn.Linear(width, width), activation()
        return nn.Sequential(*hidden, nn.Linear(width, CLASSES))


def bowl(**options):
    """The loss is the squared length of the two parameters, exactly."""
    model = nn.Linear(2, 1, bias=False, dtype=torch.float64)
    x = torch.eye(2, dtype=torch.float64) * math.sqrt(2)
    return Objective(model, mse_loss, (x, torch.zeros(2, 1, dtype=torch.float64)), **options)


ACROSS = torch.tensor([1.0, 0.0], dtype=torch.float64)
UP = torch.tensor([0.0, 1.0], dtype=torch.float64)
